/** Watches the process that `__OwningControllerProcess` names, and tells when it is gone. */
import type { ProcessTable } from '../persist/process-identity.ts'
import { type Clock, sleep } from '../util/clock.ts'

/** As C tor: a controller that is gone is missed within a quarter of a minute. */
const POLL_MS = 15_000

/** Resolves when the process is not there (any more); rejects when the signal fires. */
export async function waitForProcessEnd(
  processId: number,
  processes: ProcessTable,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  // By its start time too: the number may be given to another process between two looks.
  const identity = await processes.identify(processId)
  while (await processes.isAlive(identity)) await sleep(clock, POLL_MS, signal)
}
