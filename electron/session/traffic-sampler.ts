/**
 * Gives the meter its seconds while a core runs. Once nothing has moved for a second there is no timer either, until the
 * core says that something moved: an app at rest does not wake the processor to find that it rests.
 */
import type { Clock, Timer } from '../clock.ts'
import type { TrafficView } from '../ipc/snapshot.ts'
import { type Bytes, TrafficMeter } from './traffic-meter.ts'

const SAMPLE_INTERVAL_MS = 1_000

export class TrafficSampler {
  readonly #clock: Clock
  readonly #publish: (view: TrafficView) => void
  readonly #meter = new TrafficMeter()
  #isOn = false
  #timer: Timer | undefined

  constructor(clock: Clock, publish: (view: TrafficView) => void) {
    this.#clock = clock
    this.#publish = publish
  }

  /** While a core runs, or is to. */
  run(isOn: boolean): void {
    if (isOn === this.#isOn) return
    this.#isOn = isOn
    if (isOn) return this.#sampleSoon()
    this.close()
    this.#publish(this.#meter.pause(this.#clock.wallMs()))
  }

  onStatus(bytes: Bytes): void {
    this.#meter.onStatus(bytes)
    this.#sampleSoon()
  }

  onCoreEnded(): void {
    this.#meter.onCoreEnded()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #sampleSoon(): void {
    if (!this.#isOn || this.#meter.isAtRest) return
    this.#timer ??= this.#clock.setTimer(SAMPLE_INTERVAL_MS, () => {
      this.#timer = undefined
      this.#publish(this.#meter.sample(this.#clock.wallMs()))
      this.#sampleSoon()
    })
  }
}
