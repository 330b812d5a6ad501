/** Gives the event loop a turn between stretches of parsing, so that no turn is held for long. */
import { throwIfAborted } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'

/** Resolves after the I/O of this turn; throws when the signal has fired by then. */
export async function nextTurn(clock: Clock, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => clock.atTurnEnd(resolve))
  throwIfAborted(signal)
}
