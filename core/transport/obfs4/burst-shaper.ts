/**
 * What goes on the wire, in which pieces and after which pauses: lengths and timing that say nothing of the cells
 * inside. Pure, but for the draws. The rules are those of the reference implementation, oddities included: a client
 * that is more careful than all the others is known by it.
 */
import { sha256 } from '../../crypto/hash.ts'
import { type Random, randomBytes } from '../../util/random.ts'
import { DRBG_SEED_BYTES } from './drbg.ts'
import { FRAME_OVERHEAD_BYTES, type FrameEncoder, MAX_PAYLOAD_BYTES, MAX_SEGMENT_BYTES } from './frames.ts'
import { LengthDistribution } from './length-distribution.ts'
import type { IatMode } from './obfs4-arguments.ts'

/** In steps of a tenth of a millisecond. */
const MAX_PAUSE_STEPS = 100
const PAUSE_STEP_MS = 0.1

/**
 * How often one burst is padded in mode 2; one or two times are usual. A bridge whose few lengths leave a rest each time
 * that is too short for them and too long to be padded exactly (one of some thousands draws such) would have us pad for
 * ever, and never come to the next burst.
 */
const MAX_PADDINGS = 32

const NOTHING = Buffer.alloc(0)

export class BurstShaper {
  readonly #encoder: FrameEncoder
  readonly #iatMode: IatMode
  readonly #random: Random
  #lengths: LengthDistribution
  #pauses: LengthDistribution
  #pending: Buffer = NOTHING
  #paddings = 0

  constructor(encoder: FrameEncoder, iatMode: IatMode, random: Random) {
    this.#encoder = encoder
    this.#iatMode = iatMode
    this.#random = random
    // Until the bridge says how traffic to it looks.
    const seed = randomBytes(random, DRBG_SEED_BYTES)
    this.#lengths = lengthsOf(seed)
    this.#pauses = pausesOf(seed)
  }

  useSeed(seed: Buffer): void {
    this.#lengths = lengthsOf(seed)
    if (this.#iatMode !== 0) this.#pauses = pausesOf(seed)
  }

  /** One burst; `take` must have given out the last one. The bytes are copied. */
  add(data: Uint8Array): void {
    const frames = Math.ceil(data.length / MAX_PAYLOAD_BYTES)
    const burst = Buffer.allocUnsafe(data.length + frames * FRAME_OVERHEAD_BYTES)
    let end = 0
    for (let at = 0; at < data.length; at += MAX_PAYLOAD_BYTES) {
      end = this.#encoder.encode(data.subarray(at, at + MAX_PAYLOAD_BYTES), 0, burst, end)
    }
    this.#pending = burst
    this.#paddings = 0
    if (this.#iatMode !== 2) this.#padTo(this.#lengths.sample(this.#random))
  }

  /** What is written next, in one piece; undefined when nothing waits. */
  take(): Buffer | undefined {
    if (this.#pending.length === 0) return undefined
    const length = this.#nextLength()
    const segment = this.#pending.subarray(0, length)
    this.#pending = this.#pending.subarray(length)
    return segment
  }

  /** How long to wait after a piece was written, in milliseconds with fractions. */
  drawPauseMs(): number {
    return this.#iatMode === 0 ? 0 : this.#pauses.sample(this.#random) * PAUSE_STEP_MS
  }

  #nextLength(): number {
    if (this.#iatMode === 0) return this.#pending.length
    if (this.#iatMode === 1) return Math.min(this.#pending.length, MAX_SEGMENT_BYTES)
    // A bridge whose one length is zero would else never be written to.
    let length = this.#lengths.sample(this.#random) || MAX_SEGMENT_BYTES
    if (this.#pending.length < length) {
      if (++this.#paddings > MAX_PADDINGS) return this.#pending.length
      this.#padTo(length)
      // Padding that needed two frames is longer than any length: the next draw fits.
      if (this.#pending.length !== length) length = this.#lengths.sample(this.#random) || MAX_SEGMENT_BYTES
    }
    return length
  }

  /** Pads until the last segment has this length. */
  #padTo(length: number): void {
    const last = this.#pending.length % MAX_SEGMENT_BYTES
    const missing = length >= last ? length - last : MAX_SEGMENT_BYTES - last + length
    if (missing === 0) return
    if (missing > FRAME_OVERHEAD_BYTES) return this.#pad([missing - FRAME_OVERHEAD_BYTES])
    // Too little for a frame. Everybody's clients go over the mark by one frame's overhead here, and so do we.
    this.#pad([MAX_PAYLOAD_BYTES, missing])
  }

  #pad(paddings: readonly number[]): void {
    const sum = paddings.reduce((total, bytes) => total + bytes + FRAME_OVERHEAD_BYTES, this.#pending.length)
    const padded = Buffer.allocUnsafe(sum)
    let end = this.#pending.copy(padded)
    for (const bytes of paddings) end = this.#encoder.encode(NOTHING, bytes, padded, end)
    this.#pending = padded
  }
}

function lengthsOf(seed: Buffer): LengthDistribution {
  return new LengthDistribution(seed, MAX_SEGMENT_BYTES)
}

function pausesOf(seed: Buffer): LengthDistribution {
  return new LengthDistribution(sha256(seed).subarray(0, DRBG_SEED_BYTES), MAX_PAUSE_STEPS)
}
