import { describe, expect, test } from 'vitest'
import { hashPassword } from '../../../core/crypto/hashed-password.ts'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import type { Random } from '../../../core/util/random.ts'

const saltOf = (hashed: string): Random => ({
  fill(bytes) {
    bytes.set(Buffer.from(hashed.slice(3, 19), 'hex'))
    return bytes
  },
})

describe('a hashed password', () => {
  // Made with `tor --hash-password` of C tor 0.4.9.11.
  test.each([
    ['x', '16:AC000611CAB0C8D760A821779CE12747513E5BCC8076C23E1D6FCD78F1'],
    ['', '16:B10CAFFC617F35EF60CE34448B3517C0591A1E30A5B6D3A9F33F4A6424'],
  ])('of %j is what C tor makes of it with the same salt', (password, hashed) => {
    expect(hashPassword(password, saltOf(hashed))).toBe(hashed)
  })

  test('has a new salt each time', () => {
    expect(hashPassword('x', systemRandom)).not.toBe(hashPassword('x', systemRandom))
  })
})
