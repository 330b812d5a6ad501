/**
 * Lets the directory's network work run only while the client is awake: going dormant stops it, waking starts it anew,
 * and so does news after which its waits and connections are worth nothing, such as the end of a computer's sleep.
 */
import { throwIfAborted } from '../util/abort.ts'
import { linkAbort } from '../util/linked-abort.ts'
import { WatchedValue, waitUntil } from '../util/watched-value.ts'

export class AwakeGate {
  readonly #isAwake: WatchedValue<boolean>
  readonly #restarts = new WatchedValue(0)

  constructor(isAwake: boolean) {
    this.#isAwake = new WatchedValue(isAwake)
  }

  get isAwake(): boolean {
    return this.#isAwake.value
  }

  setAwake(isAwake: boolean): void {
    this.#isAwake.set(isAwake)
  }

  /** Work under way is stopped and begun again. */
  restart(): void {
    this.#restarts.set(this.#restarts.value + 1)
  }

  /** Resolves while awake, now or later. */
  async wait(signal: AbortSignal): Promise<void> {
    await waitUntil(this.#isAwake, (isAwake) => isAwake, signal)
  }

  /**
   * Runs `work` until it is through without being interrupted; it may be called many times. Rejects as it does, and
   * when the signal fires.
   */
  async run<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    for (;;) {
      await this.wait(signal)
      const scope = linkAbort(signal)
      const stopWatching = [this.#isAwake.watch(() => scope.stop()), this.#restarts.watch(() => scope.stop())]
      try {
        return await work(scope.signal)
      } catch (error) {
        throwIfAborted(signal)
        if (!scope.signal.aborted) throw error
      } finally {
        for (const stop of stopWatching) stop()
        scope.stop()
      }
    }
  }
}
