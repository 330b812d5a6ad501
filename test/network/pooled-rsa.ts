/**
 * Thousands of RSA keys in a moment: each is the product of two primes of one small pool. Nobody should keep a secret with
 * such keys; for the identities of a network that exists for a bench they are as good as any.
 */
import { createPrivateKey, generatePrimeSync, type KeyObject } from 'node:crypto'

const PRIME_BITS = 512
const EXPONENT = 65_537n

/** Two different primes a key: a pool of n gives n (n - 1) / 2 keys. */
export class PooledRsaKeys {
  readonly #primes: readonly bigint[]
  #first = 0
  #second = 1

  constructor(keys: number) {
    const pool = Math.ceil((1 + Math.sqrt(1 + 8 * keys)) / 2)
    this.#primes = Array.from({ length: pool }, makePrime)
  }

  /** 1024 bits. Throws `RangeError` when all are used. */
  next(): KeyObject {
    const p = this.#primes[this.#first]
    const q = this.#primes[this.#second]
    if (p === undefined || q === undefined) throw new RangeError('the pool of primes is used up')
    if (++this.#second === this.#primes.length) this.#second = ++this.#first + 1
    return keyOf(p, q)
  }
}

/** With its two highest bits set, so that every product has all its bits; and one that the exponent fits. */
function makePrime(): bigint {
  for (;;) {
    const prime = generatePrimeSync(PRIME_BITS, { bigint: true })
    if (prime >> BigInt(PRIME_BITS - 2) === 3n && (prime - 1n) % EXPONENT !== 0n) return prime
  }
}

function keyOf(p: bigint, q: bigint): KeyObject {
  const d = inverse(EXPONENT, (p - 1n) * (q - 1n))
  const numbers = { n: p * q, e: EXPONENT, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi: inverse(q, p) }
  const encoded = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, encode(value)]))
  return createPrivateKey({ format: 'jwk', key: { kty: 'RSA', ...encoded } })
}

function encode(value: bigint): string {
  const hex = value.toString(16)
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex').toString('base64url')
}

/** By Euclid's algorithm; `value` and `modulus` have no common divisor. */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r, nextR] = [modulus, value % modulus]
  let [t, nextT] = [0n, 1n]
  while (nextR !== 0n) {
    const quotient = r / nextR
    ;[r, nextR] = [nextR, r - quotient * nextR]
    ;[t, nextT] = [nextT, t - quotient * nextT]
  }
  return t < 0n ? t + modulus : t
}
