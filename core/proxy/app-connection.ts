/**
 * One application's SOCKS connection from its first byte to its end: handshake, request, reply, and then a pipe. When
 * the application goes away its request is aborted; nothing here ever opens a connection or looks up a name itself.
 */
import { InitialData } from '../client/initial-data.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { Timer } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { StopSource } from '../util/stop-signal.ts'
import type { AppRequest, HandshakeParser } from './app-request.ts'
import type { AppReader, AppSocket } from './app-socket.ts'
import type { FrontDoor, Requester } from './front-door.ts'
import { CLOSING_LIMIT_MS, HANDSHAKE_LIMIT_MS, MAX_HELD_BYTES } from './handshake-limits.ts'
import { pipeBytes } from './pipe-bytes.ts'

export class AppConnection implements AppReader {
  readonly #door: FrontDoor
  readonly #socket: AppSocket
  /** Until the request is read. */
  #parser: HandshakeParser | undefined
  readonly #onFinished: () => void
  /** While a request waits. */
  #abort: StopSource | undefined
  #timer: Timer | undefined
  #phase: 'handshake' | 'waiting' | 'closing' | 'piping' | 'closed' = 'handshake'
  /** While a request waits: what comes behind it. */
  #early: InitialData | undefined
  #hasEnded = false

  /** Owns the socket from now on. `onFinished` is called once, when it is gone. */
  constructor(door: FrontDoor, socket: AppSocket, parser: HandshakeParser, onFinished: () => void) {
    this.#door = door
    this.#socket = socket
    this.#parser = parser
    this.#onFinished = onFinished
    this.#startTimer(HANDSHAKE_LIMIT_MS)
    socket.start(this)
  }

  /** Takes no request any more; one that was made goes on to its end. */
  retire(): void {
    if (this.#phase === 'handshake') this.#socket.destroy()
  }

  /** Ends it at once, whatever it is doing. */
  destroy(): void {
    this.#socket.destroy()
  }

  onBytes(bytes: Uint8Array): boolean {
    if (this.#phase === 'handshake') return this.#readHandshake(bytes)
    // Behind a refusal the rest is read and dropped, so that no RST overtakes the reply.
    if (this.#phase !== 'waiting') return true
    this.#early?.append(bytes)
    return this.#earlyBytes < MAX_HELD_BYTES
  }

  onEnd(): void {
    this.#hasEnded = true
    // Before the request, or with nothing sent behind it, an application that ends has gone away. One that sent its
    // whole input and ended may still want the answer.
    const isGone = this.#phase === 'handshake' || (this.#phase === 'waiting' && this.#earlyBytes === 0)
    if (isGone) this.#socket.destroy()
  }

  onDrain(): void {}

  onClose(): void {
    if (this.#phase === 'closed') return
    this.#phase = 'closed'
    this.#stopTimer()
    this.#early = undefined
    this.#abort?.abort(new TorError('aborted', 'the application went away'))
    this.#onFinished()
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
          if (step.advice !== undefined) this.#door.notices.warn(`socks ${step.reason}`, step.advice)
          this.#refuse(step.bytes, step.reason)
          return true
        case 'request':
          void this.#serve(step.request, step.rest)
          return true
      }
    }
  }

  #refuse(reply: Buffer, reason: string): void {
    this.#door.log.info('Refused an application: ', reason)
    this.#close(reply)
  }

  #close(reply: Buffer): void {
    this.#phase = 'closing'
    this.#startTimer(CLOSING_LIMIT_MS)
    if (reply.length > 0) this.#socket.write(reply)
    this.#socket.closeWhenFlushed()
    this.#socket.resume()
  }

  async #serve(request: AppRequest, rest: Buffer): Promise<void> {
    this.#phase = 'waiting'
    this.#parser = undefined
    this.#stopTimer()
    const initialData = new InitialData(rest)
    this.#early = initialData
    const abort = new StopSource()
    this.#abort = abort
    const requester = this.#requester(request)
    try {
      this.#door.judgeSocks(requester, request)
      if (request.command === 'connect') {
        const { host, port } = request
        this.#connected(request, await this.#door.connect(requester, host, port, { abort, initialData }))
      } else this.#answer(await this.#lookUp(request, requester, abort))
    } catch (error) {
      this.#fail(request, toTorError(error, 'internal', 'serving an application'))
    } finally {
      this.#abort = undefined
      this.#early = undefined
    }
  }

  get #earlyBytes(): number {
    return this.#early?.length ?? 0
  }

  #connected(request: AppRequest, stream: ByteStream): void {
    if (this.#phase === 'waiting') this.#pipe(request, stream)
    else stream.destroy()
  }

  #pipe(request: AppRequest, stream: ByteStream): void {
    this.#phase = 'piping'
    this.#socket.write(request.replies.connected())
    pipeBytes(this.#socket, stream, this.#hasEnded, () => this.onClose())
  }

  async #lookUp(request: AppRequest, requester: Requester, abort: StopSource): Promise<Buffer> {
    const { host, command, replies } = request
    const reply =
      command === 'resolve'
        ? replies.resolved(await this.#door.resolve(requester, host, abort))
        : replies.named(await this.#door.resolveAddress(requester, host, abort))
    if (reply === undefined) throw new TorError('resolve-failed', 'no answer that this protocol can carry')
    return reply
  }

  #answer(reply: Buffer): void {
    if (this.#phase === 'waiting') this.#close(reply)
  }

  #requester({ protocol, credentials }: AppRequest): Requester {
    return { clientAddress: this.#socket.clientAddress, protocol, credentials }
  }

  #fail(request: AppRequest, error: TorError): void {
    if (this.#phase !== 'waiting') return
    this.#door.reportFailure(request.host, error)
    this.#close(request.replies.failed(error))
  }

  #stopTimer(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #startTimer(limitMs: number): void {
    this.#timer?.cancel()
    this.#timer = this.#door.clock.setTimer(limitMs, () => {
      this.#door.log.info('An application did not finish its part in time')
      this.#socket.destroy()
    })
  }
}
