/**
 * Passwords as C tor keeps them in HashedControlPassword: the iterated and salted S2K of RFC 2440 section 3.6.1.3 over
 * SHA-1. It is that option's format, not a choice: new designs would take a slower hash.
 */
import { type Random, randomBytes } from '../util/random.ts'
import { createRunningSha1 } from './hash.ts'

const SALT_BYTES = 8
/** Codes 65,536 bytes to hash, as C tor does. */
const COUNT_CODE = 0x60
/** RFC 2440's EXPBIAS. */
const EXPONENT_BIAS = 6

/** `16:` and then salt, count code and digest in hexadecimal, with a new salt each time. */
export function hashPassword(password: string, random: Random): string {
  const salt = randomBytes(random, SALT_BYTES)
  const digest = iteratedSaltedS2k(Buffer.from(password), salt, COUNT_CODE)
  return `16:${Buffer.concat([salt, Buffer.of(COUNT_CODE), digest])
    .toString('hex')
    .toUpperCase()}`
}

/** Hashes salt and secret over and over until as many bytes as `countCode` stands for, and once at least. */
function iteratedSaltedS2k(secret: Uint8Array, salt: Uint8Array, countCode: number): Buffer {
  const block = Buffer.concat([salt, secret])
  const hash = createRunningSha1()
  let left = Math.max(block.length, (16 + (countCode & 15)) << ((countCode >> 4) + EXPONENT_BIAS))
  for (; left > 0; left -= block.length) hash.update(left >= block.length ? block : block.subarray(0, left))
  block.fill(0)
  return hash.digest()
}
