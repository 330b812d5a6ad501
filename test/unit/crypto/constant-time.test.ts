import { expect, test } from 'vitest'
import { equalConstantTime } from '../../../core/crypto/constant-time.ts'

test('equal bytes compare equal, and a difference in any bit or in length is found', () => {
  const bytes = Buffer.from('0102030405060708', 'hex')
  expect(equalConstantTime(bytes, Uint8Array.from(bytes))).toBe(true)
  for (let bit = 0; bit < 64; bit++) {
    const other = Buffer.from(bytes)
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(equalConstantTime(bytes, other)).toBe(false)
  }
  expect(equalConstantTime(bytes, bytes.subarray(1))).toBe(false)
  expect(equalConstantTime(Buffer.alloc(0), Buffer.alloc(0))).toBe(true)
})
