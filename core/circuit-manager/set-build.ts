/** Builds the legs of a conflux set together: all of them, or none. */
import type { Circuit } from '../circuit/circuit.ts'
import { abortError } from '../util/abort.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { CircuitBuilder, CircuitPlan } from './circuit-builder.ts'

/**
 * Resolves when every leg is complete. When one fails, or ends before the others are there, the rest ends with it and
 * the first error counts; `signal` ends them all.
 */
export async function buildLegs(
  builder: Pick<CircuitBuilder, 'build'>,
  plans: readonly CircuitPlan[],
  signal: AbortSignal,
): Promise<readonly Circuit[]> {
  const stop = new AbortController()
  let failure: TorError | undefined
  const fail = (error: TorError): void => {
    failure ??= error
    // Our own wish as far as the others go: what became of the network is told by the first.
    stop.abort(new TorError('closed', 'another leg of the set has failed', { cause: error }))
  }
  const onAbort = (): void => fail(abortError(signal))
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  const builds = plans.map(async (plan) => {
    const leg = await builder.build(plan, stop.signal)
    void leg.closed.then(fail)
    return leg
  })
  for (const build of builds)
    build.catch((error: unknown) => fail(toTorError(error, 'circuit-failed', 'building a leg')))
  const results = await Promise.allSettled(builds)
  signal.removeEventListener('abort', onAbort)
  const legs = results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  if (failure === undefined) return legs
  for (const leg of legs) leg.close(failure)
  throw failure
}
