import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { invert, isSquare, mod, P, sqrt } from '../../../core/crypto/field25519.ts'

function slowPower(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

const edges = [0n, 1n, 2n, 19n, P - 1n, P, P + 1n, 2n ** 255n - 1n, 2n ** 256n - 1n, -1n, -(2n ** 256n)]
const element = fc.oneof(fc.bigInt({ min: -(2n ** 260n), max: 2n ** 260n }), fc.constantFrom(...edges))

describe('the field of curve25519', () => {
  test('inverts, tells squares and takes roots as the slow way does', () => {
    fc.assert(
      fc.property(element, (a) => {
        expect(invert(a)).toBe(slowPower(a, P - 2n))
        expect(mod(invert(a) * a)).toBe(mod(a) === 0n ? 0n : 1n)
        const power = slowPower(a, (P - 1n) / 2n)
        expect(isSquare(a)).toBe(power === 0n || power === 1n)
        const root = sqrt(a)
        expect(root !== undefined).toBe(isSquare(a))
        if (root !== undefined) expect([mod(root * root), root & 1n]).toEqual([mod(a), 0n])
      }),
      { numRuns: 150, examples: edges.map((edge): [bigint] => [edge]) },
    )
  })
})
