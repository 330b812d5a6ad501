/** Application bytes for the graph: a sample each second, and totals that go on when the core was started again. */
import { MAX_TRAFFIC_SAMPLES, type TrafficSample, type TrafficView } from '../ipc/snapshot.ts'

interface Bytes {
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
  #samples: readonly TrafficSample[] = []

  get view(): TrafficView {
    return { ...this.#total(), samples: this.#samples }
  }

  onStatus({ readBytes, writtenBytes }: Bytes): void {
    this.#now = { readBytes, writtenBytes }
  }

  /** A new core counts from nothing. */
  onCoreEnded(): void {
    this.#before = this.#total()
    this.#now = NONE
  }

  sample(atMs: number): TrafficView {
    const total = this.#total()
    const sample = {
      atMs,
      readBytes: total.readBytes - this.#sampled.readBytes,
      writtenBytes: total.writtenBytes - this.#sampled.writtenBytes,
    }
    this.#sampled = total
    this.#samples = [...this.#samples, sample].slice(-MAX_TRAFFIC_SAMPLES)
    return this.view
  }

  #total(): Bytes {
    return {
      readBytes: this.#before.readBytes + this.#now.readBytes,
      writtenBytes: this.#before.writtenBytes + this.#now.writtenBytes,
    }
  }
}
