/** A stream service whose circuits are real and end in a fake network. */
import { TrafficLedger } from '../../../core/client/traffic-ledger.ts'
import type { AssignedCircuit } from '../../../core/circuit-manager/circuit-manager.ts'
import type { ExitUsage } from '../../../core/circuit-manager/pool-entry.ts'
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { RequestPolicy } from '../../../core/client/request-policy.ts'
import { SitePolicies } from '../../../core/client/site-policies.ts'
import { StreamService } from '../../../core/client/stream-service.ts'
import { TrackedExits } from '../../../core/client/tracked-exits.ts'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { createLifetime } from '../../../core/util/abort.ts'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { openCircuitOn, openLink } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

export interface ServedNetwork {
  readonly network: FakeNetwork
  readonly service: StreamService
  readonly sites: SitePolicies
  readonly tracked: TrackedExits
  readonly config: WatchedValue<ClientConfig>
  readonly clock: ManualClock
  readonly traffic: TrafficLedger
  /** What each circuit was asked for, in order. */
  readonly usages: ExitUsage[]
  /** What the user was warned of. */
  readonly warnings: string[]
  /** Whether the exits' policies have IPv6. */
  mayExitOverIpv6: boolean
}

export async function serveNetwork(
  changes: Partial<ClientConfig> = {},
  clock: ManualClock = manualClock(),
): Promise<ServedNetwork> {
  const network = await FakeNetwork.start({ relays: 2 })
  const link = await openLink(network)
  const config = new WatchedValue<ClientConfig>({
    ...DEFAULT_CLIENT_CONFIG,
    authorities: [],
    fallbackDirs: [],
    ...changes,
  })
  const usages: ExitUsage[] = []
  const warnings: string[] = []
  const log = new Logger(({ level, parts }) => {
    if (level === 'warn') warnings.push(formatLogParts(parts, true))
  })
  const traffic = new TrafficLedger()
  const assign = async (usage: ExitUsage, excluded: ReadonlySet<RsaIdentity>): Promise<AssignedCircuit> => {
    usages.push(usage)
    if (usage.exit !== undefined && excluded.has(usage.exit)) throw new TorError('no-path', 'not that exit')
    const { circuit } = await openCircuitOn(link, { hops: 2 })
    const exit = usage.exit ?? fakeIdentity(usages.length)
    return {
      circuit,
      shownId: circuit.id,
      exit,
      mayExitOverIpv6: () => served.mayExitOverIpv6,
      retire: () => {},
    }
  }
  const tracked = new TrackedExits({ clock, settings: () => config.value })
  const sites = new SitePolicies({ store: new MemoryStateStore(), clock }, [])
  const service = new StreamService({
    countries: { load: () => Promise.resolve() },
    config,
    clock,
    random: systemRandom,
    log,
    traffic,
    lifetime: createLifetime(),
    circuits: { assign },
    // Only its being there is looked at: circuits come from above.
    view: new WatchedValue<NetDir | undefined>({} as NetDir),
    board: { addStream: () => () => {} },
    policy: new RequestPolicy({ sites, tracked, config: () => config.value }),
  })
  const served: ServedNetwork = {
    network,
    service,
    sites,
    tracked,
    traffic,
    config,
    clock,
    usages,
    warnings,
    mayExitOverIpv6: true,
  }
  return served
}
