/** Opens the client's channels, circuits and streams into a fake network, with both ends in hand. */
import { Channel, type ChannelDeps } from '../../core/channel/channel.ts'
import type { ChannelManagerDeps } from '../../core/channel/channel-manager.ts'
import { type ChannelConfig, channelSettings } from '../../core/channel/channel-upkeep.ts'
import { Circuit } from '../../core/circuit/circuit.ts'
import type { CircuitDeps, CongestionDeps } from '../../core/circuit/circuit-deps.ts'
import type { StreamFlowParams } from '../../core/circuit/congestion-params.ts'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { DEFAULT_NET_PARAMS } from '../../core/netdir/net-params.ts'
import { type BeginTarget, DataStream } from '../../core/stream/data-stream.ts'
import type { ByteSink } from '../../core/util/byte-stream.ts'
import type { Clock } from '../../core/util/clock.ts'
import type { TorError } from '../../core/util/errors.ts'
import { silentLogger } from '../../core/util/log.ts'
import { ampleQueues } from '../support/ample-queues.ts'
import { defaultCongestion } from '../support/default-congestion.ts'
import { directTransport } from '../support/direct-transport.ts'
import { networkClock } from './network-clock.ts'
import type { FakeCircuit } from './fake-circuit.ts'
import type { FakeLink } from './fake-link.ts'
import type { FakeNetwork } from './fake-network.ts'
import type { FakeStream } from './fake-stream.ts'

export const CIRCUIT_DEPS: CircuitDeps = {
  random: systemRandom,
  queues: ampleQueues(),
  extendByEd25519: true,
}

/** The same with congestion control, with what the consensus says by default but for the streams' limits. */
export function congestedDeps(
  stream: Partial<StreamFlowParams> = {},
  clock: CongestionDeps['clock'] = networkClock(),
): CircuitDeps {
  const params = defaultCongestion()
  const changed = { ...params, stream: { ...params.stream, ...stream } }
  return { ...CIRCUIT_DEPS, congestion: { params: changed, clock } }
}

export const STREAM_DEPS = { random: systemRandom, allowInternalAddresses: false }

export const BEGIN_TARGET: BeginTarget = { kind: 'begin', host: 'example.com', port: 80, flags: 0 }

/** A channel as the default configuration and no consensus make it; for a channel manager too. */
export const CHANNEL_CONFIG: ChannelConfig = {
  connectionPadding: 'auto',
  reducedConnectionPadding: false,
  keepaliveMs: 300_000,
}

export function channelDeps(clock: Clock = networkClock()): ChannelDeps & ChannelManagerDeps {
  const settings = channelSettings(CHANNEL_CONFIG, DEFAULT_NET_PARAMS, false)
  return {
    transport: directTransport,
    clock,
    random: systemRandom,
    log: silentLogger,
    queues: ampleQueues(),
    settings: () => settings,
    config: CHANNEL_CONFIG,
  }
}

export function openChannel(
  network: FakeNetwork,
  options: { readonly clock?: Clock; readonly signal?: AbortSignal } = {},
): Promise<Channel> {
  const target = network.target(0)
  const [endpoint] = target.endpoints
  if (endpoint === undefined) throw new Error('a target without endpoints')
  return Channel.open(target, endpoint, channelDeps(options.clock), options.signal)
}

export interface OpenChannel {
  readonly channel: Channel
  readonly link: FakeLink
}

export async function openLink(network: FakeNetwork): Promise<OpenChannel> {
  const channel = await openChannel(network)
  return { channel, link: await network.links.take() }
}

export interface OpenCircuit extends OpenChannel {
  readonly circuit: Circuit
  readonly relays: FakeCircuit
}

export interface CircuitOptions {
  readonly hops?: number
  readonly hasNtorV3?: boolean
  readonly deps?: CircuitDeps
}

/** A circuit over a channel that is open already; relays 0, 1, 2, ... in order. */
export async function openCircuitOn(
  { channel, link }: OpenChannel,
  options: CircuitOptions = {},
): Promise<OpenCircuit> {
  const { hops = 3, hasNtorV3 = true, deps = CIRCUIT_DEPS } = options
  const { network } = link
  const circuit = await Circuit.create(channel, network.target(0, { hasNtorV3 }), deps)
  const relays = await network.circuits.take((candidate) => candidate.link === link)
  for (let hop = 1; hop < hops; hop++) await circuit.extend(network.target(hop, { hasNtorV3 }))
  return { channel, link, circuit, relays }
}

export async function openCircuit(network: FakeNetwork, options: CircuitOptions = {}): Promise<OpenCircuit> {
  return openCircuitOn(await openLink(network), options)
}

/** Collects what a stream delivers; may refuse to take more. */
export class TestSink implements ByteSink {
  readonly chunks: Buffer[] = []
  receivedBytes = 0
  hasEnded = false
  /** What `onData` answers. */
  isReady = true
  drains = 0
  readonly closed: Promise<TorError | undefined>
  #onClosed: (error: TorError | undefined) => void = () => {}
  readonly #waiters: { readonly isMet: () => boolean; readonly resolve: () => void }[] = []

  constructor() {
    this.closed = new Promise((resolve) => (this.#onClosed = resolve))
  }

  get bytes(): Buffer {
    return Buffer.concat(this.chunks)
  }

  waitForBytes(bytes: number): Promise<void> {
    return this.#waitUntil(() => this.receivedBytes >= bytes)
  }

  /** Resolves at the next `onDrain` after `count` have come. */
  waitForDrains(count: number): Promise<void> {
    return this.#waitUntil(() => this.drains >= count)
  }

  onData(chunk: Buffer): boolean {
    this.chunks.push(chunk)
    this.receivedBytes += chunk.length
    this.#check()
    return this.isReady
  }

  onEnd(): void {
    this.hasEnded = true
  }

  onClose(error: TorError | undefined): void {
    this.#onClosed(error)
  }

  onDrain(): void {
    this.drains++
    this.#check()
  }

  #waitUntil(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push({ isMet, resolve }))
  }

  #check(): void {
    for (const waiter of this.#waiters.splice(0)) {
      if (waiter.isMet()) waiter.resolve()
      else this.#waiters.push(waiter)
    }
  }
}

export interface OpenStream {
  readonly stream: DataStream
  readonly exit: FakeStream
  readonly sink: TestSink
}

/** A stream with its sink set. */
export async function openStream(
  { circuit, relays }: Pick<OpenCircuit, 'circuit' | 'relays'>,
  begin: BeginTarget = BEGIN_TARGET,
): Promise<OpenStream> {
  const stream = await DataStream.open(circuit, begin, STREAM_DEPS)
  const sink = new TestSink()
  stream.setSink(sink)
  return { stream, exit: await relays.streams.take(), sink }
}
