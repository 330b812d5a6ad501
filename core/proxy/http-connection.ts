/**
 * One application's connection to the HTTP port: a tunnel (CONNECT), or plain HTTP requests one after another, each with
 * a Tor stream of its own. What cannot be read is refused in words, except where an answer would tell a page of a web
 * site that we are here.
 */
import { InitialData } from '../client/initial-data.ts'
import { parseStreamHost } from '../client/stream-target.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import { asBuffer } from '../util/bytes.ts'
import type { Timer } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { HttpHeadReader, parseRequestHead } from '../util/http-head.ts'
import { StopSource } from '../util/stop-signal.ts'
import { type AppReader, type AppSocket, MAX_READ_BYTES } from './app-socket.ts'
import { ForwardExchange, RequestBody } from './forward-exchange.ts'
import type { FrontDoor } from './front-door.ts'
import { CLOSING_LIMIT_MS, HANDSHAKE_LIMIT_MS, MAX_HELD_BYTES } from './handshake-limits.ts'
import {
  CAPABILITIES_REPLY,
  encodeForwardFailure,
  encodeRefusal,
  encodeTunnelFailure,
  HEAD_TOO_LARGE,
  NOT_A_WEB_SITE_PAGE,
  RPC_REPLY,
  TUNNEL_REPLY,
} from './http-answers.ts'
import { encodeForwardHead } from './http-forward.ts'
import { describeForeign } from './http-foreign.ts'
import {
  type ForwardRequest,
  type HttpRequest,
  isMeantForProxy,
  readHttpRequest,
  type TunnelRequest,
} from './http-request.ts'
import { pipeBytes } from './pipe-bytes.ts'

/** Browsers stay below 8 KiB of head; a longer one is cookies gone wrong. */
export const MAX_HTTP_HEAD_BYTES = 32_768

type State =
  /** A head is read, or waited for. */
  | { readonly kind: 'head' }
  /** `early` takes what comes for a tunnel meanwhile; what comes behind a plain request is held. */
  | { readonly kind: 'opening'; readonly abort: StopSource; readonly early: InitialData | undefined }
  | { readonly kind: 'exchange'; readonly exchange: ForwardExchange; readonly body: RequestBody }
  /** The last answer is on its way; what still comes is dropped. */
  | { readonly kind: 'closing' }
  | { readonly kind: 'tunnel' }
  | { readonly kind: 'closed' }

export class HttpConnection implements AppReader {
  readonly #door: FrontDoor
  readonly #socket: AppSocket
  readonly #onFinished: () => void
  #reader = newHeadReader()
  #state: State = { kind: 'head' }
  #timer: Timer | undefined
  /** What came ahead of its turn. */
  #held: Buffer[] = []
  #heldBytes = 0
  #hasEnded = false
  #isRetired = false
  /** The last request line, until the next begins: it says whether somebody means a proxy. */
  #requestLine: string | undefined

  /** Owns the socket from now on. `onFinished` is called once, when it is gone. */
  constructor(door: FrontDoor, socket: AppSocket, onFinished: () => void) {
    this.#door = door
    this.#socket = socket
    this.#onFinished = onFinished
    this.#startTimer(HANDSHAKE_LIMIT_MS)
    socket.start(this)
  }

  /** Takes no request any more; one that was made goes on to its end. */
  retire(): void {
    this.#isRetired = true
    if (this.#state.kind === 'head') this.#close()
  }

  /** Ends it at once, whatever it is doing. */
  destroy(): void {
    this.#socket.destroy()
  }

  onBytes(bytes: Uint8Array): boolean {
    const state = this.#state
    switch (state.kind) {
      case 'head':
        return this.#readHeads(asBuffer(bytes))
      case 'opening':
        if (state.early === undefined) return this.#hold(bytes)
        state.early.append(bytes)
        return state.early.length < MAX_HELD_BYTES
      case 'exchange':
        return this.#sendBody(state.exchange, state.body, asBuffer(bytes))
      default:
        return true
    }
  }

  onEnd(): void {
    this.#hasEnded = true
    const state = this.#state
    // An application that ends has gone away, as far as anybody can know; only a tunnel may want its answer still.
    const isGone =
      state.kind === 'opening'
        ? (state.early?.length ?? this.#heldBytes) === 0
        : state.kind === 'head' || state.kind === 'exchange'
    if (isGone) this.#socket.destroy()
  }

  onDrain(): void {
    if (this.#state.kind === 'exchange') this.#state.exchange.resumeReading()
  }

  onClose(): void {
    const state = this.#state
    if (state.kind === 'closed') return
    this.#state = { kind: 'closed' }
    this.#timer?.cancel()
    this.#held = []
    const gone = new TorError('aborted', 'the application went away')
    if (state.kind === 'opening') state.abort.abort(gone)
    if (state.kind === 'exchange') state.exchange.destroy(gone)
    this.#onFinished()
  }

  /** The bytes are lent, so what is kept is a copy. */
  #hold(bytes: Uint8Array): boolean {
    this.#held.push(Buffer.from(bytes))
    this.#heldBytes += bytes.length
    return this.#heldBytes < MAX_HELD_BYTES
  }

  #takeHeld(): Buffer {
    const held = Buffer.concat(this.#held)
    this.#held = []
    this.#heldBytes = 0
    return held
  }

  /** Serves the requests in what has come; stops at one that must be waited for. */
  #readHeads(bytes: Buffer): boolean {
    const isBeginning = this.#requestLine === undefined && this.#reader.isEmpty
    const foreign = isBeginning ? describeForeign(bytes) : undefined
    if (foreign !== undefined) {
      this.#door.notices.warn(`http ${foreign.kind}`, foreign.advice)
      this.#close(foreign.reply)
      return true
    }
    try {
      this.#reader.push(bytes)
      while (this.#state.kind === 'head') {
        const lines = this.#reader.next()
        if (lines === undefined) return true
        this.#requestLine = lines[0]
        this.#serve(readHttpRequest(parseRequestHead(lines)))
      }
    } catch (thrown) {
      this.#refuse(toTorError(thrown))
    }
    return true
  }

  #serve(request: HttpRequest): void {
    switch (request.kind) {
      case 'tunnel':
        this.#openTunnel(request).catch((thrown: unknown) => this.#refuse(toTorError(thrown)))
        break
      case 'forward':
        // A host that is none, or a body that is broken from its first byte, shows here.
        this.#forward(request).catch((thrown: unknown) => this.#refuse(toTorError(thrown)))
        break
      case 'capabilities':
        // Who asks and asks and takes no answer would have us hold them all.
        if (!this.#socket.write(CAPABILITIES_REPLY) || !request.keepsAlive) this.#close()
        else this.#startTimer(HANDSHAKE_LIMIT_MS)
        break
      case 'visit':
        this.#close(NOT_A_WEB_SITE_PAGE)
        break
      case 'rpc':
        this.#close(RPC_REPLY)
        break
      case 'rebound':
        this.#door.log.info('Closed an HTTP request that names another host, or that a web page caused')
        this.#close()
        break
    }
  }

  /** A head that cannot be served. The answer is for those who meant a proxy, and for nobody else. */
  #refuse(error: TorError): void {
    this.#door.log.info('Refused an application on the HTTP port: ', error.message)
    const isProxyUser = isMeantForProxy(this.#requestLine ?? this.#reader.opening)
    const status = error.kind === 'limit' ? HEAD_TOO_LARGE : undefined
    this.#close(isProxyUser ? encodeRefusal(error.message, status) : undefined)
  }

  async #openTunnel(request: TunnelRequest): Promise<void> {
    const early = new InitialData(this.#reader.takeRest())
    const opened = await this.#open(request, early, (error) => this.#close(encodeTunnelFailure(error)))
    if (opened === undefined) return
    this.#state = { kind: 'tunnel' }
    this.#socket.write(TUNNEL_REPLY)
    pipeBytes(this.#socket, opened, this.#hasEnded, this.#onFinished)
  }

  async #forward(request: ForwardRequest): Promise<void> {
    const body = new RequestBody(request)
    const parts = [encodeForwardHead({ ...request, host: parseStreamHost(request.host).host })]
    const rest = this.#reader.takeRest()
    const taken = body.push(rest, (piece) => parts.push(piece))
    if (taken < rest.length) this.#hold(rest.subarray(taken))
    const opened = await this.#open(request, Buffer.concat(parts), (error) =>
      this.#close(encodeForwardFailure(error)),
    )
    if (opened === undefined) return
    const exchange = new ForwardExchange(request, opened, this.#socket, {
      onDone: (closes) => this.#endExchange(closes || !body.isComplete),
      onFailed: (error, hasBegun) => this.#failExchange(error, hasBegun),
    })
    if (!this.#isOpening()) return
    this.#state = { kind: 'exchange', exchange, body }
    if (this.#sendBody(exchange, body, this.#takeHeld())) this.#socket.resume()
  }

  /** The stream, or nothing when it failed (which was answered) or the application is gone. */
  async #open(
    request: TunnelRequest | ForwardRequest,
    initialData: Buffer | InitialData,
    onFailed: (error: TorError) => void,
  ): Promise<ByteStream | undefined> {
    this.#timer?.cancel()
    const abort = new StopSource()
    const early = initialData instanceof InitialData ? initialData : undefined
    this.#state = { kind: 'opening', abort, early }
    const { host, port, credentials, families } = request
    const requester = { clientAddress: this.#socket.clientAddress, protocol: 'http', credentials } as const
    try {
      const stream = await this.#door.connect(requester, host, port, { abort, families, initialData })
      if (this.#isOpening()) return stream
      stream.destroy()
    } catch (thrown) {
      if (!this.#isOpening()) return undefined
      const error = toTorError(thrown, 'internal', 'serving an application')
      this.#door.reportFailure(host, error)
      onFailed(error)
    }
    return undefined
  }

  #isOpening(): boolean {
    return this.#state.kind === 'opening'
  }

  /** Body first, then what belongs to the next request. */
  #sendBody(exchange: ForwardExchange, body: RequestBody, bytes: Buffer): boolean {
    let mayGoOn = true
    try {
      const taken = body.push(bytes, (piece) => {
        mayGoOn = exchange.write(piece)
      })
      if (taken < bytes.length) return this.#hold(bytes.subarray(taken)) && mayGoOn
    } catch (thrown) {
      const error = toTorError(thrown)
      exchange.destroy(error)
      this.#refuse(error)
    }
    return mayGoOn
  }

  #endExchange(closes: boolean): void {
    if (this.#state.kind === 'closed') return
    if (closes || this.#isRetired) {
      this.#close()
      return
    }
    this.#state = { kind: 'head' }
    this.#requestLine = ''
    this.#reader = newHeadReader()
    this.#startTimer(HANDSHAKE_LIMIT_MS)
    this.#readHeads(this.#takeHeld())
    this.#socket.resume()
  }

  /** A response that was cut must not pass for a whole one. */
  #failExchange(error: TorError, hasBegun: boolean): void {
    this.#door.log.info('A plain HTTP request failed (', error.kind, '): ', error.message)
    if (hasBegun) {
      this.#state = { kind: 'closing' }
      this.#socket.reset()
    } else this.#close(encodeForwardFailure(error))
  }

  #close(reply?: Buffer): void {
    if (this.#state.kind === 'closed') return
    this.#state = { kind: 'closing' }
    this.#startTimer(CLOSING_LIMIT_MS)
    if (reply !== undefined) this.#socket.write(reply)
    this.#socket.closeWhenFlushed()
    this.#socket.resume()
  }

  #startTimer(limitMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#door.clock.setTimer(limitMs, () => this.#socket.destroy())
  }
}

function newHeadReader(): HttpHeadReader {
  return new HttpHeadReader({
    maxHeadBytes: MAX_HTTP_HEAD_BYTES,
    maxHeldBytes: MAX_HTTP_HEAD_BYTES + MAX_READ_BYTES + MAX_HELD_BYTES,
    allowsBareLf: false,
  })
}
