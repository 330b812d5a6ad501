/** Bridges without a network: each has the identity that it proves, and answers as a test says. */
import type { BridgeConnector } from '../../../../core/directory/bridge-fetch.ts'
import { BridgeManager } from '../../../../core/directory/bridge-manager.ts'
import { type BridgeLine, parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import type { RelayIds, RsaIdentity } from '../../../../core/linkspec/relay-ids.ts'
import { formatEndpoint } from '../../../../core/linkspec/relay-target.ts'
import { MemoryStateStore } from '../../../../core/persist/memory-state-store.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { silentLogger } from '../../../../core/util/log.ts'
import { writeDescriptor } from '../../../network/descriptor-writer.ts'
import { createRelayIdentity, type RelayIdentity } from '../../../network/relay-identity.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { deflated, FakeDirectory, type FakeRelay } from './fake-directory.ts'
import { type CountingClock, countingClock } from './test-clock.ts'

export const NOW_MS = 1_790_000_000_000

/** RSA keys take long to make: all tests of a file share them. */
export const IDENTITIES = Array.from({ length: 4 }, () => createRelayIdentity(NOW_MS))

export function identityAt(index: number): RelayIdentity {
  const identity = IDENTITIES[index]
  if (identity === undefined) throw new RangeError(`no identity ${index}`)
  return identity
}

/** The line of bridge `index`: 10.0.0.<index + 1>:443. */
export function lineAt(index: number, hasFingerprint = true): BridgeLine {
  const address = `10.0.0.${index + 1}:443`
  return parseBridgeLine(hasFingerprint ? `${address} ${identityAt(index).rsa}` : address)
}

export class FakeBridges {
  readonly clock: CountingClock
  readonly network: FakeDirectory
  /** Who answers at an address, where it is not the bridge with that number. */
  readonly impostors = new Map<string, RelayIds>()
  readonly store: MemoryStateStore
  readonly failures: string[] = []
  readonly phases: string[] = []
  preferred: readonly RsaIdentity[] = []
  /** Why the options forbid a bridge. */
  refusal: (line: BridgeLine) => string | undefined = () => undefined
  readonly manager: BridgeManager

  constructor(options: { readonly store?: MemoryStateStore; readonly isDormant?: boolean } = {}) {
    this.clock = countingClock(NOW_MS)
    this.store = options.store ?? new MemoryStateStore()
    this.network = new FakeDirectory('refuses')
    for (let index = 0; index < IDENTITIES.length; index++) this.serve(index, this.descriptorOf(index))
    this.manager = new BridgeManager({
      connector: this.connector,
      clock: this.clock,
      random: seededRandom(7),
      log: silentLogger,
      store: this.store,
      preferred: () => this.preferred,
      refusal: (line) => this.refusal(line),
      onPhase: (phase) => this.phases.push(phase),
      onFailure: (error) => this.failures.push(error.message),
      isDormant: options.isDormant ?? false,
    })
  }

  descriptorOf(index: number, ageMs = 3_600_000): string {
    return writeDescriptor(identityAt(index), NOW_MS, { publishedMs: this.clock.wallMs() - ageMs })
  }

  /** From now on bridge `index` sends this text. */
  serve(index: number, text: string): void {
    this.answer(index, (path) => (path === '/tor/server/authority.z' ? deflated(text) : Buffer.alloc(0)))
  }

  answer(index: number, relay: FakeRelay): void {
    this.network.relays.set(formatEndpoint(lineAt(index).endpoint), relay)
  }

  get connector(): BridgeConnector {
    return {
      connectBridge: async (line, known, signal, onPhase) => {
        const ids = this.#proved(line)
        const target = { ids, endpoints: [line.endpoint], bridge: line }
        const connection = await this.network.connect(target, signal, onPhase)
        if (known !== undefined && known !== ids.rsa) {
          connection.close()
          throw new TorError('wrong-identity', 'it is another relay')
        }
        return { connection, ids }
      },
    }
  }

  #proved({ endpoint }: BridgeLine): RelayIds {
    const impostor = this.impostors.get(formatEndpoint(endpoint))
    if (impostor !== undefined) return impostor
    const { rsa, ed25519 } = identityAt(Number(endpoint.host.split('.')[3]) - 1)
    return { rsa, ed25519 }
  }
}
