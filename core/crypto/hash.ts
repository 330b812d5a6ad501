/** Hashes and HMAC. Inputs are given in parts, which are hashed as if joined; the caller owns every result. */
import { createHash, createHmac } from 'node:crypto'
import { chosenPrimitives } from './chosen-primitives.ts'
import type { RunningHash } from './primitives.ts'

export function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

export function sha3_256(...parts: readonly Uint8Array[]): Buffer {
  return chosenPrimitives().sha3.sha3_256(parts)
}

/** The first `length` bytes of the SHAKE-256 output. */
export function shake256(length: number, ...parts: readonly Uint8Array[]): Buffer {
  return chosenPrimitives().sha3.shake256(length, parts)
}

export function hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const hmac = createHmac('sha256', key)
  for (const part of parts) hmac.update(part)
  return hmac.digest()
}

/** A SHA-1 whose digest so far is `copy().digest()`, as the relay cells need it. */
export function createRunningSha1(): RunningHash {
  return chosenPrimitives().createRunningSha1()
}
