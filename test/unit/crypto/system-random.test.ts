import { expect, test } from 'vitest'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import { randomBytes } from '../../../core/util/random.ts'

test('every draw fills the whole array with bytes that no other draw got', () => {
  const seen = new Set<string>()
  for (const length of [16, 20, 32, 255, 256, 257, 5000]) {
    for (let draw = 0; draw < 100; draw++) seen.add(randomBytes(systemRandom, length).toString('latin1'))
  }
  expect(seen.size).toBe(700)
  expect(randomBytes(systemRandom, 0).length).toBe(0)
})

test('small draws that cross the end of the pool are never left partly zero', () => {
  for (let draw = 0; draw < 2000; draw++) {
    const bytes = systemRandom.fill(new Uint8Array(100))
    expect(bytes.subarray(0, 50).some((byte) => byte !== 0)).toBe(true)
    expect(bytes.subarray(50).some((byte) => byte !== 0)).toBe(true)
  }
})

test('the array given is the array returned', () => {
  const bytes = new Uint8Array(8)
  expect(systemRandom.fill(bytes)).toBe(bytes)
})
