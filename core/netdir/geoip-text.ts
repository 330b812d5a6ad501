/**
 * Reads C tor's `GeoIPFile` and `GeoIPv6File`: a line for each range, `low,high,CC` with IPv4 addresses as numbers and
 * IPv6 addresses as text, `#` before comments.
 */
import { isIPv6 } from 'node:net'
import type { Slices } from '../netdoc/slices.ts'
import { TorError } from '../util/errors.ts'
import { parseIp } from '../util/ip-address.ts'
import type { Ipv4Segments, Ipv6Segments } from './country-table.ts'

/** Lines to one slice: some milliseconds. */
const SLICE_LINES = 5_000
const MAX_QUOTE_LENGTH = 80
/** The places of one byte. */
const MAX_CODES = 256
/** In quotes in files of old, and then with names after the code. */
const LINE = /^"?([0-9a-fA-F:.]+)"?,"?([0-9a-fA-F:.]+)"?,"?([A-Za-z0-9?]{2})"?(?:,.*)?$/
/** Words of the tables for "no country": unknown, proxies, whole continents, and what has ceased to exist. */
const NO_COUNTRY = new Set([
  '??',
  'a1',
  'a2',
  'ab',
  'an',
  'ap',
  'cs',
  'eu',
  'o1',
  'os',
  'su',
  'uk',
  'un',
  'zz',
])

/** The codes in the order in which they were met, from the empty one on. */
export class CountryCodes {
  readonly #places = new Map<string, number>([['', 0]])

  get list(): readonly string[] {
    return [...this.#places.keys()]
  }

  placeOf(text: string): number {
    const lower = text.toLowerCase()
    const code = NO_COUNTRY.has(lower) ? '' : lower
    const known = this.#places.get(code)
    if (known !== undefined) return known
    if (this.#places.size === MAX_CODES) throw new TorError('bad-config', `more than ${MAX_CODES} countries`)
    this.#places.set(code, this.#places.size)
    return this.#places.size - 1
  }
}

/** A range on one family's line of numbers; IPv6 addresses are their upper 64 bits. */
interface Range {
  readonly low: bigint
  readonly high: bigint
  readonly country: number
  /** How many addresses it has, for IPv6 of all 128 bits. */
  readonly size: bigint
  readonly line: number
}

/** Throws `bad-config`, naming the option and the line. Codes are added to `codes`, which both families may share. */
export function* parseGeoIpv4(text: string, codes = new CountryCodes()): Slices<Ipv4Segments> {
  const ranges = yield* readRanges('GeoIPFile', text, codes, parseIpv4Number, 0n)
  const segments = toSegments('GeoIPFile', ranges, 1n << 32n)
  return {
    starts: Uint32Array.from(segments, ({ start }) => Number(start)),
    codes: codes.list,
    countries: Uint8Array.from(segments, ({ country }) => country),
  }
}

/** As above. */
export function* parseGeoIpv6(text: string, codes = new CountryCodes()): Slices<Ipv6Segments> {
  const ranges = yield* readRanges('GeoIPv6File', text, codes, parseIpv6Number, 64n)
  const segments = toSegments('GeoIPv6File', ranges, 1n << 64n)
  return {
    highs: Uint32Array.from(segments, ({ start }) => Number(start >> 32n)),
    lows: Uint32Array.from(segments, ({ start }) => Number(start & 0xffffffffn)),
    codes: codes.list,
    countries: Uint8Array.from(segments, ({ country }) => country),
  }
}

function* readRanges(
  option: string,
  text: string,
  codes: CountryCodes,
  parseAddress: (text: string) => bigint | undefined,
  droppedBits: bigint,
): Slices<Range[]> {
  const ranges: Range[] = []
  const lines = text.split('\n')
  for (const [at, raw] of lines.entries()) {
    if (at % SLICE_LINES === SLICE_LINES - 1) yield undefined
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    const [, lowText = '', highText = '', country = ''] = LINE.exec(line) ?? []
    const low = parseAddress(lowText)
    const high = parseAddress(highText)
    if (low === undefined || high === undefined || low > high) badLine(option, at, line)
    ranges.push({
      low: low >> droppedBits,
      high: high >> droppedBits,
      country: codes.placeOf(country),
      size: high - low,
      line: at + 1,
    })
  }
  return ranges.sort((a, b) => (a.low < b.low ? -1 : a.low > b.low ? 1 : a.line - b.line))
}

function badLine(option: string, at: number, line: string): never {
  throw new TorError(
    'bad-config',
    `${option}, line ${at + 1}: expected low,high,CC, got "${line.slice(0, MAX_QUOTE_LENGTH)}"`,
  )
}

function parseIpv4Number(text: string): bigint | undefined {
  return /^[0-9]{1,10}$/.test(text) && Number(text) <= 0xffffffff ? BigInt(text) : undefined
}

function parseIpv6Number(text: string): bigint | undefined {
  if (!isIPv6(text)) return undefined
  const bytes = parseIp(text)
  return (bytes.readBigUInt64BE(0) << 64n) | bytes.readBigUInt64BE(8)
}

interface Segment {
  readonly start: bigint
  readonly country: number
}

/** From 0 to the end without gaps, neighbours of one country joined. */
function toSegments(option: string, ranges: readonly Range[], end: bigint): Segment[] {
  const segments: Segment[] = []
  const add = (start: bigint, country: number): void => {
    for (let last = segments.at(-1); last !== undefined && last.start >= start; last = segments.at(-1)) {
      segments.pop()
    }
    if (segments.at(-1)?.country !== country) segments.push({ start, country })
  }
  add(0n, 0)
  let previous: Range | undefined
  for (const range of ranges) {
    const low = previous === undefined ? range.low : startAfter(option, previous, range)
    if (low > range.high) continue
    add(low, range.country)
    // Behind the last of all numbers nothing starts.
    if (range.high + 1n < end) add(range.high + 1n, 0)
    previous = range
  }
  return segments
}

/**
 * Where a range starts after the one before it. Two that meet within the last 64 bits of IPv6 share one place there:
 * the smaller one has it, since it is the one that somebody listed on purpose.
 */
function startAfter(option: string, previous: Range, range: Range): bigint {
  if (range.low > previous.high) return range.low
  if (range.low < previous.high || option === 'GeoIPFile') {
    throw new TorError(
      'bad-config',
      `${option}: the ranges of lines ${previous.line} and ${range.line} overlap`,
    )
  }
  return range.size < previous.size ? range.low : range.low + 1n
}
