/**
 * The one scan over the relay entries of a consensus (dir-spec 3.4.1: "r", "a", "m", "s", "v", "pr", "w" lines),
 * straight from the document's bytes into columns. It is the hot loop of a directory load: no string per field.
 */
import { malformed } from '../util/errors.ts'
import {
  SPACE,
  decodeBase64Into,
  lineEndAt,
  parseIpv4Value,
  parseUnsigned,
  readIpv6Endpoint,
  startsWithAt,
  tokenEnd,
} from './ascii.ts'
import { LineCache } from './line-cache.ts'
import { NO_PROTOCOLS, type ProtocolVersions, parseProtocolVersions } from './protocol-versions.ts'
import {
  MAX_NICKNAME_LENGTH,
  NICKNAME_SLOT_BYTES,
  type RelayColumnArrays,
  RelayColumns,
  allocateRelayColumns,
} from './relay-columns.ts'
import { RelayFlag } from './relay-flags.ts'
import type { Slices } from './slices.ts'

/** The network has some 8,000; a consensus with more than this is not worth its memory. */
const MAX_RELAYS = 30_000
/** The shortest "r", "m" and "s" lines together: how many relays there can be. */
const MIN_ENTRY_BYTES = 110
/** A fraction of a millisecond of work, but ten milliseconds while the code is not compiled yet. */
const SLICE_LINES = 1_000
/** `YYYY-MM-DD HH:MM:SS`. */
const PUBLISHED_LENGTH = 19
const MAX_BANDWIDTH = 0xffff_ffff

const LETTER_A = 97
const LETTER_M = 109
const LETTER_P = 112
const LETTER_R = 114
const LETTER_S = 115
const LETTER_W = 119
const DASH = 45

/** Which lines the current entry has had; `m` and `s` must come exactly once, the others at most once. */
const SEEN_M = 1
const SEEN_S = 2
const SEEN_W = 4
const SEEN_PR = 8

/**
 * Scans `bytes[start, end)`, which begins at the first "r" line, in slices of a few milliseconds: one per `next()`.
 * Throws `malformed`.
 */
export function* scanRelaysInSlices(
  bytes: Buffer,
  start: number,
  end: number,
  knownFlags: readonly string[],
): Slices<RelayColumns> {
  const scanner = new RelayScanner(bytes, start, end, knownFlags)
  while (scanner.scanSome(SLICE_LINES)) yield undefined
  return scanner.finish()
}

class RelayScanner {
  readonly #bytes: Buffer
  readonly #end: number
  readonly #columns: RelayColumnArrays
  readonly #flagBits = new Map<string, number>()
  readonly #flagLines: LineCache
  readonly #protocolLines: LineCache
  readonly #protocolSets: ProtocolVersions[] = [NO_PROTOCOLS]
  #at: number
  #row = -1
  #seen = 0

  constructor(bytes: Buffer, start: number, end: number, knownFlags: readonly string[]) {
    this.#bytes = bytes
    this.#end = end
    this.#at = start
    this.#columns = allocateRelayColumns(Math.min(MAX_RELAYS, Math.ceil((end - start) / MIN_ENTRY_BYTES)))
    for (const [name, bit] of Object.entries(RelayFlag)) {
      if (knownFlags.includes(name)) this.#flagBits.set(name, bit)
    }
    this.#flagLines = new LineCache((line) => parseFlags(line, this.#flagBits), MAX_RELAYS)
    this.#protocolLines = new LineCache((line) => this.#addProtocols(line), MAX_RELAYS)
  }

  /** Scans up to `limit` more lines; false when none is left. */
  scanSome(limit: number): boolean {
    const bytes = this.#bytes
    const end = this.#end
    let at = this.#at
    for (let line = 0; line < limit && at < end; line++) {
      const lineEnd = lineEndAt(bytes, at, end)
      if (bytes[at] === DASH) {
        at = this.#objectEnd(at)
        continue
      }
      // All known keywords but "pr" are one letter, so that the second byte says where the arguments begin.
      if (bytes[at + 1] === SPACE) this.#readLine(bytes[at] ?? 0, at + 2, lineEnd)
      else if (bytes[at] === LETTER_P && startsWithAt(bytes, at, 'pr ')) this.#readProtocols(at + 3, lineEnd)
      at = lineEnd + 1
    }
    this.#at = at
    return at < end
  }

  finish(): RelayColumns {
    this.#finishEntry()
    return new RelayColumns(this.#row + 1, this.#columns, this.#protocolSets)
  }

  #readLine(keyword: number, start: number, end: number): void {
    if (keyword === LETTER_R) this.#readRelay(start, end)
    else if (keyword === LETTER_M) this.#readDigest(start, end)
    else if (keyword === LETTER_S) this.#readFlags(start, end)
    else if (keyword === LETTER_W) this.#readBandwidth(start, end)
    else if (keyword === LETTER_A) this.#readIpv6(start, end)
  }

  /** `nickname identity date time address orport dirport`. */
  #readRelay(start: number, end: number): void {
    this.#finishEntry()
    const bytes = this.#bytes
    const row = ++this.#row
    if (row === this.#columns.flags.length) malformed('consensus', `at most ${MAX_RELAYS} relays`)
    const nicknameEnd = tokenEnd(bytes, start, end)
    const identityEnd = tokenEnd(bytes, nicknameEnd + 1, end)
    const addressAt = identityEnd + 1 + PUBLISHED_LENGTH + 1
    const addressEnd = tokenEnd(bytes, addressAt, end)
    const portEnd = tokenEnd(bytes, addressEnd + 1, end)
    const dirPortEnd = tokenEnd(bytes, portEnd + 1, end)
    this.#storeNickname(start, nicknameEnd)
    if (!decodeBase64Into(bytes, nicknameEnd + 1, identityEnd, this.#columns.rsaIds, row * 20, 20)) {
      return malformed('"r" line', 'a base64 identity of 20 bytes')
    }
    const address = bytes[addressAt - 1] === SPACE ? parseIpv4Value(bytes, addressAt, addressEnd) : -1
    const port = parseUnsigned(bytes, addressEnd + 1, portEnd, 65_535)
    const dirPort = parseUnsigned(bytes, portEnd + 1, dirPortEnd, 65_535)
    if (address < 0 || port < 1 || dirPort < 0) malformed('"r" line', 'a time, an IPv4 address and two ports')
    this.#columns.ipv4[row] = address
    this.#columns.orPorts[row] = port
    this.#checkOrder(row)
  }

  #storeNickname(start: number, end: number): void {
    const length = end - start
    if (length < 1 || length > MAX_NICKNAME_LENGTH) malformed('"r" line', 'a nickname of 1 to 19 characters')
    const slot = this.#row * NICKNAME_SLOT_BYTES
    this.#columns.nicknames[slot] = length
    for (let at = 0; at < length; at++) {
      const char = this.#bytes[start + at] ?? 0
      if (!isAlphanumeric(char)) malformed('"r" line', 'a nickname of letters and digits')
      this.#columns.nicknames[slot + 1 + at] = char
    }
  }

  #checkOrder(row: number): void {
    if (row === 0) return
    const ids = this.#columns.rsaIds
    const at = row * 20
    let same = 0
    while (same < 20 && ids[at + same] === ids[at - 20 + same]) same++
    if (same === 20 || (ids[at + same] ?? 0) < (ids[at - 20 + same] ?? 0)) {
      malformed('consensus', 'relays in strictly ascending order of identity')
    }
  }

  #readDigest(start: number, end: number): void {
    this.#markSeen(SEEN_M, '"m" line')
    const digestEnd = tokenEnd(this.#bytes, start, end)
    const { microdescDigests } = this.#columns
    if (!decodeBase64Into(this.#bytes, start, digestEnd, microdescDigests, this.#row * 32, 32)) {
      malformed('"m" line', 'a base64 digest of 32 bytes')
    }
  }

  #readFlags(start: number, end: number): void {
    this.#markSeen(SEEN_S, '"s" line')
    this.#columns.flags[this.#row] = this.#flagLines.get(this.#bytes, start, end)
  }

  #readProtocols(start: number, end: number): void {
    this.#markSeen(SEEN_PR, '"pr" line')
    this.#columns.protocolIndex[this.#row] = this.#protocolLines.get(this.#bytes, start, end)
  }

  #addProtocols(line: string): number {
    if (this.#protocolSets.length > MAX_RELAYS) return malformed('consensus', 'fewer distinct "pr" lines')
    this.#protocolSets.push(parseRelayProtocols(line))
    return this.#protocolSets.length - 1
  }

  #readBandwidth(start: number, end: number): void {
    this.#markSeen(SEEN_W, '"w" line')
    const bytes = this.#bytes
    for (let at = start; at < end; ) {
      const wordEnd = tokenEnd(bytes, at, end)
      if (startsWithAt(bytes, at, 'Bandwidth=')) {
        const bandwidth = parseUnsigned(bytes, at + 10, wordEnd, Number.MAX_SAFE_INTEGER)
        if (bandwidth < 0) malformed('"w" line', 'a decimal Bandwidth=')
        this.#columns.bandwidths[this.#row] = Math.min(bandwidth, MAX_BANDWIDTH)
        return
      }
      at = wordEnd + 1
    }
  }

  /** The first IPv6 address counts; other kinds of address are for other clients, so that none is an error. */
  #readIpv6(start: number, end: number): void {
    if (this.#row < 0 || this.#columns.ipv6Ports[this.#row] !== 0) return
    const addressEnd = tokenEnd(this.#bytes, start, end)
    const { ipv6Addresses, ipv6Ports } = this.#columns
    ipv6Ports[this.#row] = readIpv6Endpoint(this.#bytes, start, addressEnd, ipv6Addresses, this.#row * 16)
  }

  #markSeen(bit: number, what: string): void {
    if (this.#row < 0) malformed('consensus', 'an "r" line before the other lines of a relay')
    if ((this.#seen & bit) !== 0) malformed('consensus', `one ${what} per relay`)
    this.#seen |= bit
  }

  #finishEntry(): void {
    if (this.#row >= 0 && (this.#seen & (SEEN_M | SEEN_S)) !== (SEEN_M | SEEN_S)) {
      malformed('consensus', 'an "m" and an "s" line for each relay')
    }
    this.#seen = 0
  }

  /** No known line of a relay has an object; one after an unknown keyword is stepped over. */
  #objectEnd(start: number): number {
    const footer = startsWithAt(this.#bytes, start, '-----BEGIN ')
      ? this.#bytes.indexOf('\n-----END ', start, 'latin1')
      : -1
    if (footer < 0 || footer >= this.#end) return malformed('consensus', 'a keyword or a whole object')
    return lineEndAt(this.#bytes, footer + 1, this.#end) + 1
  }
}

/** Flags come in ascending order; those that the header does not list as known do not count. */
function parseFlags(line: string, bits: ReadonlyMap<string, number>): number {
  let flags = 0
  let previous = ''
  for (const name of line.split(' ')) {
    if (name === '') continue
    if (name <= previous) malformed('"s" line', 'each flag once, in ascending order')
    previous = name
    flags |= bits.get(name) ?? 0
  }
  return flags
}

/** A list that we cannot read is a relay whose abilities we do not know, not a reason to drop the whole network. */
function parseRelayProtocols(line: string): ProtocolVersions {
  try {
    return parseProtocolVersions(line)
  } catch {
    return NO_PROTOCOLS
  }
}

function isAlphanumeric(char: number): boolean {
  return (char >= 48 && char <= 57) || (char >= 65 && char <= 90) || (char >= 97 && char <= 122)
}
