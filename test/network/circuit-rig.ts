/** A circuit manager over circuits that are built when the test says so: real ones, of one hop, on a fake network. */
import { Circuit } from '../../core/circuit/circuit.ts'
import type { CircuitPlan } from '../../core/circuit-manager/circuit-builder.ts'
import {
  type AssignedCircuit,
  CircuitManager,
  type CircuitManagerParts,
  type CircuitSettings,
} from '../../core/circuit-manager/circuit-manager.ts'
import { isolationKey } from '../../core/circuit-manager/isolation.ts'
import type { ExitUsage } from '../../core/circuit-manager/pool-entry.ts'
import type { GuardReadiness } from '../../core/guard/guard-selector.ts'
import type { RsaIdentity } from '../../core/linkspec/relay-ids.ts'
import { NetDir } from '../../core/netdir/net-dir.ts'
import { parseConsensus } from '../../core/netdoc/consensus.ts'
import { parseMicrodescriptors } from '../../core/netdoc/microdescriptor.ts'
import type { Tunnel } from '../../core/circuit/tunnel.ts'
import { abortError } from '../../core/util/abort.ts'
import { TorError } from '../../core/util/errors.ts'
import { silentLogger } from '../../core/util/log.ts'
import { WatchedValue } from '../../core/util/watched-value.ts'
import { generateDirectory } from '../support/generate-directory.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { CIRCUIT_DEPS, type OpenChannel, openLink } from './client-side.ts'
import { EventLog } from './event-log.ts'
import { FakeNetwork } from './fake-network.ts'
import { FakeSet } from './fake-set.ts'
import { silent } from './fake-stream.ts'

export const DIRTINESS_MS = 600_000
export const MAX_BUILDING = 32
/** The manager's own; the tests count on them. */
export const PROMPT_TRIES = 4
export const MAX_TRIES = 8
export const FAILURES_IN_A_ROW = 8
export const NO_EXITS: ReadonlySet<RsaIdentity> = new Set()

export interface HeldBuild {
  readonly id: number
  /** Of a leg: its set's. */
  readonly setId: number | undefined
  readonly exit: number | undefined
  /** The same circuit each time. */
  finish(): Promise<Circuit>
  /** The circuit is closed by the time its builder hands it over. */
  finishDead(): Promise<void>
  fail(error?: TorError): void
  isAborted(): boolean
}

/** Legs that wait to be linked. */
export interface HeldLink {
  readonly id: number
  readonly legs: readonly Circuit[]
  finish(): FakeSet
  fail(): void
}

export class HeldBuilder {
  readonly builds = new EventLog<HeldBuild>()
  readonly #make: () => Promise<Circuit>

  constructor(open: OpenChannel, network: FakeNetwork) {
    this.#make = () => Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
  }

  build({ path, id = 0, setId }: CircuitPlan, signal?: AbortSignal): Promise<Circuit> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      let made: Promise<Circuit> | undefined
      const make = async (): Promise<Circuit> => {
        made ??= this.#make()
        return made
      }
      this.builds.push({
        id,
        setId,
        exit: path.at(-1),
        finish: async () => {
          const circuit = await make()
          resolve(circuit)
          return circuit
        },
        finishDead: async () => {
          const circuit = await make()
          circuit.close()
          resolve(circuit)
        },
        fail: (error = new TorError('circuit-failed', 'the test lets it fail', { retry: 'elsewhere' })) =>
          reject(error),
        isAborted: () => signal?.aborted === true,
      })
    })
  }
}

/** Sixty relays, some of them exits for the web. */
export function rigDirectory(): NetDir {
  const directory = generateDirectory({ relays: 60, authorities: 1, seed: 3 })
  return NetDir.build({ consensus: parseConsensus(directory.consensus) }).withMicrodescriptors(
    parseMicrodescriptors(directory.microdescriptors),
  )
}

export class CircuitRig {
  readonly network: FakeNetwork
  readonly netDir: NetDir
  readonly exits: readonly number[]
  readonly clock: ManualClock = manualClock()
  /** One for all managers: each draws on. */
  readonly random = seededRandom(5)
  builder: HeldBuilder
  manager: CircuitManager
  settings: CircuitSettings = {
    maxCircuitDirtinessMs: DIRTINESS_MS,
    circuitsAvailableTimeoutMs: undefined,
    maxClientCircuitsPending: MAX_BUILDING,
    confluxEnabled: false,
  }
  readonly learning = { wantsTestCircuits: false }
  judge: (guard: RsaIdentity) => GuardReadiness = () => 'usable'
  readonly changes = new WatchedValue(0)
  readonly links = new EventLog<HeldLink>()
  /** What the next choice of paths for a set throws. */
  noSet: TorError | undefined
  /** The row that the next path begins with. */
  nextGuard = 0
  readonly #open: OpenChannel
  #sets = 0

  private constructor(network: FakeNetwork, open: OpenChannel, netDir: NetDir) {
    this.network = network
    this.netDir = netDir
    this.#open = open
    this.exits = Array.from({ length: netDir.relayCount }, (_, index) => index).filter((index) =>
      netDir.allowsExitTo(index, 443, 'ipv4'),
    )
    this.builder = new HeldBuilder(open, network)
    this.manager = this.createManager()
  }

  static async start(netDir: NetDir): Promise<CircuitRig> {
    const network = await FakeNetwork.start({ relays: 1 })
    network.script.service = silent
    return new CircuitRig(network, await openLink(network), netDir)
  }

  async close(): Promise<void> {
    this.manager.close()
    await this.network.close()
  }

  /** The guard's link ends, with all circuits on it. */
  loseChannel(): void {
    this.#open.channel.close(new TorError('channel-failed', 'the link is gone', { retry: 'elsewhere' }))
  }

  /** A builder and a manager that know of nothing yet. */
  startAnew(): void {
    this.builder = new HeldBuilder(this.#open, this.network)
    this.manager = this.createManager()
  }

  createManager(): CircuitManager {
    const manager = new CircuitManager(this.managerParts())
    manager.useNetDir(this.netDir)
    return manager
  }

  managerParts(): CircuitManagerParts {
    const { builder, netDir, clock } = this
    return {
      builder,
      guards: { readiness: (guard) => this.judge(guard), changes: this.changes },
      // The next exit that has not let the request down.
      pickPath: (_netDir, asked, excluded) => {
        const exit = this.exits.find((index) => {
          const { rsa } = netDir.ids(index)
          return !excluded.has(rsa) && (asked.exit ?? rsa) === rsa
        })
        if (exit === undefined) throw new TorError('no-path', 'no exit is left')
        return {
          path: [this.nextGuard, 1, exit],
          restrictions: { purpose: 'circuit', excludes: () => false },
          reasons: [],
          isStable: asked.needsStable === true,
        }
      },
      pickSet: (_netDir, asked, legs) => {
        if (this.noSet !== undefined) throw this.noSet
        const exit = this.exits[this.#sets++ % this.exits.length] ?? 0
        return Array.from({ length: legs }, (_, at) => ({
          path: [at, legs + at, exit],
          restrictions: { purpose: 'circuit', isPrimaryOnly: true, excludes: () => false },
          reasons: [],
          isStable: asked.needsStable === true,
        }))
      },
      link: (legs, _netDir, id, signal) => this.#link(legs, id, signal),
      clock,
      random: this.random,
      log: silentLogger,
      learning: this.learning,
      settings: () => this.settings,
    }
  }

  #link(legs: readonly Circuit[], id: number, signal: AbortSignal): Promise<Tunnel> {
    return new Promise((resolve, reject) => {
      const refuse = (reason: TorError): void => {
        for (const leg of legs) leg.close(reason)
        reject(reason)
      }
      signal.addEventListener('abort', () => refuse(abortError(signal)))
      this.links.push({
        id,
        legs,
        finish: () => {
          const set = new FakeSet(legs, id)
          resolve(set)
          return set
        },
        fail: () => refuse(new TorError('timeout', 'the test lets no leg be linked', { retry: 'elsewhere' })),
      })
    })
  }

  /** Assigns while building is let through. */
  async assign(key: string, excluded = NO_EXITS): Promise<AssignedCircuit> {
    const before = this.builder.builds.all.length
    const assigning = this.manager.assign(usage(key), excluded)
    const build = this.builder.builds.all[before]
    if (build !== undefined) await (await this.builder.builds.take((taken) => taken === build)).finish()
    return assigning
  }

  /** Time passes, second by second; what is begun meanwhile fails. */
  async failFor(seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      await this.failAll()
      this.clock.advance(1_000)
      await settle()
    }
  }

  /** All builds that are under way fail, and those that are begun at once for that. */
  async failAll(): Promise<void> {
    for (let at = 0; at < this.builder.builds.all.length; at++) {
      this.builder.builds.all[at]?.fail()
      await settle()
    }
  }

  /** All builds that are under way succeed, and those that follow from that. */
  async finishAll(): Promise<void> {
    for (let at = 0; at < this.builder.builds.all.length && at < 200; at++) {
      const build = this.builder.builds.all[at]
      if (build?.isAborted() === false) await build.finish()
      await settle()
    }
  }
}

export function usage(key: string, port = 443): ExitUsage {
  return { isolation: isolationKey([key]), family: undefined, port }
}

/** Promises that are ready have run; nothing waits for the network meanwhile. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}
