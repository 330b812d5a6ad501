/**
 * The stream over a Snowflake session. Either way it holds no more than one window: what the session has no room for is
 * not taken from the writer, and what the reader has not taken is not asked of the bridge.
 */
import { Duplex } from 'node:stream'
import { ByteCollector } from '../../util/byte-collector.ts'
import type { TorError } from '../../util/errors.ts'
import { SnowflakeSession, type SnowflakeSessionParts } from './snowflake-session.ts'

type Done = (error?: Error) => void

const NOTHING = Buffer.alloc(0)

export interface SnowflakeStreamEvents {
  /** The server has answered: there is a way to the bridge. Comes once. */
  readonly onOpen: () => void
  /** A try to find a proxy has failed; more follow. See `PeerFinderParts.onFailure`. */
  readonly onTryFailed: (error: TorError, isOurs: boolean) => void
}

export class SnowflakeStream extends Duplex {
  readonly #session: SnowflakeSession
  readonly #received = new ByteCollector()
  #isWanted = false
  #hasEnded = false
  /** What the writer has given and the session has not taken, and whom to tell when all is taken. */
  #unsent: Buffer = NOTHING
  #onTaken: Done | undefined

  /** Begins to look for a proxy. */
  constructor(parts: SnowflakeSessionParts, { onOpen, onTryFailed }: SnowflakeStreamEvents) {
    super({ allowHalfOpen: false })
    this.#session = new SnowflakeSession(parts, {
      onOpen,
      onTryFailed,
      onData: (bytes) => this.#received.push(bytes),
      onRoom: () => {
        this.#give()
        this.#send()
      },
      onEnd: () => {
        this.#hasEnded = true
      },
      onFailed: (error) => this.destroy(error),
    })
    // Whoever holds the stream learns of its end by `close` if not by this: a proxy must not end the process.
    this.on('error', () => {})
    this.#session.start()
  }

  override _read(): void {
    this.#isWanted = true
    this.#give()
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#unsent = chunk
    this.#onTaken = done
    this.#send()
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done)
  }

  override _final(done: Done): void {
    this.#session.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#session.close()
    this.#received.take()
    this.#unsent = NOTHING
    this.#onTaken = undefined
    done(error)
  }

  /** One piece for all that a turn has brought. */
  #give(): void {
    if (!this.#isWanted || this.destroyed) return
    const bytes = this.#received.take()
    if (bytes.length > 0) {
      this.#isWanted = this.push(bytes)
      this.#session.onConsumed(bytes.length)
    } else if (this.#hasEnded) {
      this.#isWanted = false
      this.push(null)
    }
  }

  #send(): void {
    while (this.#unsent.length > 0) {
      const room = this.#session.roomBytes
      if (room === 0) return
      this.#session.write(this.#unsent.subarray(0, room))
      this.#unsent = this.#unsent.subarray(room)
    }
    const done = this.#onTaken
    this.#onTaken = undefined
    done?.()
  }
}
