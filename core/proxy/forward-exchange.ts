/**
 * One plain HTTP request and its answer, over a Tor stream of its own: the body goes up as it comes, the response comes
 * down as it goes, each with its framing understood and made anew. The stream carries nothing else, so that neither the
 * server nor another application can put words into the next exchange.
 */
import type { ByteSink, ByteStream } from '../util/byte-stream.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { AppSocket } from './app-socket.ts'
import { BodyDecoder, encodeChunk, LAST_CHUNK } from '../util/http-body.ts'
import { encodeInterim, forwardResponse } from './http-forward.ts'
import { HttpHeadReader, parseResponseHead } from '../util/http-head.ts'
import type { ForwardRequest } from './http-request.ts'

/** Servers with long cookies and policies stay far below it. */
const MAX_RESPONSE_HEAD_BYTES = 65_536
/** What one chunk of a stream brings behind the head: its window at the most. */
const MAX_RESPONSE_HELD_BYTES = MAX_RESPONSE_HEAD_BYTES + 524_288
/** Early hints and "continue"; a server that never gets to the point is given up. */
const MAX_INTERIM_RESPONSES = 16

export interface ExchangeEnd {
  /** The response is whole. `closes`: nothing more may be served on the application's connection. */
  onDone(closes: boolean): void
  /** `hasBegun`: a part of the response has gone to the application already. */
  onFailed(error: TorError, hasBegun: boolean): void
}

/** The application's side of a request body, also before the stream is open. Content in, bytes for the stream out. */
export class RequestBody {
  readonly #decoder: BodyDecoder
  readonly #isChunked: boolean

  constructor({ framing }: ForwardRequest) {
    this.#decoder = new BodyDecoder(framing)
    this.#isChunked = framing.kind === 'chunked'
  }

  get isComplete(): boolean {
    return this.#decoder.isComplete
  }

  /** Returns how many of the bytes belong to this body. Throws `malformed`. */
  push(bytes: Buffer, emit: (piece: Buffer) => void): number {
    if (this.isComplete) return 0
    const taken = this.#decoder.push(bytes, (piece) => emit(this.#isChunked ? encodeChunk(piece) : piece))
    if (this.#isChunked && this.isComplete) emit(LAST_CHUNK)
    return taken
  }
}

export class ForwardExchange implements ByteSink {
  readonly #request: ForwardRequest
  readonly #stream: ByteStream
  readonly #socket: AppSocket
  readonly #end: ExchangeEnd
  readonly #head = new HttpHeadReader({
    maxHeadBytes: MAX_RESPONSE_HEAD_BYTES,
    maxHeldBytes: MAX_RESPONSE_HELD_BYTES,
    allowsBareLf: true,
  })
  #interims = 0
  #body: BodyDecoder | undefined
  #isChunked = false
  #closes = false
  #isOver = false

  /** Owns the stream from now on. */
  constructor(request: ForwardRequest, stream: ByteStream, socket: AppSocket, end: ExchangeEnd) {
    this.#request = request
    this.#stream = stream
    this.#socket = socket
    this.#end = end
    stream.setSink(this)
  }

  /** Bytes of the request's body. Returns false when no more should come until the socket is resumed. */
  write(bytes: Buffer): boolean {
    return this.#isOver || this.#stream.write(bytes)
  }

  /** The application takes bytes again. */
  resumeReading(): void {
    if (!this.#isOver) this.#stream.resumeReading()
  }

  /** The application is gone, or has broken off. */
  destroy(error?: TorError): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#stream.destroy(error)
  }

  onData(chunk: Buffer): boolean {
    if (this.#isOver) return true
    try {
      return this.#body === undefined ? this.#readHead(chunk) : this.#readBody(this.#body, chunk)
    } catch (thrown) {
      this.#fail(toTorError(thrown))
      return true
    }
  }

  onEnd(): void {
    if (this.#isOver) return
    try {
      if (this.#body === undefined) throw new TorError('closed', 'the server closed before it answered')
      this.#body.end()
      this.#finish()
    } catch (thrown) {
      this.#fail(toTorError(thrown))
    }
  }

  onClose(error: TorError | undefined): void {
    if (error === undefined) this.onEnd()
    else this.#fail(error)
  }

  onDrain(): void {
    this.#socket.resume()
  }

  /** What is still to come of the request is read and dropped: the application may read nothing before it was sent. */
  onWriteEnd(): void {
    this.#socket.resume()
  }

  #readHead(chunk: Buffer): boolean {
    this.#head.push(chunk)
    for (;;) {
      const lines = this.#head.next()
      if (lines === undefined) return true
      const response = parseResponseHead(lines)
      if (response.status >= 200 || response.status === 101) {
        const forwarded = forwardResponse(response, this.#request)
        this.#isChunked = forwarded.isChunked
        this.#closes = forwarded.closes
        this.#body = new BodyDecoder(forwarded.framing)
        const mayGoOn = this.#socket.write(forwarded.head)
        return this.#readBody(this.#body, this.#head.takeRest()) && mayGoOn
      }
      if (++this.#interims > MAX_INTERIM_RESPONSES) {
        throw new TorError('limit', 'the server sends interim responses without end')
      }
      const interim = encodeInterim(response, this.#request)
      if (interim !== undefined) this.#socket.write(interim)
    }
  }

  #readBody(body: BodyDecoder, bytes: Buffer): boolean {
    let mayGoOn = true
    body.push(bytes, (piece) => {
      mayGoOn = this.#socket.write(this.#isChunked ? encodeChunk(piece) : piece)
    })
    if (body.isComplete) this.#finish()
    return mayGoOn
  }

  #finish(): void {
    if (this.#isChunked) this.#socket.write(LAST_CHUNK)
    this.destroy()
    this.#end.onDone(this.#closes)
  }

  #fail(error: TorError): void {
    if (this.#isOver) return
    this.destroy(error)
    this.#end.onFailed(error, this.#body !== undefined)
  }
}
