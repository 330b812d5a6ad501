/** A clock that stands still but for being looked at: each look takes so long, as if work had been done before it. */
import type { Clock } from '../../core/util/clock.ts'

export function costlyClock<T extends Clock>(clock: T, msPerLook: number): T {
  let spentMs = 0
  return {
    ...clock,
    monotonicMs: () => {
      spentMs += msPerLook
      return clock.monotonicMs() + spentMs
    },
  }
}

/** What `count` was at the end of each turn of the event loop, less what it was before, until it is `total`. */
export async function perTurn(count: () => number, total: number): Promise<number[]> {
  const turns: number[] = []
  for (let before = count(); before < total && turns.length < 1000; ) {
    await new Promise((resolve) => setImmediate(resolve))
    turns.push(count() - before)
    before = count()
  }
  return turns
}
