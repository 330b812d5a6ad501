/** Work that is cut into slices by a generator, so that no turn of the event loop is long. */
import { throwIfAborted } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'

export type Slices<T> = Generator<undefined, T, undefined>

/** Does all the work at once. */
export function finishSlices<T>(slices: Slices<T>): T {
  for (;;) {
    const step = slices.next()
    if (step.done === true) return step.value
  }
}

/** Does one slice per turn of the event loop. Rejects with what a slice throws, or when the signal fires. */
export async function runSlices<T>(slices: Slices<T>, clock: Clock, signal?: AbortSignal): Promise<T> {
  for (;;) {
    throwIfAborted(signal)
    const step = slices.next()
    if (step.done === true) return step.value
    await new Promise<void>((resolve) => {
      clock.atTurnEnd(resolve)
    })
  }
}
