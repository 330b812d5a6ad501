/** Links the legs that the pool has built, with what the consensus and the user say of sets. */
import type { CircuitDeps } from '../circuit/circuit-deps.ts'
import { ConfluxSet } from '../conflux/conflux-set.ts'
import { confluxParams, type DesiredUx } from '../conflux/conflux-params.ts'
import type { Clock } from '../util/clock.ts'
import type { BuildTimeout } from './build-timeout.ts'
import type { LinkLegs } from './circuit-pool.ts'

export interface LinkingParts extends Pick<CircuitDeps, 'random' | 'queues'> {
  readonly clock: Clock
  readonly buildTimeout: Pick<BuildTimeout, 'limits'>
  readonly desiredUx: () => DesiredUx
}

/** Three hops there and back, as when a circuit is extended for the last time. */
const HOPS = 3

export function createLinking({ clock, random, queues, buildTimeout, desiredUx }: LinkingParts): LinkLegs {
  return (legs, { params }, id, signal) =>
    ConfluxSet.link(
      legs,
      {
        clock,
        random,
        queues,
        id,
        params: confluxParams(params),
        desiredUx: desiredUx(),
        // As in C tor: a leg that is slower than a whole circuit may be is not worth having.
        linkTimeoutMs: buildTimeout.limits(HOPS).timeoutMs,
      },
      signal,
    )
}
