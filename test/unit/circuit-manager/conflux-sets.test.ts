/** Conflux sets in the pool: built ahead of need, linked, given away and ended as one. */
import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Circuit } from '../../../core/circuit/circuit.ts'
import type { Tunnel } from '../../../core/circuit/tunnel.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import {
  CircuitRig,
  DIRTINESS_MS,
  type HeldBuild,
  type HeldLink,
  NO_EXITS,
  rigDirectory,
  settle,
  usage,
} from '../../network/circuit-rig.ts'
import { STREAM_DEPS } from '../../network/client-side.ts'

const PREBUILT = 3
const SINGLE = 2
const LEGS = 2
const MAX_CLEAN = 14
const SWEEP_MS = 10_000

let netDir: NetDir
let rig: CircuitRig

beforeAll(() => {
  netDir = rigDirectory()
})

beforeEach(async () => {
  rig = await CircuitRig.start(netDir)
  rig.settings = { ...rig.settings, confluxEnabled: true }
})

afterEach(() => rig.close())

/** The single circuits that are begun first are there, and the legs of the sets are being built. */
async function startSets(): Promise<HeldBuild[]> {
  rig.manager.startPreemptive()
  expect(rig.builder.builds.all).toHaveLength(SINGLE)
  for (const build of [...rig.builder.builds.all]) await build.finish()
  await settle()
  return legsBegun()
}

const legsBegun = (): HeldBuild[] => rig.builder.builds.all.filter(({ setId }) => setId !== undefined)

/** The legs of the sets, set by set. */
function setsBegun(): HeldBuild[][] {
  const sets = new Map<number, HeldBuild[]>()
  for (const leg of legsBegun()) sets.set(leg.setId ?? 0, [...(sets.get(leg.setId ?? 0) ?? []), leg])
  return [...sets.values()]
}

async function linkAll(): Promise<Tunnel[]> {
  for (const leg of legsBegun()) await leg.finish()
  await settle()
  const sets = rig.links.all.map((link) => link.finish())
  await settle()
  return sets
}

async function firstSet(): Promise<{ legs: HeldBuild[]; link: () => Promise<HeldLink> }> {
  await startSets()
  const [legs = []] = setsBegun()
  return { legs, link: () => rig.links.take(({ id }) => id === legs[0]?.setId) }
}

describe('sets that are built ahead of need', () => {
  it('follow the single circuits, as many as the consensus says, each of two legs to one exit', async () => {
    expect(await startSets()).toHaveLength(PREBUILT * LEGS)
    for (const legs of setsBegun()) {
      expect(legs).toHaveLength(LEGS)
      expect(new Set(legs.map(({ exit }) => exit)).size).toBe(1)
    }
  })

  it('are not begun where the user or the consensus does not want them', async () => {
    rig.settings = { ...rig.settings, confluxEnabled: false }
    expect(await startSets()).toEqual([])
  })

  it('make single circuits unnecessary once they are linked, and are built again when they are taken', async () => {
    await startSets()
    await linkAll()
    const begun = rig.builder.builds.all.length
    await rig.manager.assign(usage('a'), NO_EXITS)
    await settle()
    const added = rig.builder.builds.all.slice(begun)
    expect(added.map(({ setId }) => setId !== undefined)).toEqual([true, true])
  })

  it('never exceed the circuits that may lie unused, nor those that may be built at once', async () => {
    rig.manager.startPreemptive()
    for (const port of [22, 25, 110, 143, 465, 587, 993, 995, 1194, 3389, 5222, 6667]) {
      void rig.manager.assign(usage(`p${port}`, port), NO_EXITS).catch(() => {})
    }
    await rig.finishAll()
    const used = rig.builder.builds.all.filter((build) => !build.isAborted()).length
    expect(used).toBeLessThanOrEqual(12 * 4 + MAX_CLEAN)
    rig.startAnew()
    rig.settings = { ...rig.settings, maxClientCircuitsPending: 3 }
    rig.manager.startPreemptive()
    for (const build of [...rig.builder.builds.all]) await build.finish()
    await settle()
    expect(legsBegun()).toHaveLength(LEGS)
  })

  it('stop while dormant, and begin again on waking', async () => {
    rig.manager.startPreemptive()
    rig.manager.setDormant(true)
    for (const build of [...rig.builder.builds.all]) await build.finish()
    await settle()
    expect(legsBegun()).toEqual([])
    rig.manager.setDormant(false)
    await settle()
    expect(legsBegun()).toHaveLength(PREBUILT * LEGS)
  })

  it('die of age unused, whole', async () => {
    await startSets()
    const [first] = await linkAll()
    rig.manager.setDormant(true)
    rig.clock.advance(2 * 1_800_000 + SWEEP_MS)
    await settle()
    expect(first?.isOpen).toBe(false)
    expect(rig.links.all.flatMap(({ legs }) => legs).some(({ isOpen }) => isOpen)).toBe(false)
  })
})

describe('a request', () => {
  it('gets a linked set before a clean circuit, and the next one of another isolation another', async () => {
    await startSets()
    const sets = await linkAll()
    const assigned = [
      await rig.manager.assign(usage('a'), NO_EXITS),
      await rig.manager.assign(usage('b'), NO_EXITS),
    ]
    expect(sets).toContain(assigned[0]?.circuit)
    expect(sets).toContain(assigned[1]?.circuit)
    expect(assigned[0]?.circuit).not.toBe(assigned[1]?.circuit)
    expect((await rig.manager.assign(usage('a'), NO_EXITS)).circuit).toBe(assigned[0]?.circuit)
  })

  it('of an isolation that has a circuit stays on it, so that its exit does not change', async () => {
    await startSets()
    const { circuit } = await rig.manager.assign(usage('a'), NO_EXITS)
    await linkAll()
    expect((await rig.manager.assign(usage('a'), NO_EXITS)).circuit).toBe(circuit)
  })

  it('does not wait for a set that is not linked: it gets a circuit, or begins one', async () => {
    rig.manager.startPreemptive()
    const singles = [...rig.builder.builds.all]
    for (const build of singles) await build.finish()
    await settle()
    for (const leg of legsBegun()) await leg.finish()
    await settle()
    const ids = new Set<number>()
    for (const key of ['a', 'b', 'c']) {
      const before = rig.builder.builds.all.length
      const assigning = rig.manager.assign(usage(key), NO_EXITS)
      for (const build of rig.builder.builds.all.slice(before)) {
        if (build.setId === undefined) await build.finish()
      }
      ids.add((await assigning).circuit.id)
    }
    expect(ids.size).toBe(3)
    expect(rig.links.all.some(({ id }) => ids.has(id))).toBe(false)
  })

  it('to resolve a name takes a set too, and one for an exit or a country takes none that is not there', async () => {
    await startSets()
    const sets = await linkAll()
    const lookup = await rig.manager.assign({ ...usage('a'), port: undefined }, NO_EXITS)
    expect(sets).toContain(lookup.circuit)
    const begun = rig.builder.builds.all.length
    const there = rig.manager.assign({ ...usage('b'), exitCountry: 'de' }, NO_EXITS)
    await settle()
    const single = rig.builder.builds.all.slice(begun).filter(({ setId }) => setId === undefined)
    expect(single).toHaveLength(1)
    await single[0]?.finish()
    expect(sets).not.toContain((await there).circuit)
  })

  it('passes over a set whose exit has let it down', async () => {
    await startSets()
    const sets = await linkAll()
    const first = await rig.manager.assign(usage('a'), NO_EXITS)
    first.retire()
    const next = await rig.manager.assign(usage('a'), new Set([first.exit]))
    expect(sets).toContain(first.circuit)
    expect(next.exit).not.toBe(first.exit)
  })
})

describe('a set whose building fails', () => {
  it('at one leg ends the other that is complete, and the one that is not, and holds up no request', async () => {
    const { legs } = await firstSet()
    const complete = await legs[0]?.finish()
    legs[1]?.fail()
    await settle()
    expect(complete?.isOpen).toBe(false)
    const [, other = []] = setsBegun()
    other[0]?.fail()
    await settle()
    expect(other[1]?.isAborted()).toBe(true)
    expect((await rig.manager.assign(usage('a'), NO_EXITS)).circuit.isOpen).toBe(true)
  })

  it('by the end of a complete leg ends the other', async () => {
    const { legs } = await firstSet()
    const complete = await legs[0]?.finish()
    await settle()
    complete?.close(new TorError('circuit-failed', 'the relay went away'))
    await settle()
    expect(legs[1]?.isAborted()).toBe(true)
  })

  it('is tried again later and later, and not at the pace of the failures; single circuits go on', async () => {
    await startSets()
    for (let round = 0; round < 40; round++) {
      for (const leg of legsBegun()) leg.fail()
      await settle()
      rig.clock.advance(1_000)
      await settle()
    }
    // Without waits it would be three a round.
    expect(setsBegun().length).toBeLessThan(PREBUILT + 10)
    const begun = rig.builder.builds.all.length
    const asked = ['a', 'b', 'c'].map((key) => rig.manager.assign(usage(key), NO_EXITS))
    await settle()
    expect(rig.builder.builds.all.length).toBeGreaterThan(begun)
    for (const build of rig.builder.builds.all.slice(begun)) await build.finish()
    expect((await Promise.all(asked)).every(({ circuit }) => circuit.isOpen)).toBe(true)
  })

  it('now and then is tried again soon, however often; one that is linked and ends unused later and later', async () => {
    const waits = async (
      end: (legs: readonly HeldBuild[]) => Promise<void>,
      rounds: number,
    ): Promise<number> => {
      rig.startAnew()
      await startSets()
      await linkAll()
      let waitedMs = 0
      for (let round = 0; round < rounds; round++) {
        const before = setsBegun().length
        await end(setsBegun().at(-1) ?? [])
        while (setsBegun().length === before) {
          rig.clock.advance(500)
          waitedMs += 500
          await settle()
        }
        await linkAll()
      }
      return waitedMs / rounds
    }
    const lose = async (legs: readonly HeldBuild[]): Promise<void> => {
      ;(await legs[0]?.finish())?.close(new TorError('circuit-failed', 'the relay went away'))
      await settle()
    }
    const failOnce = async (): Promise<void> => {
      // One goes for another's sake, and the one that follows it fails at a leg.
      const { circuit } = await rig.manager.assign(usage(`user ${setsBegun().length}`), NO_EXITS)
      await settle()
      setsBegun().at(-1)?.[0]?.fail()
      await settle()
      expect(circuit.isOpen).toBe(true)
    }
    expect(await waits(failOnce, 6)).toBeLessThan(1_500)
    expect(await waits(lose, 12)).toBeGreaterThan(3_000)
  })

  it('at linking leaves no leg open', async () => {
    const { legs, link } = await firstSet()
    const circuits = await Promise.all(legs.map((leg) => leg.finish()))
    ;(await link()).fail()
    await settle()
    expect(circuits.map(({ isOpen }) => isOpen)).toEqual([false, false])
  })

  it('for want of paths leaves single circuits alone, and is tried again when there is a reason', async () => {
    rig.noSet = new TorError('no-path', 'no further primary guard can be used now')
    expect(await startSets()).toEqual([])
    expect((await rig.manager.assign(usage('a'), NO_EXITS)).circuit.isOpen).toBe(true)
    rig.noSet = undefined
    rig.manager.retryNow()
    expect(legsBegun()).toHaveLength(PREBUILT * LEGS)
  })
})

describe('what holds for a set', () => {
  it('is judged by all its guards: it waits with one that waits, and ends with one that may not be used', async () => {
    const { legs, link } = await firstSet()
    let second: 'usable' | 'waiting' | 'unusable' = 'waiting'
    const { rsa } = netDir.ids(1)
    rig.judge = (guard) => (guard === rsa ? second : 'usable')
    for (const leg of legs) await leg.finish()
    const set = (await link()).finish()
    await settle()
    const [leg] = legs
    expect(rig.manager.notes(leg?.id ?? 0)?.isWaiting).toBe(true)
    expect((await rig.manager.assign(usage('a'), NO_EXITS)).circuit).not.toBe(set)
    second = 'usable'
    rig.changes.set(1)
    expect(rig.manager.notes(leg?.id ?? 0)?.isWaiting).toBe(false)
    expect((await rig.manager.assign(usage('b'), NO_EXITS)).circuit).toBe(set)
    second = 'unusable'
    const [, next = []] = setsBegun()
    for (const other of next) await other.finish()
    const ended = (await rig.links.take(({ id }) => id === next[0]?.setId)).finish()
    await settle()
    expect(ended.isOpen).toBe(false)
  })

  it('is known by the id of each leg, and by its own', async () => {
    const { legs, link } = await firstSet()
    const setId = legs[0]?.setId ?? 0
    await legs[0]?.finish()
    // Complete, and nothing may ride on it yet.
    expect(rig.manager.notes(legs[0]?.id ?? 0)).toMatchObject({ isWaiting: true, tunnelId: setId })
    for (const leg of legs) await leg.finish()
    const set = (await link()).finish()
    await settle()
    const { circuit } = await rig.manager.assign({ ...usage('a'), site: 'a.example' }, NO_EXITS)
    expect(circuit).toBe(set)
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    for (const id of [setId, ...legs.map((leg) => leg.id)]) {
      expect(rig.manager.notes(id)).toEqual({
        ...{ isWaiting: false, isRetired: false, sites: ['a.example'], tunnelId: setId, streams: 1 },
      })
    }
    stream.destroy()
  })

  it.each([0, 1])('ends whole when its user closes leg %d', async (at) => {
    const { legs, link } = await firstSet()
    for (const leg of legs) await leg.finish()
    const set = (await link()).finish()
    await settle()
    rig.manager.closeCircuit(legs[at]?.id ?? 0, new TorError('closed', 'by its user'))
    await settle()
    expect(set.legs.map(({ isOpen }) => isOpen)).toEqual([false, false])
    expect(rig.manager.notes(legs[0]?.id ?? 0)).toBeUndefined()
    expect(rig.manager.notes(set.id)).toBeUndefined()
  })

  it('stops to be built when its user closes one of its circuits, while it is built and while it is linked', async () => {
    const { legs, link } = await firstSet()
    rig.manager.closeCircuit(legs[1]?.id ?? 0, new TorError('closed', 'by its user'))
    await settle()
    expect(legs.map((leg) => leg.isAborted())).toEqual([true, true])
    expect(rig.links.all).toEqual([])
    const [, other = []] = setsBegun()
    const circuits = await Promise.all(other.map((leg) => leg.finish()))
    await rig.links.take()
    rig.manager.closeCircuit(other[0]?.id ?? 0, new TorError('closed', 'by its user'))
    await settle()
    expect(circuits.map(({ isOpen }) => isOpen)).toEqual([false, false])
    void link
  })

  it('a new identity, a new circuit for its site and age retire it with all its legs', async () => {
    await startSets()
    const sets = await linkAll()
    const mine = await rig.manager.assign({ ...usage('a'), site: 'a.example' }, NO_EXITS)
    rig.manager.retireSite('a.example')
    await settle()
    expect(mine.circuit.isOpen).toBe(false)
    const old = await rig.manager.assign({ ...usage('a'), site: 'a.example' }, NO_EXITS)
    expect(sets).toContain(old.circuit)
    const stream = await DataStream.open(old.circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    rig.clock.advance(DIRTINESS_MS + SWEEP_MS)
    const next = await rig.assign('a')
    expect([mine.circuit, old.circuit]).not.toContain(next.circuit)
    // Its stream goes on where it is.
    expect(old.circuit.isOpen).toBe(true)
    stream.destroy()
    rig.manager.retireAll('a new identity')
    await settle()
    expect(sets.some(({ isOpen }) => isOpen)).toBe(false)
  })

  it('holds for isolation: no two ever ride on one set, whatever happens in whatever order', async () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), key: fc.nat(4) }) },
      { weight: 6, arbitrary: fc.record({ do: fc.constant('finish' as const), which: fc.nat(50) }) },
      { weight: 4, arbitrary: fc.record({ do: fc.constant('link' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('refuse' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), which: fc.nat(50) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), which: fc.nat(50) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant('time' as const), ms: fc.nat(900_000) }) },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const from = rig.links.all.length
        rig.startAnew()
        rig.manager.startPreemptive()
        const owners = new Map<Tunnel, number>()
        const asked: Promise<void>[] = []
        const circuits: Circuit[] = []
        const pick = <T>(items: readonly T[], which: number): T | undefined =>
          items[which % (items.length || 1)]
        for (const action of steps) {
          switch (action.do) {
            case 'ask':
              asked.push(
                rig.manager.assign(usage(`key ${action.key}`), NO_EXITS).then(
                  ({ circuit }) => {
                    expect(owners.get(circuit) ?? action.key).toBe(action.key)
                    owners.set(circuit, action.key)
                  },
                  (error: unknown) => expect(error).toBeInstanceOf(TorError),
                ),
              )
              break
            case 'finish': {
              const build = pick(rig.builder.builds.all, action.which)
              if (build !== undefined) circuits.push(await build.finish())
              break
            }
            case 'link':
              pick(rig.links.all.slice(from), action.which)?.finish()
              break
            case 'refuse':
              pick(rig.links.all.slice(from), action.which)?.fail()
              break
            case 'fail':
              pick(rig.builder.builds.all, action.which)?.fail()
              break
            case 'close':
              pick(circuits, action.which)?.close()
              break
            case 'turn':
              await settle()
              break
            case 'time':
              rig.clock.advance(action.ms)
              break
          }
        }
        await settle()
        rig.manager.close()
        await Promise.all(asked)
        await settle()
        // Nothing of a set outlives the manager.
        expect(
          rig.links.all
            .slice(from)
            .flatMap(({ legs }) => legs)
            .some(({ isOpen }) => isOpen),
        ).toBe(false)
        for (const circuit of circuits) circuit.close()
      }),
      { numRuns: 60, seed: 12 },
    )
  })
})
