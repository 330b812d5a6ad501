/** Microdescriptors, parsed by one scan over a concatenation of them into columns (dir-spec 3.3). */
import { sha256 } from '../crypto/hash.ts'
import { sha256Into } from '../crypto/sha256-into.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { asBuffer, isAllZero } from '../util/bytes.ts'
import { isTorError, malformed } from '../util/errors.ts'
import { formatIp } from '../util/ip-address.ts'
import { LF, SPACE, decodeBase64Into, lineEndAt, readIpv6Endpoint, startsWithAt, tokenEnd } from './ascii.ts'
import { type ExitPolicy, REJECT_ALL, parseExitPolicy } from './exit-policy.ts'
import { LineCache } from './line-cache.ts'
import {
  Interned,
  type MicrodescriptorArrays,
  type Microdescriptors,
  type RejectedMicrodescriptor,
  allocateMicrodescriptors,
  trimMicrodescriptors,
} from './microdescriptor-columns.ts'
import { type Slices, finishSlices } from './slices.ts'

export type { Microdescriptors } from './microdescriptor-columns.ts'

/** Real ones have 0.5 to 4 kB; most of it family. */
const MAX_MICRODESC_BYTES = 20 * 1024
/** More than any consensus lists, and few enough that 16 bits can name two policies of each. */
const MAX_MICRODESCS = 30_000
/** Half a millisecond of work, hashing included, but ten milliseconds while the code is not compiled yet. */
const SLICE_DOCUMENTS = 200

/** Where the END line of a 1024-bit key begins: a BEGIN line of 31 bytes, and 188 base64 digits in three lines. */
const TAP_KEY_END = 31 + 191

const DOCUMENT_START = 'onion-key'
const LETTER_A = 97
const LETTER_F = 102
const LETTER_I = 105
const LETTER_N = 110
const LETTER_P = 112
const AT_SIGN = 64
const DASH = 45

const SEEN_NTOR = 1
const SEEN_ED25519 = 2
const SEEN_P = 4
const SEEN_P6 = 8
const SEEN_FAMILY = 16
const SEEN_FAMILY_IDS = 32

/** Parses a whole batch in one go; never throws for a bad document, which lands in `rejected`. */
export function parseMicrodescriptors(bytes: Uint8Array): Microdescriptors {
  return finishSlices(parseMicrodescriptorsInSlices(bytes))
}

/**
 * The same in slices: each `next()` does a few milliseconds of work, so that the caller can give the event loop a
 * turn in between; the generator returns the batch. `bytes` must not change until then, and is not kept.
 */
export function* parseMicrodescriptorsInSlices(bytes: Uint8Array): Slices<Microdescriptors> {
  const scanner = new MicrodescriptorScanner(asBuffer(bytes))
  while (scanner.scanSome(SLICE_DOCUMENTS)) yield undefined
  return scanner.finish()
}

class MicrodescriptorScanner {
  readonly #bytes: Buffer
  readonly #offsets: Uint32Array
  readonly #columns: MicrodescriptorArrays
  readonly #rejected: RejectedMicrodescriptor[] = []
  readonly #exitPolicies = new Interned<ExitPolicy>(REJECT_ALL.text, REJECT_ALL)
  readonly #families = new Interned('', '')
  readonly #familyIdSets = new Interned('', '')
  readonly #policyLines = new LineCache(
    (text) => this.#exitPolicies.indexOf(text, parseExitPolicy),
    MAX_MICRODESCS,
  )
  readonly #familyLines = new LineCache((text) => this.#families.indexOf(text, same), MAX_MICRODESCS)
  readonly #familyIdLines = new LineCache((text) => this.#familyIdSets.indexOf(text, same), MAX_MICRODESCS)
  readonly #ipv6 = new Map<number, Endpoint>()
  readonly #ipv6Address = Buffer.alloc(16)
  #document = 0
  #row = 0
  #seen = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#offsets = findDocuments(bytes)
    this.#columns = allocateMicrodescriptors(this.#offsets.length)
    const first = this.#offsets[0] ?? bytes.length
    // Annotations and blank lines may come first; anything else belongs to no document.
    const lead = startsWithAt(bytes, 0, '@') ? 0 : first
    if (lead > 0) this.#reject(0, lead, 'expected "onion-key" first')
  }

  /** Parses up to `limit` more documents; false when none is left. */
  scanSome(limit: number): boolean {
    const last = Math.min(this.#offsets.length, this.#document + limit)
    for (; this.#document < last; this.#document++) {
      const start = this.#offsets[this.#document] ?? 0
      const next = this.#offsets[this.#document + 1] ?? this.#bytes.length
      this.#scanDocument(start, next)
    }
    return this.#document < this.#offsets.length
  }

  finish(): Microdescriptors {
    const ipv6 = this.#ipv6
    return {
      ...trimMicrodescriptors(this.#columns, this.#row),
      count: this.#row,
      exitPolicies: this.#exitPolicies.values,
      families: this.#families.values,
      familyIdSets: this.#familyIdSets.values,
      ipv6: (row) => ipv6.get(row),
      rejected: this.#rejected,
    }
  }

  #scanDocument(start: number, next: number): void {
    let end = next
    try {
      if (next - start > MAX_MICRODESC_BYTES)
        malformed('microdescriptor', `at most ${MAX_MICRODESC_BYTES} bytes`)
      this.#startRow()
      end = this.#scanLines(start, next)
      if ((this.#seen & SEEN_NTOR) === 0) malformed('microdescriptor', 'an "ntor-onion-key" line')
      sha256Into(this.#bytes, start, end, this.#columns.digests, this.#row * 32)
      this.#columns.starts[this.#row] = start
      this.#columns.ends[this.#row] = end
      this.#row++
    } catch (error) {
      if (!isTorError(error)) throw error
      this.#reject(start, end, error.message)
    }
  }

  /** A rejected document's row is used again. */
  #startRow(): void {
    const { ed25519Ids, hasEd25519, exitPolicyIndex, exitPolicy6Index, familyIndex, familyIdsIndex } =
      this.#columns
    const row = this.#row
    this.#seen = 0
    this.#ipv6.delete(row)
    ed25519Ids.fill(0, row * 32, row * 32 + 32)
    hasEd25519[row] = 0
    exitPolicyIndex[row] = 0
    exitPolicy6Index[row] = 0
    familyIndex[row] = 0
    familyIdsIndex[row] = 0
  }

  /** Returns where the document ends: lines that begin with "@" come before the next one and belong to none. */
  #scanLines(start: number, end: number): number {
    const bytes = this.#bytes
    for (let at = start; at < end; ) {
      const lineEnd = lineEndAt(bytes, at, end)
      if (bytes[at] === DASH) {
        at = this.#objectEnd(at, end)
        continue
      }
      if (bytes[at] === AT_SIGN) return at
      this.#readLine(at, lineEnd)
      at = lineEnd + 1
    }
    return end
  }

  #readLine(at: number, end: number): void {
    const bytes = this.#bytes
    const first = bytes[at]
    if (first === LETTER_N) {
      if (startsWithAt(bytes, at, 'ntor-onion-key ')) this.#readNtorKey(at + 15, end)
    } else if (first === LETTER_I) {
      if (startsWithAt(bytes, at, 'id ed25519 ')) this.#readEd25519(at + 11, end)
    } else if (first === LETTER_P) {
      if (startsWithAt(bytes, at, 'p ')) this.#readPolicy(at + 2, end, SEEN_P)
      else if (startsWithAt(bytes, at, 'p6 ')) this.#readPolicy(at + 3, end, SEEN_P6)
    } else if (first === LETTER_F) {
      if (isKeyword(bytes, at, end, 'family')) this.#readFamily(at + 7, end)
      else if (isKeyword(bytes, at, end, 'family-ids')) this.#readFamilyIds(at + 11, end)
    } else if (first === LETTER_A && bytes[at + 1] === SPACE) {
      this.#readIpv6(at + 2, end)
    }
  }

  #readNtorKey(start: number, end: number): void {
    this.#markSeen(SEEN_NTOR, 'ntor-onion-key')
    const at = this.#row * 32
    const { ntorKeys } = this.#columns
    if (!decodeBase64Into(this.#bytes, start, tokenEnd(this.#bytes, start, end), ntorKeys, at, 32)) {
      malformed('"ntor-onion-key" line', 'a base64 key of 32 bytes')
    }
    // An all-zero key would make a handshake whose secret anybody can compute.
    if (ntorKeys[at] === 0 && isAllZero(ntorKeys.subarray(at, at + 32))) {
      malformed('"ntor-onion-key" line', 'a key that is not zero')
    }
  }

  #readEd25519(start: number, end: number): void {
    this.#markSeen(SEEN_ED25519, 'id ed25519')
    const { ed25519Ids } = this.#columns
    if (
      !decodeBase64Into(this.#bytes, start, tokenEnd(this.#bytes, start, end), ed25519Ids, this.#row * 32, 32)
    ) {
      malformed('"id ed25519" line', 'a base64 key of 32 bytes')
    }
    this.#columns.hasEd25519[this.#row] = 1
  }

  #readPolicy(start: number, end: number, kind: typeof SEEN_P | typeof SEEN_P6): void {
    this.#markSeen(kind, kind === SEEN_P ? 'p' : 'p6')
    const index = this.#policyLines.get(this.#bytes, start, end)
    if (kind === SEEN_P) this.#columns.exitPolicyIndex[this.#row] = index
    else this.#columns.exitPolicy6Index[this.#row] = index
  }

  #readFamily(start: number, end: number): void {
    this.#markSeen(SEEN_FAMILY, 'family')
    this.#columns.familyIndex[this.#row] = this.#familyLines.get(this.#bytes, start, end)
  }

  #readFamilyIds(start: number, end: number): void {
    this.#markSeen(SEEN_FAMILY_IDS, 'family-ids')
    this.#columns.familyIdsIndex[this.#row] = this.#familyIdLines.get(this.#bytes, start, end)
  }

  #readIpv6(start: number, end: number): void {
    if (this.#ipv6.has(this.#row)) return
    const addressEnd = tokenEnd(this.#bytes, start, end)
    const port = readIpv6Endpoint(this.#bytes, start, addressEnd, this.#ipv6Address, 0)
    if (port > 0) this.#ipv6.set(this.#row, { host: formatIp(this.#ipv6Address), port })
  }

  #markSeen(bit: number, keyword: string): void {
    if ((this.#seen & bit) !== 0) malformed('microdescriptor', `at most one "${keyword}" line`)
    this.#seen |= bit
  }

  /** Steps over an object: no part that clients use has one, and the old TAP key may be absent altogether. */
  #objectEnd(start: number, end: number): number {
    const isObject = startsWithAt(this.#bytes, start, '-----BEGIN ')
    // Nearly all are keys of one size.
    if (isObject && startsWithAt(this.#bytes, start + TAP_KEY_END, '-----END RSA PUBLIC KEY-----\n')) {
      return Math.min(end, start + TAP_KEY_END + 29)
    }
    for (let at = start; isObject && at < end; ) {
      const lineEnd = lineEndAt(this.#bytes, at, end)
      if (this.#bytes[at] === DASH && startsWithAt(this.#bytes, at, '-----END ')) return lineEnd + 1
      at = lineEnd + 1
    }
    return malformed('microdescriptor', 'a keyword or a whole object')
  }

  #reject(start: number, end: number, reason: string): void {
    this.#rejected.push({ offset: start, reason, digest: sha256(this.#bytes.subarray(start, end)) })
  }
}

/** Offsets of the lines that begin a document, in order; at most `MAX_MICRODESCS`. */
function findDocuments(bytes: Buffer): Uint32Array {
  const offsets: number[] = []
  let at = isDocumentStart(bytes, 0) ? 0 : nextDocument(bytes, 0)
  while (at < bytes.length && offsets.length < MAX_MICRODESCS) {
    offsets.push(at)
    at = nextDocument(bytes, at)
  }
  return Uint32Array.from(offsets)
}

function nextDocument(bytes: Buffer, from: number): number {
  for (let at = from; ; ) {
    const found = bytes.indexOf(`\n${DOCUMENT_START}`, at, 'latin1')
    if (found < 0) return bytes.length
    at = found + 1
    if (isDocumentStart(bytes, at)) return at
  }
}

function isDocumentStart(bytes: Buffer, at: number): boolean {
  if (!startsWithAt(bytes, at, DOCUMENT_START)) return false
  const after = bytes[at + DOCUMENT_START.length]
  return after === LF || after === SPACE
}

/** Whether the line at `at` has exactly this keyword. */
function isKeyword(bytes: Uint8Array, at: number, end: number, keyword: string): boolean {
  const after = bytes[at + keyword.length]
  return startsWithAt(bytes, at, keyword) && (at + keyword.length === end || after === SPACE)
}

function same(text: string): string {
  return text
}
