/**
 * Builds one circuit along a path that somebody else chose: the channel to its guard, then hop after hop. Reports to
 * the guards how their channels fared, and nothing else: what happens behind a guard is not its fault.
 */
import type { Channel, ChannelPhase } from '../channel/channel.ts'
import type { ChannelManager } from '../channel/channel-manager.ts'
import { Circuit } from '../circuit/circuit.ts'
import type { GuardReports } from '../guard/guard-selector.ts'
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import type { AddressPreference, NetDir } from '../netdir/net-dir.ts'
import { withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import type { Random } from '../util/random.ts'
import type { Watchable } from '../util/watched-value.ts'
import { type CircuitPurpose, CircuitRegistry, type CircuitView, type HopView } from './circuit-registry.ts'

export type BuildPhase = ChannelPhase | 'onehop-create' | 'circuit-create'

/** Which relays, by their rows of the directory, and what for. */
export interface CircuitPlan {
  readonly netDir: NetDir
  readonly path: readonly number[]
  readonly purpose: CircuitPurpose
}

export interface CircuitBuilderParts {
  readonly channels: ChannelManager
  readonly guards: GuardReports
  readonly clock: Clock
  readonly random: Random
  readonly buildTimeoutMs: number
  /** Which address of a guard to dial. */
  readonly addressPreference: AddressPreference
  /** Whether relays may have private addresses: only on testing networks. */
  readonly allowPrivateRelayAddresses: boolean
}

export class CircuitBuilder {
  readonly #parts: CircuitBuilderParts
  readonly #registry = new CircuitRegistry()

  constructor(parts: CircuitBuilderParts) {
    this.#parts = parts
  }

  /** Every circuit that is being built or open. */
  get views(): Watchable<readonly CircuitView[]> {
    return this.#registry.views
  }

  /**
   * A circuit through the relays with these rows of the directory, first to last. Rejects with the error of the step
   * that failed; nothing is left open then but the channel, which others may use.
   */
  async build(
    plan: CircuitPlan,
    signal?: AbortSignal,
    onPhase: (phase: BuildPhase) => void = () => {},
  ): Promise<Circuit> {
    const { netDir, path, purpose } = plan
    const [first, ...others] = path
    if (first === undefined) throw new TorError('internal', 'a path without relays')
    if (!this.#parts.allowPrivateRelayAddresses) refusePrivateAddresses(netDir, path)
    const hops = path.map((index) => {
      const { nickname, ids, ipv4 } = netDir.relay(index)
      return { nickname, rsa: ids.rsa, endpoint: ipv4 }
    })
    return this.#register('building a circuit', purpose, hops, signal, async (id, inner, keep) => {
      const guard = netDir.circuitTarget(first, this.#parts.addressPreference)
      const channel = await this.#openChannel(guard, inner, onPhase)
      onPhase('circuit-create')
      const extendByEd25519 = netDir.params.get('ExtendByEd25519ID') === 1
      const deps = { random: this.#parts.random, extendByEd25519, id }
      const circuit = keep(await Circuit.create(channel, guard, deps, inner))
      for (const index of others) await circuit.extend(netDir.circuitTarget(index), inner)
      return circuit
    })
  }

  /** A circuit of one hop to a relay's directory, by CREATE_FAST: its onion key need not be known. */
  buildDirectoryCircuit(
    target: ChannelTarget,
    signal?: AbortSignal,
    onPhase: (phase: BuildPhase) => void = () => {},
  ): Promise<Circuit> {
    const hops = [{ nickname: '', rsa: target.ids.rsa, endpoint: target.endpoints[0] }]
    return this.#register('reaching a directory', 'directory', hops, signal, async (id, inner, keep) => {
      const channel = await this.#openChannel(target, inner, onPhase)
      onPhase('onehop-create')
      const deps = { random: this.#parts.random, extendByEd25519: false, id }
      return keep(await Circuit.createFast(channel, target, deps, inner))
    })
  }

  /** Runs the work within the time limit and under the registry's eyes; what it made is closed when it fails. */
  async #register(
    doing: string,
    purpose: CircuitPurpose,
    hops: readonly HopView[],
    signal: AbortSignal | undefined,
    work: (id: number, signal: AbortSignal, keep: (circuit: Circuit) => Circuit) => Promise<Circuit>,
  ): Promise<Circuit> {
    const { clock, buildTimeoutMs } = this.#parts
    const id = this.#registry.add(purpose, hops, clock.monotonicMs())
    let made: Circuit | undefined
    let failure: TorError | undefined
    const keep = (circuit: Circuit): Circuit => {
      made = circuit
      // The limit can pass in the very moment in which the circuit is made: it must not live on without an owner.
      if (failure !== undefined) circuit.close(failure)
      return circuit
    }
    try {
      const circuit = await withTimeout(clock, buildTimeoutMs, doing, signal, (inner) =>
        work(id, inner, keep),
      )
      this.#registry.open(id, circuit)
      return circuit
    } catch (error) {
      failure = toTorError(error, 'circuit-failed', doing)
      made?.close(failure)
      this.#registry.remove(id)
      throw error
    }
  }

  async #openChannel(
    target: ChannelTarget,
    signal: AbortSignal,
    onPhase: (phase: BuildPhase) => void,
  ): Promise<Channel> {
    const { channels, guards } = this.#parts
    try {
      if (channels.find(target.ids.rsa) === undefined) guards.reportChannelAttempt(target.ids.rsa)
      const channel = await channels.get(target, signal, onPhase)
      guards.reportChannelSuccess(target.ids.rsa)
      return channel
    } catch (thrown) {
      const error = toTorError(thrown, 'channel-failed', 'opening a channel')
      if (saysSomethingOfGuard(error)) guards.reportChannelFailure(target.ids.rsa)
      throw error
    }
  }
}

/** Neither our own giving up nor the failure of the user's proxy is the guard's doing. */
function saysSomethingOfGuard({ kind }: TorError): boolean {
  return kind !== 'aborted' && kind !== 'closed' && kind !== 'proxy-failed'
}

/** tor-spec 5.3.2: an extend to a private address would make a relay reach into its own network for us. */
function refusePrivateAddresses(netDir: NetDir, path: readonly number[]): void {
  for (const index of path) {
    const { ipv4, ipv6 } = netDir.relay(index)
    if (isInternalAddress(ipv4.host) || (ipv6 !== undefined && isInternalAddress(ipv6.host))) {
      throw new TorError('no-path', 'a relay of the path has a private address', { retry: 'elsewhere' })
    }
  }
}
