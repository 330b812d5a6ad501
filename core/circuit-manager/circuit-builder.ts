/**
 * Builds one circuit along a path that somebody else chose: the channel to its guard, then hop after hop. Reports to
 * the guards how their channels fared, and nothing else: what happens behind a guard is not its fault.
 */
import type { Channel, ChannelPhase } from '../channel/channel.ts'
import type { ChannelManager } from '../channel/channel-manager.ts'
import { Circuit } from '../circuit/circuit.ts'
import type { CircuitDeps } from '../circuit/circuit-deps.ts'
import { congestionParams } from '../circuit/congestion-params.ts'
import type { GuardReports } from '../guard/guard-selector.ts'
import type { ChannelTarget, CircuitTarget } from '../linkspec/relay-target.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { flagNames } from '../netdoc/relay-flags.ts'
import { type DialConstraints, reachableEndpoints } from '../transport/dial-constraints.ts'
import { withTimeout } from '../util/abort.ts'
import {
  type ErrorKind,
  FAILURES_OF_RELAYS,
  isWithoutRoute,
  systemCodeOf,
  TorError,
  toTorError,
} from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import type { QueueMemory } from '../util/queue-memory.ts'
import type { Random } from '../util/random.ts'
import { TurnShare } from '../util/turn-share.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import {
  type CircuitPurpose,
  CircuitRegistry,
  type CircuitView,
  type HopReason,
  type HopView,
} from './circuit-registry.ts'
import { BuildTimer, type BuildWork, type TimedBuildParts } from './timed-build.ts'

export type BuildPhase = ChannelPhase | 'onehop-create' | 'circuit-create'

/** Which relays, by their rows of the directory, and what for. */
export interface CircuitPlan {
  readonly netDir: NetDir
  readonly path: readonly number[]
  readonly purpose: CircuitPurpose
  /** From `Circuit.takeId`, when somebody must know the circuit before it exists. */
  readonly id?: number
  /** The id of the conflux set that it is to be a leg of. */
  readonly setId?: number
  /** Why each relay was chosen; for whoever shows it. */
  readonly reasons?: readonly HopReason[]
}

/** What can change while the client runs: which addresses of a guard to dial, and whether relays may have private ones. */
export interface BuilderSettings extends DialConstraints {
  /** Whether nothing at all may be connected to. */
  readonly isNetworkDisabled: boolean
}

export interface CircuitBuilderParts extends TimedBuildParts {
  readonly channels: ChannelManager
  readonly guards: GuardReports
  readonly random: Random
  /** The limit over all queues. */
  readonly queues: QueueMemory
  readonly settings: () => BuilderSettings
}

/** How a circuit of several hops fared. What ends by our own wish is no news. */
export type BuildOutcome =
  | { readonly kind: 'built' }
  | { readonly kind: 'failed'; readonly error: TorError }
  /** It was open, and ended from outside. */
  | { readonly kind: 'lost'; readonly error: TorError }

/** How long a channel is waited for: TCP, TLS and the link handshake, whatever was learned of circuits. */
const CHANNEL_WAIT_MS = 60_000

export class CircuitBuilder {
  readonly #parts: CircuitBuilderParts
  readonly #registry = new CircuitRegistry()
  readonly #timer: BuildTimer
  /**
   * A step is one side of a handshake with a relay: half a millisecond where the code is cold. A hundred circuits at
   * once are 600.
   */
  readonly #steps: TurnShare
  readonly #outcomes = new WatchedValue<BuildOutcome | undefined>(undefined)

  constructor(parts: CircuitBuilderParts) {
    this.#parts = parts
    this.#timer = new BuildTimer(parts)
    this.#steps = new TurnShare(parts.clock)
  }

  /** Every circuit that is being built or open. */
  get views(): Watchable<readonly CircuitView[]> {
    return this.#registry.views
  }

  /** What became of the newest circuit of several hops: a new value each time. */
  get outcomes(): Watchable<BuildOutcome | undefined> {
    return this.#outcomes
  }

  /** Whether any circuit of several hops is open. */
  get hasOpenPath(): boolean {
    return this.#registry.hasOpenPath
  }

  /**
   * A circuit through the relays with these rows of the directory, first to last. Rejects with the error of the step
   * that failed; nothing is left open then but the channel, which others may use, and a circuit that is measured.
   */
  build(
    plan: CircuitPlan,
    signal?: AbortSignal,
    onPhase: (phase: BuildPhase) => void = () => {},
  ): Promise<Circuit> {
    return this.#build(plan, signal, onPhase)
  }

  /**
   * A circuit of one hop to a relay's directory. As with C tor's, the relay does not see from the first cell that it is
   * one, where `netDir` has its onion key; CREATE_FAST is for those whose key nobody has told us yet.
   */
  buildDirectoryCircuit(
    target: ChannelTarget,
    netDir: NetDir | undefined,
    signal?: AbortSignal,
    onPhase: (phase: BuildPhase) => void = () => {},
  ): Promise<Circuit> {
    const id = Circuit.takeId()
    const [endpoint] = target.endpoints
    const reason = { kind: 'directory' } as const
    const hops = [{ nickname: '', rsa: target.ids.rsa, endpoint, flags: [], reason }]
    // A directory far away is better than none: it has the time of the slowest circuits, and nothing is learned of it.
    const { closeMs } = this.#parts.buildTimeout.limits(1)
    return this.#register({ id, purpose: 'directory', setId: undefined, hops }, async (onOver) => {
      const channel = await this.#openChannel(target, signal, onPhase)
      onPhase('onehop-create')
      const work: BuildWork = {
        doing: 'reaching a directory',
        limits: { timeoutMs: closeMs, closeMs },
        isOnlyHope: () => false,
        receivedBytes: () => channel.receivedBytes,
        run: (inner) => this.#addOnlyHop(id, channel, target, netDir, inner),
      }
      return this.#start(work, signal, onOver)
    })
  }

  /** Ends an open circuit; does nothing when it is gone, or is being built by somebody who can stop that. */
  closeCircuit(id: number, reason: TorError): void {
    this.#registry.find(id)?.circuit?.close(reason)
  }

  async #build(
    plan: CircuitPlan,
    signal: AbortSignal | undefined,
    onPhase: (phase: BuildPhase) => void,
  ): Promise<Circuit> {
    const { netDir, path, purpose, id = Circuit.takeId(), setId, reasons = [] } = plan
    const constraints = this.#parts.settings()
    const [first] = path
    if (first === undefined) throw new TorError('internal', 'a path without relays')
    if (!constraints.allowPrivateRelayAddresses) refusePrivateAddresses(netDir, path)
    const hops = path.map((index, at): HopView => {
      const { nickname, ids, ipv4, flags } = netDir.relay(index)
      const shown = { nickname, rsa: ids.rsa, endpoint: ipv4 }
      // No authority has given it flags.
      if (netDir.bridgeAt(index) !== undefined) return { ...shown, flags: [], reason: { kind: 'bridge' } }
      const reason = reasons[at] ?? { kind: at === 0 ? 'guard' : 'weight' }
      return { ...shown, flags: flagNames(flags), reason }
    })
    return this.#register({ id, purpose, setId, hops }, async (onOver) => {
      const guard = guardTarget(netDir, first, constraints)
      const channel = await this.#openChannel(guard, signal, onPhase)
      onPhase('circuit-create')
      const work: BuildWork = {
        doing: 'building a circuit',
        limits: this.#parts.buildTimeout.limits(path.length),
        isOnlyHope: () => !this.#registry.hasOpenPath,
        receivedBytes: () => channel.receivedBytes,
        run: (inner, onHop) => this.#addHops(id, plan, channel, guard, inner, onHop),
      }
      return this.#start(work, signal, onOver)
    })
  }

  async #addOnlyHop(
    id: number,
    channel: Channel,
    target: ChannelTarget,
    netDir: NetDir | undefined,
    signal: AbortSignal,
  ): Promise<Circuit> {
    const { random, queues, clock } = this.#parts
    const deps = { random, queues, extendByEd25519: false, id, clock }
    if (netDir === undefined) return Circuit.createFast(channel, target, deps, signal)
    const windows = this.#windowDeps(netDir)
    const known = withOnionKey(target, netDir)
    if (known === undefined) return Circuit.createFast(channel, target, { ...deps, ...windows }, signal)
    await this.#steps.take()
    return Circuit.create(channel, known, { ...deps, ...windows, steps: this.#steps }, signal)
  }

  async #addHops(
    id: number,
    { netDir, path }: CircuitPlan,
    channel: Channel,
    guard: CircuitTarget,
    signal: AbortSignal,
    onHop: (hops: number) => void,
  ): Promise<Circuit> {
    const extendByEd25519 = netDir.params.get('ExtendByEd25519ID') === 1
    const { random, queues, clock } = this.#parts
    await this.#steps.take()
    const windows = this.#windowDeps(netDir)
    const deps = { random, queues, extendByEd25519, id, clock, ...windows, steps: this.#steps }
    const circuit = await Circuit.create(channel, guard, deps, signal)
    const noteHop = (hops: number): void => {
      onHop(hops)
      this.#registry.noteHop(id, circuit.hops.at(-1)?.rttMs)
    }
    noteHop(1)
    for (const [at, index] of path.slice(1).entries()) {
      await this.#steps.take()
      await circuit.extend(netDir.circuitTarget(index), signal)
      noteHop(at + 2)
    }
    return circuit
  }

  #windowDeps({ params }: NetDir): Pick<CircuitDeps, 'circuitWindow' | 'congestion'> {
    const congestion = { params: congestionParams(params, 'exit'), clock: this.#parts.clock }
    return { circuitWindow: params.get('circwindow'), congestion }
  }

  /** Shows the circuit from its first step to its end; `work` says when nothing of it is built any more. */
  async #register(
    shown: Pick<CircuitView, 'id' | 'purpose' | 'setId' | 'hops'>,
    work: (onOver: (over: Promise<void>) => void) => Promise<Circuit>,
  ): Promise<Circuit> {
    if (this.#parts.settings().isNetworkDisabled) throw networkDisabled()
    const { id, hops } = shown
    this.#registry.add({ ...shown, createdMs: this.#parts.clock.monotonicMs() })
    let over = Promise.resolve()
    try {
      const circuit = await work((promise) => {
        over = promise
      })
      this.#registry.open(id, circuit)
      if (hops.length > 1) this.#noteOpen(circuit)
      return circuit
    } catch (error) {
      void over.then(() => this.#registry.remove(id))
      if (hops.length > 1) this.#noteEnd('failed', toTorError(error, 'circuit-failed', 'building a circuit'))
      throw error
    }
  }

  #noteOpen(circuit: Circuit): void {
    this.#outcomes.set({ kind: 'built' })
    // Behind the registry, which has taken it out by then.
    void circuit.closed.then((error) => this.#noteEnd('lost', error))
  }

  #noteEnd(kind: 'failed' | 'lost', error: TorError): void {
    if (!OUR_OWN_ENDS.has(error.kind)) this.#outcomes.set({ kind, error })
  }

  #start(
    work: BuildWork,
    signal: AbortSignal | undefined,
    onOver: (over: Promise<void>) => void,
  ): Promise<Circuit> {
    const { circuit, over } = this.#timer.start(work, signal)
    onOver(over)
    return circuit
  }

  async #openChannel(
    target: ChannelTarget,
    signal: AbortSignal | undefined,
    onPhase: (phase: BuildPhase) => void,
  ): Promise<Channel> {
    const { channels, guards, clock } = this.#parts
    const beganMs = clock.monotonicMs()
    if (channels.find(target.ids.rsa) === undefined) guards.reportChannelAttempt(target.ids.rsa)
    try {
      const channel = await withTimeout(clock, CHANNEL_WAIT_MS, 'reaching the guard', signal, (inner) =>
        channels.get(target, inner, onPhase),
      )
      guards.reportChannelSuccess(target.ids.rsa)
      return channel
    } catch (thrown) {
      const error = toTorError(thrown, 'channel-failed', 'opening a channel')
      if (signal?.aborted !== true && saysSomethingOfGuard(error))
        guards.reportChannelFailure(target.ids.rsa, { beganMs, isWithoutRoute: isWithoutRoute(error) })
      throw error
    }
  }
}

/** What speaks against a guard. */
const FAILURES_OF_GUARDS: ReadonlySet<ErrorKind> = new Set(FAILURES_OF_RELAYS)

/** What we do ourselves, let be, or cannot hold: nothing of it speaks of the way to the network. */
const OUR_OWN_ENDS: ReadonlySet<ErrorKind> = new Set(['aborted', 'closed', 'limit'] satisfies ErrorKind[])

/** This machine had no socket or no memory to give: whoever can bring that about must not be able to change our guards. */
const EXHAUSTION_CODES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

function saysSomethingOfGuard(error: TorError): boolean {
  return FAILURES_OF_GUARDS.has(error.kind) && !EXHAUSTION_CODES.has(systemCodeOf(error) ?? '')
}

export function networkDisabled(): TorError {
  return new TorError('no-path', 'the network is disabled (DisableNetwork)', { retry: 'later' })
}

/** The same relay with its onion key; undefined while that is not known, or not to be used. */
function withOnionKey({ ids, endpoints, bridge }: ChannelTarget, netDir: NetDir): CircuitTarget | undefined {
  const row = bridge === undefined ? netDir.indexOf(ids.rsa) : netDir.bridgeRowOf(ids.rsa)
  if (row === undefined) return undefined
  const isKnown = bridge === undefined ? netDir.isUsable(row) : netDir.hasMicrodescriptor(row)
  return isKnown ? { ...netDir.circuitTarget(row), endpoints } : undefined
}

/** Its addresses that may be dialled, in order. A bridge is where its line says, and whoever picked it has asked. */
function guardTarget(netDir: NetDir, index: number, constraints: DialConstraints): CircuitTarget {
  const target = netDir.circuitTarget(index)
  if (target.bridge !== undefined) return target
  const endpoints = reachableEndpoints(target.endpoints, constraints)
  if (endpoints.length > 0) return { ...target, endpoints }
  const words = "the options on address families and reachable addresses forbid the guard's addresses"
  throw new TorError('no-path', words, { retry: 'elsewhere' })
}

/** tor-spec 5.3.2: an extend to a private address would make a relay reach into its own network for us. */
function refusePrivateAddresses(netDir: NetDir, path: readonly number[]): void {
  for (const index of path) {
    // Nobody extends to a bridge, and the user knows where it is.
    if (netDir.bridgeAt(index) !== undefined) continue
    const { ipv4, ipv6 } = netDir.relay(index)
    if (isInternalAddress(ipv4.host) || (ipv6 !== undefined && isInternalAddress(ipv6.host))) {
      throw new TorError('no-path', 'a relay of the path has a private address', { retry: 'elsewhere' })
    }
  }
}
