import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Circuit } from '../../../core/circuit/circuit.ts'
import type { CircuitPlan } from '../../../core/circuit-manager/circuit-builder.ts'
import {
  type AssignedCircuit,
  CircuitManager,
  type CircuitManagerParts,
  type CircuitSettings,
} from '../../../core/circuit-manager/circuit-manager.ts'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import type { ExitUsage } from '../../../core/circuit-manager/pooled-circuit.ts'
import type { GuardReadiness, GuardRestrictions } from '../../../core/guard/guard-selector.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { parseMicrodescriptors } from '../../../core/netdoc/microdescriptor.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { CIRCUIT_DEPS, type OpenChannel, openLink, STREAM_DEPS } from '../../network/client-side.ts'
import { EventLog } from '../../network/event-log.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { silent } from '../../network/fake-stream.ts'
import { generateDirectory } from '../../support/generate-directory.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const DIRTINESS_MS = 600_000
const SWEEP_MS = 10_000
const UNUSED_MS = 1_800_000
const MAX_BUILDING = 32
const MAX_BUILD_TRIES = 4
const NO_RESTRICTIONS: GuardRestrictions = { purpose: 'circuit', excludes: () => false }
const NONE: ReadonlySet<RsaIdentity> = new Set()

let network: FakeNetwork
let open: OpenChannel
let netDir: NetDir
let exits: readonly number[]
let clock: ManualClock
let builder: HeldBuilder
let manager: CircuitManager
let settings: CircuitSettings
let learning: { wantsTestCircuits: boolean }
let judge: (guard: RsaIdentity) => GuardReadiness
let changes: WatchedValue<number>
/** The row that the next path begins with. */
let nextGuard: number

/** Builds circuits when the test says so: real ones, of one hop. */
class HeldBuilder {
  readonly builds = new EventLog<HeldBuild>()

  build({ path }: CircuitPlan, signal?: AbortSignal): Promise<Circuit> {
    return new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason))
      const make = (): Promise<Circuit> => Circuit.createFast(open.channel, network.target(0), CIRCUIT_DEPS)
      this.builds.push({
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
        fail: () => reject(new TorError('circuit-failed', 'the test lets it fail', { retry: 'elsewhere' })),
      })
    })
  }
}

interface HeldBuild {
  readonly exit: number | undefined
  finish(): Promise<Circuit>
  /** The circuit is closed by the time its builder hands it over. */
  finishDead(): Promise<void>
  fail(): void
}

beforeAll(() => {
  const directory = generateDirectory({ relays: 60, authorities: 1, seed: 3 })
  netDir = NetDir.build({ consensus: parseConsensus(directory.consensus) }).withMicrodescriptors(
    parseMicrodescriptors(directory.microdescriptors),
  )
  exits = Array.from({ length: netDir.relayCount }, (_, index) => index).filter((index) =>
    netDir.allowsExitTo(index, 443, 'ipv4'),
  )
})

beforeEach(async () => {
  network = await FakeNetwork.start({ relays: 1 })
  network.script.service = silent
  open = await openLink(network)
  clock = manualClock()
  builder = new HeldBuilder()
  settings = {
    maxCircuitDirtinessMs: DIRTINESS_MS,
    circuitsAvailableTimeoutMs: undefined,
    maxClientCircuitsPending: MAX_BUILDING,
  }
  learning = { wantsTestCircuits: false }
  judge = () => 'usable'
  changes = new WatchedValue(0)
  nextGuard = 0
  manager = newManager()
})

afterEach(async () => {
  manager.close()
  await network.close()
})

function managerParts(): CircuitManagerParts {
  return {
    builder,
    guards: { readiness: (guard) => judge(guard), changes },
    // The next exit that has not let the request down.
    pickPath: (_netDir, asked, excluded) => {
      const exit = exits.find((index) => {
        const { rsa } = netDir.ids(index)
        return !excluded.has(rsa) && (asked.exit ?? rsa) === rsa
      })
      if (exit === undefined) throw new TorError('no-path', 'no exit is left')
      return {
        path: [nextGuard, 1, exit],
        restrictions: NO_RESTRICTIONS,
        isStable: asked.needsStable === true,
      }
    },
    clock,
    random: seededRandom(5),
    log: silentLogger,
    learning,
    settings: () => settings,
  }
}

function newManager(): CircuitManager {
  const made = new CircuitManager(managerParts())
  made.useNetDir(netDir)
  return made
}

function usage(key: string, port = 443): ExitUsage {
  return { isolation: isolationKey([key]), family: undefined, port }
}

/** Assigns while building is let through. */
async function assign(key: string, excluded = NONE): Promise<AssignedCircuit> {
  const before = builder.builds.all.length
  const assigning = manager.assign(usage(key), excluded)
  const build = builder.builds.all[before]
  if (build !== undefined) await (await builder.builds.take((taken) => taken === build)).finish()
  return assigning
}

/** Promises that are ready have run; nothing waits for the network meanwhile. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
}

describe('the pool of circuits', () => {
  it('uses a circuit again for the same isolation', async () => {
    const first = await assign('a')
    const second = await assign('a')
    expect(second.circuit).toBe(first.circuit)
    expect(builder.builds.all.length).toBe(1)
  })

  it('lets all who ask meanwhile wait for the same circuit', async () => {
    const waiting = Promise.all([1, 2, 3].map(() => manager.assign(usage('a'), NONE)))
    await (await builder.builds.take()).finish()
    const circuits = new Set((await waiting).map(({ circuit }) => circuit))
    expect(circuits.size).toBe(1)
    expect(builder.builds.all.length).toBe(1)
  })

  it('never gives one clean circuit to two isolations that ask in the same turn', async () => {
    manager.startPreemptive()
    for (const build of builder.builds.all) await build.finish()
    const spares = builder.builds.all.length
    const assigned = Promise.all(['a', 'b', 'c'].map((key) => manager.assign(usage(key), NONE)))
    await settle()
    for (const build of builder.builds.all.slice(spares)) await build.finish()
    expect(new Set((await assigned).map(({ circuit }) => circuit)).size).toBe(3)
  })

  it('never gives a circuit to two isolations, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), key: fc.nat(4) }) },
      { weight: 5, arbitrary: fc.record({ do: fc.constant('finish' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), which: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.nat(900_000) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.boolean(), fc.array(step, { maxLength: 40 }), async (hasSpares, steps) => {
        builder = new HeldBuilder()
        manager = newManager()
        if (hasSpares) manager.startPreemptive()
        const owners = new Map<Circuit, number>()
        const controllers: AbortController[] = []
        const asked: Promise<void>[] = []
        const circuits: Circuit[] = []
        const pick = <T>(items: readonly T[], which: number): T | undefined =>
          items[which % (items.length || 1)]
        for (const action of steps) {
          switch (action.do) {
            case 'ask': {
              const controller = new AbortController()
              controllers.push(controller)
              const asking = manager.assign(usage(`key ${action.key}`), NONE, controller.signal)
              asked.push(
                asking.then(
                  ({ circuit }) => {
                    expect(owners.get(circuit) ?? action.key).toBe(action.key)
                    owners.set(circuit, action.key)
                  },
                  (error: unknown) => expect(error).toBeInstanceOf(TorError),
                ),
              )
              break
            }
            case 'finish': {
              const build = pick(builder.builds.all, action.which)
              if (build !== undefined) circuits.push(await build.finish())
              break
            }
            case 'fail':
              pick(builder.builds.all, action.which)?.fail()
              break
            case 'close':
              pick(circuits, action.which)?.close()
              break
            case 'abort':
              pick(controllers, action.which)?.abort()
              break
            case 'turn':
              await settle()
              break
            case 'time':
              clock.advance(action.ms)
              break
          }
        }
        manager.close()
        await Promise.all(asked)
        for (const circuit of circuits) circuit.close()
      }),
      { numRuns: 60, seed: 11 },
    )
  })

  it('keeps a circuit for its isolation when all its streams are gone', async () => {
    const { circuit } = await assign('a')
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    stream.destroy()
    expect((await assign('b')).circuit).not.toBe(circuit)
    expect((await assign('a')).circuit).toBe(circuit)
  })

  it('keeps a circuit for its isolation when the one who asked gives up before it is built', async () => {
    const controller = new AbortController()
    const abandoned = manager.assign(usage('a'), NONE, controller.signal)
    controller.abort()
    await expect(abandoned).rejects.toMatchObject({ kind: 'aborted' })
    const circuit = await (await builder.builds.take()).finish()
    await settle()
    expect((await assign('b')).circuit).not.toBe(circuit)
    expect((await assign('a')).circuit).toBe(circuit)
  })

  it('gives no circuit to a port that its exit does not serve', async () => {
    const { circuit } = await assign('a')
    const closed = exits[0] ?? 0
    const port = Array.from({ length: 65_535 }, (_, index) => index + 1).find(
      (candidate) => !netDir.allowsExitTo(closed, candidate, 'ipv4'),
    )
    const other = manager.assign(usage('a', port), NONE)
    await (await builder.builds.take()).finish()
    // The path picker of this test looks at no ports: the pool does, and asks for another.
    await (await builder.builds.take()).finish()
    await (await builder.builds.take()).finish()
    await (await builder.builds.take()).finish()
    await expect(other).rejects.toMatchObject({ kind: 'circuit-failed' })
    expect(circuit.isOpen).toBe(true)
  })

  it('passes over an exit that has let the request down, and one that was retired for all', async () => {
    const first = await assign('a')
    const second = await assign('a', new Set([first.exit]))
    expect(second.exit).not.toBe(first.exit)
    expect((await assign('a')).circuit).toBe(first.circuit)
    first.retire()
    second.retire()
    const third = await assign('a')
    expect([first.circuit, second.circuit]).not.toContain(third.circuit)
  })

  it('says that there is no directory yet', async () => {
    const early = new CircuitManager(managerParts())
    await expect(early.assign(usage('a'), NONE)).rejects.toMatchObject({ kind: 'no-path', retry: 'later' })
  })

  it('hands on that there is no path', async () => {
    const all = new Set(exits.map((index) => netDir.ids(index).rsa))
    await expect(manager.assign(usage('a'), all)).rejects.toMatchObject({ kind: 'no-path' })
  })
})

describe('circuits that cannot be built', () => {
  it('are tried another way four times, then the last error counts', async () => {
    const assigning = manager.assign(usage('a'), NONE)
    for (let tries = 0; tries < MAX_BUILD_TRIES; tries++) (await builder.builds.take()).fail()
    await expect(assigning).rejects.toMatchObject({ kind: 'circuit-failed' })
    expect(builder.builds.all.length).toBe(MAX_BUILD_TRIES)
  })

  it('are forgotten when one works', async () => {
    const assigning = manager.assign(usage('a'), NONE)
    for (let tries = 1; tries < MAX_BUILD_TRIES; tries++) (await builder.builds.take()).fail()
    const circuit = await (await builder.builds.take()).finish()
    expect((await assigning).circuit).toBe(circuit)
  })

  it('count also when they are dead before anybody can use them', async () => {
    const assigning = manager.assign(usage('a'), NONE)
    for (let tries = 0; tries < MAX_BUILD_TRIES; tries++) await (await builder.builds.take()).finishDead()
    await expect(assigning).rejects.toBeInstanceOf(TorError)
    expect(builder.builds.all.length).toBe(MAX_BUILD_TRIES)
  })

  it('are built 32 at a time at most, spares among them', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`)
    const assigned = keys.map((key) => manager.assign(usage(key), NONE))
    manager.startPreemptive()
    await settle()
    expect(builder.builds.all.length).toBe(MAX_BUILDING)
    for (let finished = 1; finished <= 8; finished++) {
      await (await builder.builds.take()).finish()
      await settle()
      expect(builder.builds.all.length).toBeLessThanOrEqual(MAX_BUILDING + finished)
    }
    for (let index = 0; index < builder.builds.all.length && index < 60; index++) {
      await builder.builds.all[index]?.finish()
      await settle()
    }
    const circuits = await Promise.all(assigned)
    expect(new Set(circuits.map(({ circuit }) => circuit)).size).toBe(40)
  })

  it('keep nobody waiting whose signal fires', async () => {
    const waiting = Array.from({ length: MAX_BUILDING }, (_, index) =>
      manager.assign(usage(`${index}`), NONE),
    )
    const controller = new AbortController()
    const last = manager.assign(usage('last'), NONE, controller.signal)
    controller.abort()
    await expect(last).rejects.toMatchObject({ kind: 'aborted' })
    const settled = Promise.allSettled(waiting)
    manager.close()
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { kind: 'closed' } })
    }
  })

  it('end with the client', async () => {
    const { circuit } = await assign('a')
    const waiting = manager.assign(usage('b'), NONE)
    manager.close()
    await expect(waiting).rejects.toMatchObject({ kind: 'closed' })
    await expect(manager.assign(usage('c'), NONE)).rejects.toMatchObject({ kind: 'closed' })
    expect(circuit.isOpen).toBe(false)
  })
})

describe('the age of circuits', () => {
  it('ends their use after the first use and the dirtiness, and their life with the last stream', async () => {
    const { circuit } = await assign('a')
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    clock.advance(DIRTINESS_MS - SWEEP_MS)
    expect((await assign('a')).circuit).toBe(circuit)
    clock.advance(3 * SWEEP_MS)
    expect((await assign('a')).circuit).not.toBe(circuit)
    expect(circuit.isOpen).toBe(true)
    stream.destroy()
    clock.advance(SWEEP_MS)
    expect((await circuit.closed).kind).toBe('closed')
  })

  it('ends a circuit that nobody used after half an hour to an hour, evenly spread', async () => {
    const ages: number[] = []
    for (let run = 0; run < 30; run++) {
      const controller = new AbortController()
      const abandoned = manager.assign(usage(`run ${run}`), NONE, controller.signal)
      controller.abort()
      await expect(abandoned).rejects.toMatchObject({ kind: 'aborted' })
    }
    const circuits = await Promise.all(builder.builds.all.map((build) => build.finish()))
    await settle()
    clock.advance(UNUSED_MS)
    expect(circuits.every(({ isOpen }) => isOpen)).toBe(true)
    for (let age = UNUSED_MS; age < 2 * UNUSED_MS + SWEEP_MS; age += UNUSED_MS / 10) {
      clock.advance(UNUSED_MS / 10)
      ages.push(circuits.filter(({ isOpen }) => isOpen).length)
    }
    expect(ages.at(-1)).toBe(0)
    // Half of them live longer than three quarters of an hour, give or take.
    expect(ages[4]).toBeGreaterThan(7)
    expect(ages[4]).toBeLessThan(23)
  })
})

describe('spare circuits', () => {
  it('are two, and are made up for as soon as one is used', async () => {
    manager.startPreemptive()
    expect(builder.builds.all.length).toBe(2)
    for (const build of builder.builds.all) await build.finish()
    const assigned = await manager.assign(usage('a'), NONE)
    expect(assigned.circuit.isOpen).toBe(true)
    expect(builder.builds.all.length).toBe(3)
  })

  it('wait ever longer after failures, and never loop', async () => {
    manager.startPreemptive()
    let total = 0
    for (let hour = 0; hour < 60; hour++) {
      for (const build of builder.builds.all.slice(total)) build.fail()
      total = builder.builds.all.length
      await settle()
      clock.advance(60_000)
    }
    expect(builder.builds.all.length).toBeGreaterThan(5)
    expect(builder.builds.all.length).toBeLessThan(130)
  })

  it('are not made up for at once when a relay kills them, however often', async () => {
    manager.startPreemptive()
    for (let round = 0; round < 10; round++) {
      for (const build of builder.builds.all) {
        const circuit = await build.finish()
        await settle()
        circuit.close(new TorError('circuit-failed', 'destroyed'))
      }
      await settle()
    }
    expect(builder.builds.all.length).toBe(2)
    clock.advance(10_000)
    expect(builder.builds.all.length).toBe(4)
  })
})
