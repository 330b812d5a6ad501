/**
 * One application's connection from its first byte to its end: handshake, request, reply, and then a pipe. When the
 * application goes away its request is aborted; nothing here ever opens a connection or looks up a name itself.
 */
import type { StreamIsolation } from '../circuit-manager/isolation.ts'
import type { StreamOpener, StreamOptions } from '../client/client-port.ts'
import { parseStreamHost, parseStreamTarget } from '../client/stream-target.ts'
import { withTimeout } from '../util/abort.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type Logger, sensitive } from '../util/log.ts'
import type { AppRequest, HandshakeParser } from './app-request.ts'
import type { AppReader, AppSocket } from './app-socket.ts'
import { pipeBytes } from './pipe-bytes.ts'
import { type ListenerIsolation, isolateRequest } from './request-isolation.ts'

/** Applications speak at once; C tor lets a handshake linger, which only serves who wants to exhaust us. */
const HANDSHAKE_LIMIT_MS = 60_000
/** What an application may send ahead of the reply before it is read no more: TLS hellos and small uploads fit. */
const MAX_HELD_BYTES = 65_536

/** What all connections of a listener share. */
export interface FrontDoor {
  readonly opener: StreamOpener
  readonly clock: Clock
  readonly log: Logger
  readonly isolation: ListenerIsolation
  /** How long one request may take in all. */
  readonly requestLimitMs: number
  /** Whether one more request may wait for its answer; `leaveWaiting` gives the place back. */
  enterWaiting(): boolean
  leaveWaiting(): void
}

export class AppConnection {
  readonly #door: FrontDoor
  readonly #socket: AppSocket
  /** Until the request is read. */
  #parser: HandshakeParser | undefined
  readonly #onFinished: () => void
  readonly #abort = new AbortController()
  readonly #handshakeTimer: Timer
  #phase: 'handshake' | 'waiting' | 'closing' | 'piping' | 'closed' = 'handshake'
  #held: Buffer[] = []
  #heldBytes = 0
  #hasEnded = false

  /** Owns the socket from now on. `onFinished` is called once, when it is gone. */
  constructor(door: FrontDoor, socket: AppSocket, parser: HandshakeParser, onFinished: () => void) {
    this.#door = door
    this.#socket = socket
    this.#parser = parser
    this.#onFinished = onFinished
    this.#handshakeTimer = door.clock.setTimer(HANDSHAKE_LIMIT_MS, () => {
      door.log.info('An application did not finish its proxy request in time')
      this.#socket.destroy()
    })
    socket.start(this.#reader())
  }

  /** Ends it at once, whatever it is doing. */
  destroy(): void {
    this.#socket.destroy()
  }

  #reader(): AppReader {
    return {
      onBytes: (bytes) => this.#read(bytes),
      onEnd: () => this.#endInput(),
      onDrain: () => {},
      onClose: () => this.#finish(),
    }
  }

  #read(bytes: Uint8Array): boolean {
    if (this.#phase === 'handshake') return this.#readHandshake(bytes)
    // Behind a refusal the rest is read and dropped, so that no RST overtakes the reply.
    if (this.#phase !== 'waiting') return true
    this.#held.push(Buffer.from(bytes))
    this.#heldBytes += bytes.length
    return this.#heldBytes < MAX_HELD_BYTES
  }

  #readHandshake(bytes: Uint8Array): boolean {
    const parser = this.#parser
    if (parser === undefined) return true
    try {
      parser.push(bytes)
    } catch (error) {
      this.#refuse(Buffer.alloc(0), toTorError(error).message)
      return true
    }
    for (;;) {
      const step = parser.next()
      switch (step.kind) {
        case 'need-more':
          return true
        case 'reply':
          this.#socket.write(step.bytes)
          break
        case 'refused':
          this.#refuse(step.bytes, step.reason)
          return true
        case 'request':
          void this.#serve(step.request, step.rest)
          return true
      }
    }
  }

  #endInput(): void {
    this.#hasEnded = true
    // Before the request, or with nothing sent behind it, an application that ends has gone away. One that sent its
    // whole input and ended may still want the answer.
    const isGone = this.#phase === 'handshake' || (this.#phase === 'waiting' && this.#heldBytes === 0)
    if (isGone) this.#socket.destroy()
  }

  #refuse(reply: Buffer, reason: string): void {
    this.#door.log.info('Refused an application: ', reason)
    this.#close(reply)
  }

  #close(reply: Buffer): void {
    this.#phase = 'closing'
    this.#handshakeTimer.cancel()
    if (reply.length > 0) this.#socket.write(reply)
    this.#socket.closeWhenFlushed()
    this.#socket.resume()
  }

  async #serve(request: AppRequest, rest: Buffer): Promise<void> {
    this.#phase = 'waiting'
    this.#parser = undefined
    this.#handshakeTimer.cancel()
    // The rest goes with BEGIN; it counts as held so that an end behind it is a half-close.
    this.#heldBytes = rest.length
    if (!this.#door.enterWaiting()) {
      this.#fail(request, new TorError('limit', 'too many requests wait for an answer', { retry: 'later' }))
      return
    }
    try {
      await this.#answer(request, rest)
    } catch (error) {
      this.#fail(request, toTorError(error, 'internal', 'serving an application'))
    } finally {
      this.#door.leaveWaiting()
    }
  }

  async #answer(request: AppRequest, rest: Buffer): Promise<void> {
    const { clock, requestLimitMs } = this.#door
    const options = rest.length > 0 ? { initialData: rest } : {}
    await withTimeout(clock, requestLimitMs, 'the request of an application', this.#abort.signal, (signal) =>
      request.command === 'connect'
        ? this.#connect(request, { ...options, signal })
        : this.#resolve(request, { ...options, signal }),
    )
  }

  async #connect(request: AppRequest, options: StreamOptions): Promise<void> {
    const target = parseStreamTarget(request.host, request.port)
    const isolation = this.#isolate(request, target.host, target.port)
    const stream = await this.#door.opener.openStream(target, { ...options, isolation })
    if (options.signal?.aborted || this.#phase !== 'waiting') {
      stream.destroy()
      return
    }
    this.#pipe(request, stream)
  }

  #pipe(request: AppRequest, stream: ByteStream): void {
    this.#phase = 'piping'
    this.#socket.write(request.replies.connected())
    const chunks = this.#held
    this.#held = []
    pipeBytes(this.#socket, stream, { chunks, hasEnded: this.#hasEnded }, () => this.#finish())
  }

  async #resolve(request: AppRequest, options: StreamOptions): Promise<void> {
    const { host } = parseStreamHost(request.host)
    const isolation = this.#isolate(request, host, 0)
    const addresses = await this.#door.opener.resolve(host, { ...options, isolation })
    if (this.#phase !== 'waiting') return
    const reply = request.replies.resolved(addresses)
    if (reply === undefined) throw new TorError('resolve-failed', 'no address that this protocol can carry')
    this.#close(reply)
  }

  #isolate({ protocol, credentials }: AppRequest, host: string, port: number): StreamIsolation {
    const { clientAddress } = this.#socket
    return isolateRequest(this.#door.isolation, { clientAddress, protocol, credentials, host, port })
  }

  #fail(request: AppRequest, error: TorError): void {
    if (this.#phase !== 'waiting') return
    const { log } = this.#door
    log.info('A request for ', sensitive(request.host), ' failed (', error.kind, '): ', error.message)
    this.#close(request.replies.failed(error.kind))
  }

  /** The socket is gone. */
  #finish(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#handshakeTimer.cancel()
    this.#held = []
    this.#abort.abort(new TorError('aborted', 'the application went away'))
    this.#onFinished()
  }
}
