/** SHA-256 of many small documents: one call and no object each, where the platform has the one-shot function. */
import * as nodeCrypto from 'node:crypto'

const DIGEST_BYTES = 32

/** Writes the SHA-256 of `bytes[start, end)` into `out` at `outAt`. */
export function sha256Into(bytes: Uint8Array, start: number, end: number, out: Buffer, outAt: number): void {
  // A plain view: making a Buffer of it costs more than hashing what it shows.
  const part = new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start)
  if (hasOneShot) out.write(nodeCrypto.hash('sha256', part, 'binary'), outAt, DIGEST_BYTES, 'binary')
  else nodeCrypto.createHash('sha256').update(part).digest().copy(out, outAt)
}

/** Node has it since 20.12; other runtimes with this module's name may not. */
const hasOneShot = typeof nodeCrypto.hash === 'function'
