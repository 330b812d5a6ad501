/**
 * A request to the Snowflake broker in the path of an address, because AMP caches forward no bodies: a format digit,
 * anything, a slash, and the bytes in the URL's own base64.
 */
import { type Random, randomBytes } from '../../util/random.ts'

const FORMAT = '0'
/** Makes each path new, so that no cache answers it by itself. */
const CACHE_BREAKER_BYTES = 9

export function encodeAmpPath(message: Uint8Array, random: Random): string {
  const breaker = randomBytes(random, CACHE_BREAKER_BYTES).toString('base64url')
  return `${FORMAT}${breaker}/${Buffer.from(message).toString('base64url')}`
}
