/**
 * The stream over an obfs4 connection. It holds one burst on the way out and one read on the way in, and no more: what
 * the socket or the reader has no room for is not taken from the other side.
 */
import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import type { Clock, Timer } from '../../util/clock.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import type { Random } from '../../util/random.ts'
import { connectionError } from '../tcp-dialler.ts'
import { BurstShaper } from './burst-shaper.ts'
import { FrameDecoder, FrameEncoder } from './frames.ts'
import type { IatMode } from './obfs4-arguments.ts'
import type { Obfs4Session } from './obfs4-handshake.ts'

/** As much as the reference implementation reads before it writes. */
const MAX_BURST_BYTES = 32_768

export interface Obfs4StreamParts {
  /** Paused; what comes first are frames. */
  readonly socket: Socket
  /** Its keys are wiped. */
  readonly session: Obfs4Session
  readonly iatMode: IatMode
  readonly clock: Clock
  readonly random: Random
}

type Done = (error?: Error) => void

const NOTHING = Buffer.alloc(0)

export class Obfs4Stream extends Duplex {
  readonly #socket: Socket
  readonly #clock: Clock
  readonly #encoder: FrameEncoder
  readonly #decoder: FrameDecoder
  readonly #shaper: BurstShaper
  #hasSeed = false
  #hasEnded = false
  /** What the writer has given and no burst has taken, and whom to tell when all has gone. */
  #unsent: Buffer = NOTHING
  #onSent: Done | undefined
  #pauseTimer: Timer | undefined

  constructor({ socket, session, iatMode, clock, random }: Obfs4StreamParts) {
    super({ allowHalfOpen: false })
    this.#socket = socket
    this.#clock = clock
    this.#encoder = new FrameEncoder(session.toBridge)
    this.#decoder = new FrameDecoder(session.fromBridge, { onSeed: (seed) => this.#onSeed(seed) }, random)
    this.#shaper = new BurstShaper(this.#encoder, iatMode, random)
    session.toBridge.fill(0)
    session.fromBridge.fill(0)
    socket.on('data', (bytes) => this.#onBytes(bytes))
    socket.on('drain', () => this.#pauseAndGoOn())
    socket.on('end', () => this.#onEnd())
    socket.on('error', (error) => this.destroy(connectionError(error, 'the obfs4 connection to')))
    // After a good end the reader may still have something to take.
    socket.on('close', () => {
      if (!this.#hasEnded) this.destroy()
    })
    // Whoever holds the stream learns of its end by `close` if not by this: a bridge must not end the process.
    this.on('error', () => {})
  }

  override _read(): void {
    this.#socket.resume()
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#unsent = chunk
    this.#onSent = done
    this.#send()
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], done: Done): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), 'buffer', done)
  }

  override _final(done: Done): void {
    this.#socket.end()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#pauseTimer?.cancel()
    this.#socket.destroy()
    this.#encoder.wipe()
    this.#decoder.wipe()
    this.#unsent = NOTHING
    this.#onSent = undefined
    done(error)
  }

  #send(): void {
    while (!this.destroyed) {
      const segment = this.#shaper.take()
      if (segment !== undefined) {
        // After `drain`, when the socket is full.
        if (!this.#socket.write(segment)) return
        if (this.#pause()) return
      } else if (this.#unsent.length > 0) {
        this.#shaper.add(this.#unsent.subarray(0, MAX_BURST_BYTES))
        this.#unsent = this.#unsent.subarray(MAX_BURST_BYTES)
      } else {
        const done = this.#onSent
        this.#onSent = undefined
        return done?.()
      }
    }
  }

  #pauseAndGoOn(): void {
    if (!this.#pause()) this.#send()
  }

  /** Whether there is one; it ends by sending on. */
  #pause(): boolean {
    const pauseMs = this.#shaper.drawPauseMs()
    if (pauseMs === 0 || this.destroyed) return false
    this.#pauseTimer = this.#clock.setTimer(pauseMs, () => this.#send())
    return true
  }

  #onBytes(bytes: Buffer): void {
    if (this.destroyed) return
    try {
      const payload = this.#decoder.decode(bytes)
      if (payload.length > 0 && !this.push(payload)) this.#socket.pause()
    } catch (error) {
      this.destroy(toTorError(error, 'protocol-violation', 'reading obfs4 frames'))
    }
  }

  /** A bridge has one shape. Each takes a while to work out, so that more of them would be a way to keep us busy. */
  #onSeed(seed: Buffer): void {
    if (this.#hasSeed) return
    this.#hasSeed = true
    this.#shaper.useSeed(seed)
  }

  #onEnd(): void {
    if (this.#decoder.isInFrame) {
      this.destroy(
        new TorError('channel-failed', 'the bridge closed in the middle of an obfs4 frame', {
          retry: 'elsewhere',
        }),
      )
    } else {
      this.#hasEnded = true
      this.push(null)
    }
  }
}
