/** Small helpers over byte arrays. Everything secret is compared in `crypto/constant-time.ts`, not here. */
import { malformed } from './errors.ts'

const HEX = /^[0-9a-fA-F]*$/
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export function concatBytes(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(parts)
}

/** A view of the same memory as a Buffer, without a copy. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function toHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('hex')
}

/** Decodes hexadecimal strictly; `size` in bytes, when given, must match. Throws `malformed`. */
export function fromHex(text: string, size?: number): Buffer {
  if (text.length % 2 !== 0 || !HEX.test(text)) malformed('hexadecimal text', 'an even number of hex digits')
  const bytes = Buffer.from(text, 'hex')
  if (size !== undefined && bytes.length !== size)
    malformed('hexadecimal text', `${size} bytes`, bytes.length)
  return bytes
}

/** Base64 without padding, as the directory documents use it. */
export function toBase64Unpadded(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('base64').replace(/=+$/, '')
}

/** Decodes base64 with or without padding; `size` in bytes, when given, must match. Throws `malformed`. */
export function fromBase64(text: string, size?: number): Buffer {
  if (!BASE64.test(text)) malformed('base64 text', 'base64 digits only')
  const bytes = Buffer.from(text, 'base64')
  if (size !== undefined && bytes.length !== size) malformed('base64 text', `${size} bytes`, bytes.length)
  return bytes
}

/** Not constant time: for public values only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return asBuffer(a).equals(b)
}

/** A key for a Map: fixed-length bytes as a latin1 string. */
export function bytesKey(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1')
}

export function isAllZero(bytes: Uint8Array): boolean {
  let seen = 0
  for (const byte of bytes) seen |= byte
  return seen === 0
}
