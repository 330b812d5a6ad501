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
import { throwIfAborted, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'

export type BuildPhase = ChannelPhase | 'onehop-create' | 'circuit-create'

export interface CircuitBuilderParts {
  readonly channels: ChannelManager
  readonly guards: GuardReports
  readonly clock: Clock
  readonly random: Random
  readonly buildTimeoutMs: number
  /** Which address of a guard to dial. */
  readonly addressPreference: AddressPreference
}

export class CircuitBuilder {
  readonly #parts: CircuitBuilderParts

  constructor(parts: CircuitBuilderParts) {
    this.#parts = parts
  }

  /**
   * A circuit through the relays with these rows of the directory, first to last. Rejects with the error of the step
   * that failed; nothing is left open then but the channel, which others may use.
   */
  build(
    netDir: NetDir,
    path: readonly number[],
    signal?: AbortSignal,
    onPhase: (phase: BuildPhase) => void = () => {},
  ): Promise<Circuit> {
    const { clock, buildTimeoutMs, addressPreference } = this.#parts
    return withTimeout(clock, buildTimeoutMs, 'building a circuit', signal, async (inner) => {
      const [first, ...others] = path
      if (first === undefined) throw new TorError('internal', 'a path without relays')
      const channel = await this.#openChannel(netDir.circuitTarget(first, addressPreference), inner, onPhase)
      onPhase('circuit-create')
      const deps = this.#circuitDeps(netDir.params.get('ExtendByEd25519ID') === 1)
      const circuit = await Circuit.create(
        channel,
        netDir.circuitTarget(first, addressPreference),
        deps,
        inner,
      )
      // A circuit whose builder gave up between two hops must not live on unseen.
      const onAbort = (): void => circuit.close(toTorError(inner.reason, 'aborted', 'building a circuit'))
      inner.addEventListener('abort', onAbort, { once: true })
      try {
        throwIfAborted(inner)
        for (const index of others) await circuit.extend(netDir.circuitTarget(index), inner)
        return circuit
      } catch (error) {
        circuit.close(toTorError(error, 'circuit-failed', 'building a circuit'))
        throw error
      } finally {
        inner.removeEventListener('abort', onAbort)
      }
    })
  }

  /** A circuit of one hop to a relay's directory, by CREATE_FAST: its onion key need not be known. */
  buildDirectoryCircuit(
    target: ChannelTarget,
    signal?: AbortSignal,
    onPhase: (phase: BuildPhase) => void = () => {},
  ): Promise<Circuit> {
    const { clock, buildTimeoutMs } = this.#parts
    return withTimeout(clock, buildTimeoutMs, 'reaching a directory', signal, async (inner) => {
      const channel = await this.#openChannel(target, inner, onPhase)
      onPhase('onehop-create')
      return Circuit.createFast(channel, target, this.#circuitDeps(false), inner)
    })
  }

  async #openChannel(
    target: ChannelTarget,
    signal: AbortSignal,
    onPhase: (phase: BuildPhase) => void,
  ): Promise<Channel> {
    const { channels, guards } = this.#parts
    try {
      const channel = await channels.get(target, signal, onPhase)
      guards.reportChannelSuccess(target.ids.rsa)
      return channel
    } catch (thrown) {
      const error = toTorError(thrown, 'channel-failed', 'opening a channel')
      if (error.kind !== 'aborted' && error.kind !== 'closed') guards.reportChannelFailure(target.ids.rsa)
      throw error
    }
  }

  #circuitDeps(extendByEd25519: boolean): { random: Random; extendByEd25519: boolean } {
    return { random: this.#parts.random, extendByEd25519 }
  }
}
