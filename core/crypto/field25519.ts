/**
 * The field of curve25519 on BigInt, for what node:crypto has no door to. BigInt takes a time that depends on its
 * values: nothing that is computed here may be a private key or made of one alone.
 */

export const FIELD_BYTES = 32
export const P = 2n ** 255n - 19n

const LOW_BITS = 2n ** 255n - 1n

/** sqrt(-1), the one that is 2^((p-1)/4) (RFC 8032 5.1.3). */
const SQRT_MINUS_ONE = 19681161376707505956807079304988542015446066515923890162744021073123829784752n

export function mod(a: bigint): bigint {
  const rest = a % P
  return rest < 0n ? rest + P : rest
}

/** Zero for zero. */
export function invert(a: bigint): bigint {
  const z = mod(a)
  // p - 2 = (2^250 - 1) * 2^5 + 11
  const z2 = square(z, 1)
  const z11 = times(square(z2, 2), times(z2, z))
  return mod(times(square(powerOf250Ones(z), 5), z11))
}

export function isSquare(a: bigint): boolean {
  const z = mod(a)
  // (p - 1) / 2 = (2^250 - 1) * 2^4 + 6
  const z3 = times(square(z, 1), z)
  const power = mod(times(square(powerOf250Ones(z), 4), square(z3, 1)))
  return power === 0n || power === 1n
}

/** The even root, or undefined when there is none (RFC 8032 5.1.3). */
export function sqrt(a: bigint): bigint | undefined {
  const value = mod(a)
  // (p + 3) / 8 = (2^250 - 1) * 2^2 + 2
  const candidate = mod(times(square(powerOf250Ones(value), 2), square(value, 1)))
  const power = mod(candidate * candidate)
  const root =
    power === value ? candidate : power === mod(-value) ? mod(candidate * SQRT_MINUS_ONE) : undefined
  return root === undefined || (root & 1n) === 0n ? root : P - root
}

/**
 * z^(2^250 - 1), by doubling how many ones the exponent has: all exponents that are needed here begin with them, and
 * step by step they would take twice as many multiplications.
 */
function powerOf250Ones(z: bigint): bigint {
  const ones2 = times(square(z, 1), z)
  const ones4 = times(square(ones2, 2), ones2)
  const ones5 = times(square(ones4, 1), z)
  const ones10 = times(square(ones5, 5), ones5)
  const ones20 = times(square(ones10, 10), ones10)
  const ones40 = times(square(ones20, 20), ones20)
  const ones50 = times(square(ones40, 10), ones10)
  const ones100 = times(square(ones50, 50), ones50)
  const ones200 = times(square(ones100, 100), ones100)
  return times(square(ones200, 50), ones50)
}

/** Below 2^256, and not yet below p. */
function times(a: bigint, b: bigint): bigint {
  return fold(fold(a * b))
}

/** The 2^`count`th power. */
function square(a: bigint, count: number): bigint {
  let power = a
  for (let done = 0; done < count; done++) power = times(power, power)
  return power
}

/** 2^255 is 19: cheaper than a division. */
function fold(a: bigint): bigint {
  return (a & LOW_BITS) + 19n * (a >> 255n)
}

/** Little endian, of exactly 32 bytes; bits above the field's are the caller's to clear. */
export function decodeField(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
}

export function encodeField(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(2 * FIELD_BYTES, '0'), 'hex').reverse()
}
