/** Comparison of secrets without telling by its duration where they differ. */
import { timingSafeEqual } from 'node:crypto'

/** False for different lengths, which are never secret in Tor's protocols. */
export function equalConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
