/**
 * The stream over a meek session: requests one after another, each with what there is to send and answered with what there
 * is to read. While there is neither they come slower and slower. It holds one write on the way out, and on the way in no
 * more than a few answers that nobody reads.
 */
import { Duplex } from 'node:stream'
import { createLifetime } from '../../util/abort.ts'
import { type Clock, sleep, type Timer } from '../../util/clock.ts'
import { createDeferred, type Deferred } from '../../util/deferred.ts'
import { isTorError, toTorError } from '../../util/errors.ts'
import {
  exchangeMeek,
  MEEK_MAX_BODY_BYTES,
  type MeekExchangeParts,
  MeekStatusError,
} from './meek-exchange.ts'

/** As the reference implementations ask when there is nothing to say: so that the rhythm tells nobody who asks. */
const FIRST_POLL_MS = 100
const MAX_POLL_MS = 5_000
const POLL_GROWTH = 1.5
/** Longer than any server holds a request. */
const REQUEST_LIMIT_MS = 30_000
/**
 * After a status that says that something on the way is overloaded, the same is sent again. Reference clients try for five
 * minutes; a channel that is silent is given up long before, and a server that was started again has lost the session.
 */
const MAX_RETRIES = 4
const FIRST_RETRY_MS = 1_000
const RETRY_GROWTH = 2
const PASSING_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504])
/** What may lie unread while there still is something to send: the reader may wait for us to send it. */
const MAX_UNREAD_BYTES = 1 << 20
const WRITE_BUFFER_BYTES = 2 * MEEK_MAX_BODY_BYTES
const READ_BUFFER_BYTES = 2 * MEEK_MAX_BODY_BYTES

type Done = (error?: Error) => void

const NOTHING = Buffer.alloc(0)

export class MeekStream extends Duplex {
  readonly #parts: MeekExchangeParts
  readonly #clock: Clock
  readonly #lifetime = createLifetime()
  #unsent: Buffer = NOTHING
  #onSent: Done | undefined
  #isReaderFull = false
  #pollMs = 0
  #turn: Deferred<void> | undefined
  #pollTimer: Timer | undefined
  #isDue = true
  #hasEnded = false

  /** The session is open; `first` is what came in its first answer. The web session is the stream's own from here on. */
  constructor(parts: MeekExchangeParts, first: Buffer) {
    super({
      allowHalfOpen: false,
      readableHighWaterMark: READ_BUFFER_BYTES,
      writableHighWaterMark: WRITE_BUFFER_BYTES,
    })
    this.#parts = parts
    this.#clock = parts.clock
    // Whoever holds the stream learns of its end by `close` if not by this: a server must not end the process.
    this.on('error', () => {})
    if (first.length > 0) this.#isReaderFull = !this.push(first)
    void this.#run()
  }

  override _read(): void {
    this.#isReaderFull = false
    this.#wake()
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#unsent = chunk
    this.#onSent = done
    this.#wake()
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done)
  }

  /** All has been sent: each write is done when it is. There is no word for the end, so that the server forgets us. */
  override _final(done: Done): void {
    this.#hasEnded = true
    this.#pollTimer?.cancel()
    this.push(null)
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#pollTimer?.cancel()
    this.#lifetime.abort()
    this.#parts.web.close()
    this.#unsent = NOTHING
    this.#onSent = undefined
    this.#turn?.resolve()
    done(error)
  }

  async #run(): Promise<void> {
    try {
      for (;;) {
        await this.#untilTurn()
        if (this.destroyed) return
        const body = this.#unsent.subarray(0, MEEK_MAX_BODY_BYTES)
        this.#isDue = false
        const answer = await this.#exchange(body)
        if (this.destroyed) return
        this.#onAnswer(body.length, answer)
      }
    } catch (error) {
      if (!this.destroyed) this.destroy(toTorError(error, 'channel-failed', 'the meek session'))
    }
  }

  #onAnswer(sentBytes: number, answer: Buffer): void {
    this.#unsent = this.#unsent.subarray(sentBytes)
    const done = this.#onSent
    if (this.#unsent.length === 0 && done !== undefined) {
      this.#onSent = undefined
      done()
    }
    if (this.#hasEnded) return
    if (answer.length > 0 && !this.push(answer)) this.#isReaderFull = true
    if (sentBytes > 0 || answer.length > 0) this.#pollMs = 0
    else this.#pollMs = this.#pollMs === 0 ? FIRST_POLL_MS : Math.min(this.#pollMs * POLL_GROWTH, MAX_POLL_MS)
    this.#setPoll()
  }

  #setPoll(): void {
    if (this.#pollMs === 0) {
      this.#isDue = true
      return
    }
    this.#pollTimer = this.#clock.setTimer(this.#pollMs, () => {
      this.#isDue = true
      this.#wake()
    })
  }

  get #isTurn(): boolean {
    if (this.destroyed) return true
    if (this.#hasEnded) return false
    if (this.#unsent.length > 0) return this.readableLength < MAX_UNREAD_BYTES
    return this.#isDue && !this.#isReaderFull
  }

  async #untilTurn(): Promise<void> {
    while (!this.#isTurn) {
      this.#turn = createDeferred()
      await this.#turn.promise
    }
    this.#turn = undefined
    this.#pollTimer?.cancel()
  }

  #wake(): void {
    this.#turn?.resolve()
  }

  async #exchange(body: Buffer): Promise<Buffer> {
    const { signal } = this.#lifetime
    for (let retries = 0, delayMs = FIRST_RETRY_MS; ; retries++, delayMs *= RETRY_GROWTH) {
      try {
        return await exchangeMeek(this.#parts, body, REQUEST_LIMIT_MS, signal)
      } catch (error) {
        const isPassing = error instanceof MeekStatusError && PASSING_STATUSES.has(error.status)
        if (!isPassing || retries === MAX_RETRIES || !isTorError(error)) throw error
        await sleep(this.#clock, delayMs, signal)
      }
    }
  }
}
