/** Ranges of addresses and ports as C tor's options write them: `*`, `1.2.0.0/16`, `[2001:db8::]/32:80-443`. */
import { isIPv4, isIPv6 } from 'node:net'
import { IPV4_BYTES, parseIp } from './ip-address.ts'

export interface AddressRange {
  /** Addresses that IPv6 maps from IPv4 (`::ffff:1.2.3.4`) count as the IPv4 addresses that they are. */
  contains(address: Address): boolean
}

/** An address as 32-bit words: one for IPv4, four for IPv6. */
export type Address = Readonly<Uint32Array>

export interface AddressPattern {
  readonly ranges: readonly AddressRange[]
  readonly leastPort: number
  readonly greatestPort: number
  /** False where no IPv6 address can ever be meant. */
  readonly mayHoldIpv6: boolean
}

/** Networks, as address and mask, that C tor's word `private` stands for. */
const PRIVATE_NETWORKS = [
  ['0.0.0.0', '8'],
  ['10.0.0.0', '8'],
  ['127.0.0.0', '8'],
  ['169.254.0.0', '16'],
  ['172.16.0.0', '12'],
  ['192.168.0.0', '16'],
  ['[::]', '8'],
  ['[fc00::]', '7'],
  ['[fe80::]', '10'],
  ['[fec0::]', '10'],
  ['[ff00::]', '8'],
] as const

const MAX_PORT = 65_535
const IPV4_WORDS = 1
const IPV6_WORDS = 4
/** The third word of `::ffff:0:0/96`; the first two are 0. */
const MAPPED_WORD = 0xffff

/** The words of an IP literal (no brackets, no zone). Throws `malformed`. */
export function parseAddress(text: string): Address {
  const bytes = parseIp(text)
  const words = new Uint32Array(bytes.length / IPV4_BYTES)
  for (let word = 0; word < words.length; word++) words[word] = bytes.readUInt32BE(word * IPV4_BYTES)
  return unmapped(words)
}

function unmapped(words: Uint32Array): Uint32Array {
  const isMapped = words.length === IPV6_WORDS && words[0] === 0 && words[1] === 0 && words[2] === MAPPED_WORD
  return isMapped ? words.subarray(3) : words
}

/** Address, mask and ports. */
const PATTERN = /^(\*[46]?|private|[0-9.]+|\[[0-9a-f:.]+\])(?:\/([0-9.]+))?(?::([0-9-]+|\*))?$/i

/**
 * `address[/mask][:ports]`, where address is `*`, `*4`, `*6`, `private`, an IPv4 address or an IPv6 address in
 * brackets; mask is a number of bits or, for IPv4, an address; ports is `*`, a port or `from-to`. Undefined for
 * anything else.
 */
export function parseAddressPattern(text: string): AddressPattern | undefined {
  const [matched, address = '', mask, ports = '*'] = PATTERN.exec(text) ?? []
  if (matched === undefined) return undefined
  const portRange = parsePorts(ports)
  const ranges = parseRanges(address.toLowerCase(), mask)
  if (portRange === undefined || ranges === undefined) return undefined
  return { ranges, ...portRange, mayHoldIpv6: !/^[0-9]|^\*4$/.test(address) }
}

function parsePorts(text: string): Pick<AddressPattern, 'leastPort' | 'greatestPort'> | undefined {
  if (text === '*') return { leastPort: 1, greatestPort: MAX_PORT }
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text)
  const leastPort = Number(match?.[1] ?? 0)
  const greatestPort = Number(match?.[2] ?? leastPort)
  const isRange = leastPort >= 1 && leastPort <= greatestPort && greatestPort <= MAX_PORT
  return isRange ? { leastPort, greatestPort } : undefined
}

function parseRanges(address: string, mask: string | undefined): readonly AddressRange[] | undefined {
  const word = WORDS.get(address)
  if (word !== undefined) return mask === undefined ? word : undefined
  const range = parseNetwork(address, mask)
  return range === undefined ? undefined : [range]
}

/** `address` is IPv4, or IPv6 in brackets. */
function parseNetwork(address: string, mask: string | undefined): AddressRange | undefined {
  const isVersion6 = address.startsWith('[')
  const host = isVersion6 ? address.slice(1, -1) : address
  if (!(isVersion6 ? isIPv6(host) : isIPv4(host))) return undefined
  const bits = parseMask(mask, isVersion6 ? 128 : 32)
  return bits === undefined ? undefined : networkRange(parseAddress(host), isVersion6, bits)
}

function networkRange(network: Address, isVersion6: boolean, bits: number): AddressRange | undefined {
  // A mapped range lies in the IPv4 addresses; one that is wider than all of them is no mapped range.
  const isMapped = isVersion6 && network.length === IPV4_WORDS
  if (isMapped && bits < 96) return undefined
  const masks = maskWords(isMapped ? bits - 96 : bits, network.length)
  return {
    contains: (address) =>
      address.length === network.length &&
      address.every((word, at) => ((word ^ (network[at] ?? 0)) & (masks[at] ?? 0)) >>> 0 === 0),
  }
}

function maskWords(bits: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, at) => {
    const ones = Math.min(Math.max(bits - at * 32, 0), 32)
    return ones === 0 ? 0 : (0xffffffff << (32 - ones)) >>> 0
  })
}

/** The number of leading ones; undefined for what is no mask. */
function parseMask(text: string | undefined, width: 32 | 128): number | undefined {
  if (text === undefined) return width
  if (/^[0-9]{1,3}$/.test(text)) return Number(text) <= width ? Number(text) : undefined
  if (width !== 32 || !isIPv4(text)) return undefined
  const zeros = ~(parseAddress(text)[0] ?? 0) >>> 0
  // Only zeros after only ones: one less than a power of two is left.
  return (zeros & (zeros + 1)) === 0 ? Math.clz32(zeros) : undefined
}

export function matchesPattern(pattern: AddressPattern, address: Address, port: number): boolean {
  if (port < pattern.leastPort || port > pattern.greatestPort) return false
  return pattern.ranges.some((range) => range.contains(address))
}

/** Every word that stands for addresses. */
const WORDS: ReadonlyMap<string, readonly AddressRange[]> = new Map([
  ['*', [{ contains: () => true }]],
  ['*4', [{ contains: (address: Address) => address.length === IPV4_WORDS }]],
  ['*6', [{ contains: (address: Address) => address.length === IPV6_WORDS }]],
  [
    'private',
    PRIVATE_NETWORKS.map(([network, mask]) => parseNetwork(network, mask)).filter(
      (range) => range !== undefined,
    ),
  ],
])
