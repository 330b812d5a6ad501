/** Whether a name under `.onion` can be the address of an onion service at all (rend-spec-v3, "encoding onion addresses"). */
import { sha3_256 } from '../crypto/hash.ts'

const ADDRESS_CHARS = 56
const KEY_BYTES = 32
const CHECKSUM_BYTES = 2
const VERSION = 3
const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const CHECKSUM_PREFIX = Buffer.from('.onion checksum', 'latin1')

export function isOnionName(host: string): boolean {
  return host.endsWith('.onion')
}

/** The label before `.onion` must hold key, checksum and version; labels before it are the service's own affair. */
export function isOnionAddress(host: string): boolean {
  const label = host.slice(0, -'.onion'.length).split('.').at(-1) ?? ''
  const bytes = label.length === ADDRESS_CHARS ? decodeBase32(label) : undefined
  if (bytes === undefined) return false
  const key = bytes.subarray(0, KEY_BYTES)
  const version = bytes.subarray(KEY_BYTES + CHECKSUM_BYTES)
  const checksum = sha3_256(CHECKSUM_PREFIX, key, version).subarray(0, CHECKSUM_BYTES)
  return version[0] === VERSION && checksum.equals(bytes.subarray(KEY_BYTES, KEY_BYTES + CHECKSUM_BYTES))
}

function decodeBase32(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(Math.floor((text.length * 5) / 8))
  let bits = 0
  let count = 0
  let at = 0
  for (const char of text) {
    const value = BASE32.indexOf(char)
    if (value === -1) return undefined
    bits = ((bits << 5) | value) & 0xfff
    count += 5
    if (count < 8) continue
    count -= 8
    bytes[at++] = (bits >> count) & 0xff
  }
  return bytes
}
