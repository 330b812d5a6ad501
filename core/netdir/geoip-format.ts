/**
 * The built-in country table as it is kept in a file (before compression): a line of JSON that says what follows, then
 * streams of bytes. Starts are written as the distance from the one before: how many zero bits it ends in (a byte), and
 * what is above them and the one bit after them (7 bits a byte, the lowest first). Each stream holds one kind of thing,
 * because that compresses to a quarter less.
 */
import type { Slices } from '../netdoc/slices.ts'
import { JsonFields } from '../persist/json-fields.ts'
import { malformed } from '../util/errors.ts'
import { CountryTable } from './country-table.ts'

const FORMAT = 'allium-countries-1'
const LF = 10
/** Says that a distance is 0, which no number of zero bits can say. */
const ZERO_DISTANCE = 64
/** Far more than the Internet is divided into. */
const MAX_SEGMENTS = 4_000_000

/** Segments to one slice: some milliseconds. */
const SLICE_SEGMENTS = 50_000
const MAX_CODES = 256
const STREAMS = 6

/** Both families must have the same list of codes. `source` says where the data came from, for the notice that its licence asks for. */
export function encodeCountryTable(table: CountryTable, source: string): Buffer {
  const { ipv4, ipv6 } = table
  const v4 = new DistanceWriter()
  for (const [at, start] of ipv4.starts.entries()) v4.write(start - (ipv4.starts[at - 1] ?? 0))
  const highs = new DistanceWriter()
  const lows = new DistanceWriter()
  for (const [at, high] of ipv6.highs.entries()) {
    const step = high - (ipv6.highs[at - 1] ?? 0)
    highs.write(step)
    lows.write((ipv6.lows[at] ?? 0) - (step === 0 ? (ipv6.lows[at - 1] ?? 0) : 0))
  }
  const streams = [v4, highs, lows].flatMap(({ zeros, rests }) => [Buffer.from(zeros), Buffer.from(rests)])
  const header = {
    format: FORMAT,
    source,
    codes: ipv6.codes,
    ipv4: ipv4.starts.length,
    ipv6: ipv6.highs.length,
    streams: streams.map((stream) => stream.length),
  }
  return Buffer.concat([
    Buffer.from(`${JSON.stringify(header)}\n`),
    ...streams,
    ipv4.countries,
    ipv6.countries,
  ])
}

class DistanceWriter {
  readonly zeros: number[] = []
  readonly rests: number[] = []

  /** `distance` is from 0 and below 2^32. */
  write(distance: number): void {
    if (distance === 0) {
      this.zeros.push(ZERO_DISTANCE)
      return
    }
    let zeros = 0
    while (distance % 2 ** (zeros + 1) === 0) zeros++
    this.zeros.push(zeros)
    let rest = (distance / 2 ** zeros - 1) / 2
    for (; rest >= 128; rest = Math.floor(rest / 128)) this.rests.push((rest % 128) + 128)
    this.rests.push(rest)
  }
}

/** Throws `malformed`. Nothing of `file` is kept. */
export function* decodeCountryTable(file: Buffer): Slices<CountryTable> {
  const headerEnd = file.indexOf(LF)
  const header = parseHeader(file.toString('utf8', 0, Math.max(0, headerEnd)))
  let at = headerEnd + 1
  // Each segment has a byte for its country: nothing is made for more of them than can be there.
  if (header.ipv4 + header.ipv6 > file.length - at) {
    malformed('country table', 'the bytes that its header speaks of')
  }
  const take = (length: number): Buffer => {
    at += length
    if (at > file.length) malformed('country table', 'the bytes that its header speaks of')
    return file.subarray(at - length, at)
  }
  const [zeros, rests, highZeros, highRests, lowZeros, lowRests] = header.streams.map(take)
  const starts = yield* sumDistances(new DistanceReader(zeros, rests), header.ipv4)
  const highs = yield* sumDistances(new DistanceReader(highZeros, highRests), header.ipv6)
  const lows = yield* sumDistances(new DistanceReader(lowZeros, lowRests), header.ipv6, highs)
  const { codes } = header
  const ipv4 = { codes, starts, countries: new Uint8Array(take(header.ipv4)) }
  const ipv6 = { codes, highs, lows, countries: new Uint8Array(take(header.ipv6)) }
  if (at !== file.length) malformed('country table', 'an end', `${file.length - at} more bytes`)
  return new CountryTable(ipv4, ipv6)
}

interface Header {
  readonly codes: readonly string[]
  readonly ipv4: number
  readonly ipv6: number
  readonly streams: readonly number[]
}

function parseHeader(line: string): Header {
  let content: unknown
  try {
    content = JSON.parse(line)
  } catch {
    malformed('country table', 'a line of JSON')
  }
  const fields = new JsonFields('country table', content)
  if (fields.string('format', FORMAT.length) !== FORMAT) malformed('country table', `the format ${FORMAT}`)
  const streams = fields.list('streams', STREAMS, (item) => byteCount(item))
  if (streams.length !== STREAMS) malformed('country table', `${STREAMS} streams`)
  return {
    codes: fields.list('codes', MAX_CODES, (item) => String(item)),
    ipv4: fields.integer('ipv4', 1, MAX_SEGMENTS),
    ipv6: fields.integer('ipv6', 1, MAX_SEGMENTS),
    streams,
  }
}

function byteCount(item: unknown): number {
  if (typeof item === 'number' && Number.isSafeInteger(item) && item >= 0) return item
  malformed('country table', 'a number of bytes')
}

/** The starts again. With `over`, a start counts from 0 wherever the number over it is another than before. */
function* sumDistances(reader: DistanceReader, count: number, over?: Uint32Array): Slices<Uint32Array> {
  const starts = new Uint32Array(count)
  let start = 0
  for (let at = 0; at < count; at++) {
    if (over !== undefined && over[at] !== over[at - 1]) start = 0
    start += reader.read()
    starts[at] = start
    if (at % SLICE_SEGMENTS === SLICE_SEGMENTS - 1) yield undefined
  }
  return starts
}

class DistanceReader {
  readonly #zeros: Uint8Array
  readonly #rests: Uint8Array
  #at = 0
  #restAt = 0

  constructor(zeros: Uint8Array | undefined, rests: Uint8Array | undefined) {
    this.#zeros = zeros ?? new Uint8Array()
    this.#rests = rests ?? new Uint8Array()
  }

  /** Past the end it is 0. */
  read(): number {
    const zeros = this.#zeros[this.#at++] ?? ZERO_DISTANCE
    if (zeros === ZERO_DISTANCE) return 0
    let rest = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#rests[this.#restAt++] ?? 0
      rest += (byte & 127) * factor
      if (byte < 128) return (rest * 2 + 1) * 2 ** zeros
    }
  }
}
