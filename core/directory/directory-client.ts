/** One directory request: HTTP/1.0 GET over a BEGIN_DIR stream (dir-spec 6), with limits on size, time and silence. */
import { abortable, withTimeout } from '../util/abort.ts'
import { ByteCollector } from '../util/byte-collector.ts'
import type { ByteSink, ByteStream } from '../util/byte-stream.ts'
import { toHex } from '../util/bytes.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { malformed, TorError, unreachable } from '../util/errors.ts'
import { ACCEPTED_ENCODINGS, unpackBody } from './decompress.ts'
import type { DirectoryConnection } from './directory-source.ts'
import { formatHttpDate } from './http-date.ts'
import { findBodyStart, type HttpReplyHead, MAX_HEAD_BYTES, parseHttpHead } from './http-reply.ts'

/** C tor's MAX_DIR_DL_SIZE is 16 MB - 1. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024 - 1
/** A relay that sends nothing for this long is given up; a loaded one answers within a few seconds. */
export const STALL_LIMIT_MS = 15_000
/** A whole reply. */
export const REQUEST_LIMIT_MS = 120_000
/**
 * A reply of hundreds of kilobytes, where it goes on coming: a consensus has some 700 packed, and so have six requests for
 * microdescriptors together, which on a line of 3 KB/s bring this much each.
 */
export const LARGE_REQUEST_LIMIT_MS = 600_000
export const STEADY_BYTES_PER_SECOND = 400

export interface DirectoryRequest {
  /** The path of the URL, with its leading slash. */
  readonly path: string
  /** The relay's address and port for the Host header, which HTTP/1.0 caches may look at. */
  readonly host: string
  /** More than so many bytes, as sent, are refused; undefined takes the limit of all directory documents. */
  readonly maxBodyBytes?: number
  /** Hundreds of kilobytes are asked for, which may take a slow line longer than other replies. */
  readonly isLarge?: boolean
  /** Asked over a circuit that hides who we are: the request must look like everybody's (dir-spec 6.1). */
  readonly isAnonymous?: boolean
  /** Only a document that changed after this is worth an answer; else the relay says 304. */
  readonly ifModifiedSinceMs?: number | undefined
  /** SHA3-256 as signed of a consensus that we hold: the answer may be a diff to it (dir-spec 4.5). */
  readonly diffFrom?: Buffer | undefined
  /** Called with the relay's clock when the reply tells it. */
  readonly onDate?: ((dateMs: number) => void) | undefined
  /** Called for each piece of a reply that arrives, with its length. */
  readonly onProgress?: ((bytes: number) => void) | undefined
  /** Called once, when a document begins to arrive. */
  readonly onDocument?: (() => void) | undefined
}

/** What a relay answered (dir-spec 6.2). */
export type DirectoryReply =
  | { readonly kind: 'document'; readonly body: Buffer }
  | { readonly kind: 'not-modified' }
  | { readonly kind: 'not-found' }
  /** The relay asks to be left in peace: 503. */
  | { readonly kind: 'busy' }
  | { readonly kind: 'refused'; readonly status: number }

/**
 * Asks one document over a stream of its own, which is destroyed at the end in any case. Throws `malformed` or `limit`
 * for a reply that breaks the rules, `timeout`, `aborted`, and what the stream itself failed with.
 */
export async function getDocument(
  connection: DirectoryConnection,
  request: DirectoryRequest,
  clock: Clock,
  signal: AbortSignal,
): Promise<DirectoryReply> {
  const startedMs = clock.monotonicMs()
  const stream = await withTimeout(clock, REQUEST_LIMIT_MS, 'opening a directory stream', signal, (limited) =>
    openStream(connection, limited),
  )
  const reader = new ReplyReader(clock, request, startedMs)
  try {
    stream.setSink(reader)
    // No end(): a half-closed directory stream is closed by caches before they answer.
    stream.write(encodeRequest(request))
    const raw = await abortable(reader.reply, signal)
    return await interpretReply(raw, signal)
  } finally {
    reader.stop()
    stream.destroy()
  }
}

/** The document, or the error that a caller without use for the other answers wants. */
export function expectDocument(reply: DirectoryReply, what: string): Buffer {
  switch (reply.kind) {
    case 'document':
      return reply.body
    case 'not-modified':
      throw refusal(`the relay has nothing newer than ours: ${what}`, 'elsewhere')
    case 'not-found':
      throw refusal(`the relay does not have ${what}`, 'elsewhere')
    case 'busy':
      throw refusal(`the relay is too busy to send ${what}`, 'later')
    case 'refused':
      throw refusal(`the relay answered ${reply.status} when asked for ${what}`, 'elsewhere')
    default:
      return unreachable(reply)
  }
}

function refusal(message: string, retry: 'elsewhere' | 'later'): TorError {
  return new TorError('directory-refused', message, { retry })
}

/** A stream that opens after the signal has fired is not left behind. */
function openStream(connection: DirectoryConnection, signal: AbortSignal): Promise<ByteStream> {
  const opening = connection.openDirectoryStream(signal).then((stream) => {
    if (signal.aborted) stream.destroy()
    return stream
  })
  return abortable(opening, signal)
}

function encodeRequest(request: DirectoryRequest): Buffer {
  if (!/^\/[\x21-\x7e]*$/.test(request.path) || !/^[\x21-\x7e]+$/.test(request.host)) {
    throw new TorError('internal', 'a directory request with characters that end a line')
  }
  const lines = [`GET ${request.path} HTTP/1.0`, `Host: ${request.host}`]
  // Behind three hops nobody may learn which decoders this program has; the directory then packs nothing by name.
  if (request.isAnonymous !== true) lines.push(`Accept-Encoding: ${ACCEPTED_ENCODINGS}`)
  if (request.ifModifiedSinceMs !== undefined) {
    lines.push(`If-Modified-Since: ${formatHttpDate(request.ifModifiedSinceMs)}`)
  }
  if (request.diffFrom !== undefined) {
    lines.push(`X-Or-Diff-From-Consensus: ${toHex(request.diffFrom).toUpperCase()}`)
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

interface RawReply {
  readonly head: HttpReplyHead
  readonly body: Buffer
}

async function interpretReply({ head, body }: RawReply, signal: AbortSignal): Promise<DirectoryReply> {
  switch (head.status) {
    case 200:
      return { kind: 'document', body: await unpackBody(body, head.encoding, signal) }
    case 304:
      return { kind: 'not-modified' }
    case 404:
      return { kind: 'not-found' }
    case 503:
      return { kind: 'busy' }
    default:
      return { kind: 'refused', status: head.status }
  }
}

/** Collects a reply from a stream. Its promise settles once; `stop` takes the timer away. */
class ReplyReader implements ByteSink {
  readonly #clock: Clock
  readonly #request: DirectoryRequest
  readonly #reply = createDeferred<RawReply>()
  #headBytes: Buffer = Buffer.alloc(0)
  #head: HttpReplyHead | undefined
  readonly #body = new ByteCollector()
  readonly #startedMs: number
  #lastActivityMs: number
  #timer: Timer
  #isDone = false
  readonly #maxBodyBytes: number

  constructor(clock: Clock, request: DirectoryRequest, startedMs: number) {
    this.#maxBodyBytes = request.maxBodyBytes ?? MAX_BODY_BYTES
    this.#clock = clock
    this.#request = request
    this.#startedMs = startedMs
    this.#lastActivityMs = clock.monotonicMs()
    this.#timer = this.#armTimer()
  }

  get reply(): Promise<RawReply> {
    return this.#reply.promise
  }

  stop(): void {
    this.#isDone = true
    this.#timer.cancel()
    this.#body.take()
  }

  onData(chunk: Buffer): boolean {
    if (this.#isDone) return true
    this.#lastActivityMs = this.#clock.monotonicMs()
    this.#request.onProgress?.(chunk.length)
    try {
      if (this.#head === undefined) this.#takeHead(chunk)
      else this.#takeBody(chunk)
    } catch (error) {
      this.#fail(error)
    }
    return true
  }

  onEnd(): void {
    if (this.#isDone) return
    if (this.#head === undefined) this.#fail(new TorError('malformed', 'HTTP reply: ended within its head'))
    else this.#finish(this.#head)
  }

  onClose(error: TorError | undefined): void {
    if (error === undefined) this.onEnd()
    else this.#fail(error)
  }

  onDrain(): void {}

  #takeHead(chunk: Buffer): void {
    const seen = this.#headBytes.length
    const bytes = seen === 0 ? chunk : Buffer.concat([this.#headBytes, chunk])
    const bodyStart = findBodyStart(bytes, seen)
    if ((bodyStart ?? bytes.length) > MAX_HEAD_BYTES) {
      throw new TorError('limit', `the head of a directory reply is longer than ${MAX_HEAD_BYTES} bytes`)
    }
    this.#headBytes = bytes
    if (bodyStart === undefined) return
    this.#head = parseHttpHead(bytes.subarray(0, bodyStart))
    this.#headBytes = Buffer.alloc(0)
    if (this.#head.dateMs !== undefined) this.#request.onDate?.(this.#head.dateMs)
    if ((this.#head.contentLengthBytes ?? 0) > this.#maxBodyBytes) throw oversizeBody(this.#maxBodyBytes)
    if (this.#head.status === 200) this.#request.onDocument?.()
    this.#takeBody(bytes.subarray(bodyStart))
  }

  #takeBody(chunk: Buffer): void {
    const head = this.#head
    if (head === undefined) malformed('HTTP reply', 'a head before the body')
    const roomBytes =
      head.contentLengthBytes === undefined ? Infinity : head.contentLengthBytes - this.#body.length
    const piece = chunk.length > roomBytes ? chunk.subarray(0, roomBytes) : chunk
    if (this.#body.length + piece.length > this.#maxBodyBytes) throw oversizeBody(this.#maxBodyBytes)
    this.#body.push(piece)
    if (this.#body.length === head.contentLengthBytes) this.#finish(head)
  }

  /** The end of the stream ends the body too, whatever was announced: what it lacks shows when it is parsed. */
  #finish(head: HttpReplyHead): void {
    const body = this.#body.take()
    this.stop()
    this.#reply.resolve({ head, body })
  }

  #fail(error: unknown): void {
    if (this.#isDone) return
    this.stop()
    this.#reply.reject(error)
  }

  /** One timer that looks at what has come when it fires, instead of one that is set anew at every chunk. */
  #armTimer(): Timer {
    const untilMs = Math.min(this.#stallsAtMs, this.#endsAtMs)
    return this.#clock.setTimer(untilMs - this.#clock.monotonicMs(), () => this.#look())
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs >= this.#endsAtMs) {
      this.#fail(timeout(`a directory reply was not there after ${nowMs - this.#startedMs} ms`))
    } else if (nowMs >= this.#stallsAtMs) {
      this.#fail(timeout(`a directory reply stalled for ${STALL_LIMIT_MS} ms`))
    } else this.#timer = this.#armTimer()
  }

  get #stallsAtMs(): number {
    return this.#lastActivityMs + STALL_LIMIT_MS
  }

  get #endsAtMs(): number {
    if (this.#request.isLarge !== true) return this.#startedMs + REQUEST_LIMIT_MS
    const earnedMs = (this.#body.length / STEADY_BYTES_PER_SECOND) * 1000
    return this.#startedMs + Math.min(Math.max(REQUEST_LIMIT_MS, earnedMs), LARGE_REQUEST_LIMIT_MS)
  }
}

function timeout(message: string): TorError {
  return new TorError('timeout', message, { retry: 'elsewhere' })
}

function oversizeBody(maxBytes: number): TorError {
  return new TorError('limit', `a directory reply is longer than ${maxBytes} bytes`, {
    retry: 'elsewhere',
  })
}
