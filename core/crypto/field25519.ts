/**
 * The field of curve25519 on BigInt, for what node:crypto has no door to. BigInt takes a time that depends on its
 * values: nothing that is computed here may be a private key or made of one alone.
 */

export const FIELD_BYTES = 32
export const P = 2n ** 255n - 19n

/** sqrt(-1), the one that is 2^((p-1)/4). */
const SQRT_MINUS_ONE = pow(2n, (P - 1n) / 4n)

export function mod(a: bigint): bigint {
  const rest = a % P
  return rest < 0n ? rest + P : rest
}

export function pow(base: bigint, exponent: bigint): bigint {
  let result = 1n
  let square = mod(base)
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P
    square = (square * square) % P
  }
  return result
}

/** Zero for zero. */
export function invert(a: bigint): bigint {
  return pow(a, P - 2n)
}

export function isSquare(a: bigint): boolean {
  const power = pow(a, (P - 1n) / 2n)
  return power === 0n || power === 1n
}

/** The even root, or undefined when there is none (RFC 8032 5.1.3). */
export function sqrt(a: bigint): bigint | undefined {
  const value = mod(a)
  const candidate = pow(value, (P + 3n) / 8n)
  const square = (candidate * candidate) % P
  const root =
    square === value ? candidate : square === mod(-value) ? (candidate * SQRT_MINUS_ONE) % P : undefined
  return root === undefined || (root & 1n) === 0n ? root : P - root
}

/** Little endian, of exactly 32 bytes; bits above the field's are the caller's to clear. */
export function decodeField(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

export function encodeField(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * FIELD_BYTES, '0'), 'hex').reverse()
}
