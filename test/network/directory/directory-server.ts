/** What each relay answers as a directory cache (dir-spec 4 to 6). */
import type { Clock } from '../../../core/util/clock.ts'
import type { Relay } from '../relays/relay.ts'
import { type DirectoryReply, misreply } from '../faults/directory-faults.ts'
import type { FaultBook } from '../faults/fault.ts'
import { writeConsensusDiff } from './consensus-differ.ts'
import type { DirectoryDocuments, SignedConsensus } from './directory-documents.ts'
import { choosePacking } from './reply-packing.ts'

/** Older consensuses that a client may still hold, to write diffs from. */
const MOST_CONSENSUSES_KEPT = 24
const CONSENSUS_PATH = /^\/tor\/status-vote\/current\/consensus-microdesc(?:\/([0-9A-Fa-f+]+))?$/

type Body = { readonly status: 200; readonly bytes: Buffer } | { readonly status: 304 | 400 | 404 }

const NOT_FOUND: Body = { status: 404 }

export class DirectoryServer {
  readonly #documents: DirectoryDocuments
  readonly #clock: Pick<Clock, 'wallMs'>
  readonly #intervalMs: number
  readonly #faults: FaultBook
  readonly #consensuses: SignedConsensus[] = []
  /** All replies together, as sent. */
  sentBytes = 0
  /** How often each was handed out. */
  readonly served = { consensuses: 0, diffs: 0, certificates: 0, microdescriptors: 0, descriptors: 0 }
  /** How replies were packed, by Content-Encoding, and what clients said that they read. */
  readonly packings = new Set<string>()
  readonly accepted = new Set<string>()
  /** Whether caches pack as zstd where they can. */
  hasZstd = true
  /** The consensuses that clients said they hold, as diffs name them. */
  readonly held = new Set<string>()
  /** Those that the authorities have signed, as diffs name them. */
  readonly signed = new Set<string>()

  constructor(
    documents: DirectoryDocuments,
    clock: Pick<Clock, 'wallMs'>,
    intervalMs: number,
    faults: FaultBook,
  ) {
    this.#faults = faults
    this.#documents = documents
    this.#clock = clock
    this.#intervalMs = intervalMs
  }

  /** The one of this interval; made when it is first asked for. */
  consensus(): SignedConsensus {
    const nowMs = this.#clock.wallMs()
    const known = this.#consensuses.find(
      ({ validAfterMs }) => nowMs >= validAfterMs && nowMs < validAfterMs + this.#intervalMs,
    )
    if (known !== undefined) return known
    const made = this.#documents.signConsensus(nowMs)
    this.#consensuses.push(made)
    this.signed.add(made.sha3)
    if (this.#consensuses.length > MOST_CONSENSUSES_KEPT) this.#consensuses.shift()
    return made
  }

  /** Of all authorities, as they are now. */
  certificates(): Buffer {
    return Buffer.from(this.#documents.certificates(this.#clock.wallMs()), 'latin1')
  }

  /** All that were ever handed out. */
  microdescriptors(): string {
    return this.#documents.microdescriptors.join('')
  }

  /** The whole reply to a request of HTTP/1.0, as the relay gives it. */
  answer(request: string, relay: Relay): DirectoryReply {
    const [requestLine = '', ...headerLines] = request.split('\r\n')
    const [, path = ''] = requestLine.split(' ')
    const headers = new Map(headerLines.map(parseHeader))
    const good = this.#answer(path, headers, relay)
    const fault = this.#faults.due('directory', relay.description.nickname, (does) => does.path.test(path))
    this.sentBytes += good.length
    if (fault === undefined) return { bytes: good }
    const [heldSha3] = heldIn(headers)
    return misreply(fault.do, {
      good,
      relay,
      documents: this.#documents,
      consensus: this.consensus(),
      held: this.#consensuses.find(({ sha3 }) => sha3 === heldSha3),
      nowMs: this.#clock.wallMs(),
    })
  }

  #answer(rawPath: string, headers: ReadonlyMap<string, string>, relay: Relay): Buffer {
    const isDeflated = rawPath.endsWith('.z')
    const body = this.#find(isDeflated ? rawPath.slice(0, -2) : rawPath, headers, relay)
    const date = new Date(this.#clock.wallMs()).toUTCString()
    if (body.status !== 200) return Buffer.from(`HTTP/1.0 ${body.status} Nothing\r\nDate: ${date}\r\n\r\n`)
    const accepted = headers.get('accept-encoding')
    const { packing, pack } = choosePacking(accepted, isDeflated, this.hasZstd)
    this.packings.add(packing)
    if (accepted !== undefined) this.accepted.add(accepted)
    const bytes = pack(body.bytes)
    const head = [
      'HTTP/1.0 200 OK',
      `Date: ${date}`,
      'Content-Type: text/plain',
      'X-Your-Address-Is: 127.0.0.1',
      `Content-Encoding: ${packing}`,
      `Content-Length: ${bytes.length}`,
    ]
    return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
  }

  #find(path: string, headers: ReadonlyMap<string, string>, relay: Relay): Body {
    if (CONSENSUS_PATH.test(path)) return this.#findConsensus(headers)
    if (path.startsWith('/tor/keys/')) {
      this.served.certificates++
      return found(this.certificates())
    }
    if (path.startsWith('/tor/micro/d/')) return this.#findMicrodescriptors(path)
    if (path === '/tor/server/authority') {
      this.served.descriptors++
      return found(Buffer.from(relay.describe(this.#clock.wallMs()), 'latin1'))
    }
    return NOT_FOUND
  }

  #findConsensus(headers: ReadonlyMap<string, string>): Body {
    const newest = this.consensus()
    const since = Date.parse(headers.get('if-modified-since') ?? '')
    if (since >= newest.validAfterMs) return { status: 304 }
    const held = heldIn(headers)
    for (const sha3 of held) this.held.add(sha3)
    const base = this.#consensuses.find(({ sha3 }) => held.includes(sha3))
    if (base === undefined || base === newest) {
      this.served.consensuses++
      return found(newest.bytes)
    }
    this.served.diffs++
    return found(writeConsensusDiff(base, newest))
  }

  #findMicrodescriptors(path: string): Body {
    this.served.microdescriptors++
    const digests = path.slice('/tor/micro/d/'.length).split('-')
    const texts = digests.map((digest) => this.#documents.microdescriptor(digest) ?? '')
    const text = texts.join('')
    return text === '' ? NOT_FOUND : found(Buffer.from(text, 'latin1'))
  }
}

function found(bytes: Buffer): Body {
  return { status: 200, bytes }
}

function parseHeader(line: string): readonly [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** Upper-case hex. */
function heldIn(headers: ReadonlyMap<string, string>): readonly string[] {
  const named = headers.get('x-or-diff-from-consensus')
  return named === undefined ? [] : named.toUpperCase().split(/[ ,]+/)
}
