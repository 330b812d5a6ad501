/** IP addresses between their bytes on the wire (4 or 16) and their text. No name is ever resolved here. */
import { isIPv4, isIPv6 } from 'node:net'
import { asBuffer } from './bytes.ts'
import { malformed } from './errors.ts'

export const IPV4_BYTES = 4
export const IPV6_BYTES = 16

/** Formats 4 or 16 bytes; IPv6 in the compressed form of RFC 5952, without brackets. Throws `malformed`. */
export function formatIp(bytes: Uint8Array): string {
  if (bytes.length === IPV4_BYTES) return bytes.join('.')
  if (bytes.length !== IPV6_BYTES) malformed('IP address', '4 or 16 bytes', bytes.length)
  return formatIpv6(asBuffer(bytes))
}

/** The 4 or 16 bytes of an IP literal (no brackets, no zone). Throws `malformed`. */
export function parseIp(text: string): Buffer {
  if (isIPv4(text)) return Buffer.from(text.split('.').map(Number))
  if (isIPv6(text) && !text.includes('%')) return parseIpv6(text)
  malformed('IP address', 'an IPv4 or IPv6 literal')
}

/** The zone of a link-local address ("%eth0") names one of our interfaces: policies and isolation know none. */
export function withoutZone(address: string): string {
  return address.split('%', 1)[0] ?? address
}

function formatIpv6(bytes: Buffer): string {
  const groups: number[] = []
  for (let at = 0; at < IPV6_BYTES; at += 2) groups.push(bytes.readUInt16BE(at))
  const { start, length } = longestZeroRun(groups)
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  // RFC 5952 section 4.2.2: a single zero group is not shortened.
  if (length < 2) return hex(groups)
  return `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let length = 0
  for (const [at, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0
    if (length > best.length) best = { start: at - length + 1, length }
  }
  return best
}

/** `text` is known to be valid. */
function parseIpv6(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const front = parseGroups(head)
  const back = parseGroups(tail ?? '')
  return Buffer.concat([front, Buffer.alloc(IPV6_BYTES - front.length - back.length), back])
}

function parseGroups(text: string): Buffer {
  if (text === '') return Buffer.alloc(0)
  return Buffer.concat(
    text.split(':').map((group) => {
      if (group.includes('.')) return Buffer.from(group.split('.').map(Number))
      return Buffer.from(group.padStart(4, '0'), 'hex')
    }),
  )
}
