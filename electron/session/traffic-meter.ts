/**
 * Application bytes for the graph: a sample each second, and totals that go on when the core was started again. Seconds
 * of rest are not repeated: an app that nobody uses has nothing to tell its window.
 */
import { MAX_TRAFFIC_SAMPLES, type TrafficView } from '../ipc/snapshot.ts'

export interface Bytes {
  readonly readBytes: number
  readonly writtenBytes: number
}

const NONE: Bytes = { readBytes: 0, writtenBytes: 0 }

export class TrafficMeter {
  /** Of cores that are gone. */
  #before = NONE
  /** Of the core that runs, as it counts. */
  #now = NONE
  #sampled = NONE
  #view: TrafficView = { ...NONE, samples: [] }

  get view(): TrafficView {
    return this.#view
  }

  /** The line has come down to nothing, and nothing has moved since. */
  get isAtRest(): boolean {
    const last = this.#view.samples.at(-1)
    const total = this.#total()
    return last !== undefined && isRest(last) && isRest(differenceOf(total, this.#sampled))
  }

  onStatus({ readBytes, writtenBytes }: Bytes): void {
    this.#now = { readBytes, writtenBytes }
  }

  /** A new core counts from nothing. */
  onCoreEnded(): void {
    this.#before = this.#total()
    this.#now = NONE
  }

  /** What moved since the sample before; the view of before when nothing did, twice running. */
  sample(atMs: number): TrafficView {
    const total = this.#total()
    const sample = { atMs, ...differenceOf(total, this.#sampled) }
    this.#sampled = total
    const { samples } = this.#view
    const last = samples.at(-1)
    if (last !== undefined && isRest(last) && isRest(sample)) return this.#view
    this.#view = { ...total, samples: [...samples, sample].slice(-MAX_TRAFFIC_SAMPLES) }
    return this.#view
  }

  /** The last sample before a pause: the line does not go on where nothing is measured. */
  pause(atMs: number): TrafficView {
    return isRest(this.sample(atMs).samples.at(-1) ?? NONE) ? this.#view : this.sample(atMs)
  }

  #total(): Bytes {
    return {
      readBytes: this.#before.readBytes + this.#now.readBytes,
      writtenBytes: this.#before.writtenBytes + this.#now.writtenBytes,
    }
  }
}

function differenceOf(now: Bytes, before: Bytes): Bytes {
  return {
    readBytes: now.readBytes - before.readBytes,
    writtenBytes: now.writtenBytes - before.writtenBytes,
  }
}

function isRest({ readBytes, writtenBytes }: Bytes): boolean {
  return readBytes === 0 && writtenBytes === 0
}
