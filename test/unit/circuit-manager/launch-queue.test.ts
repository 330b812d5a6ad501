import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CircuitManager } from '../../../core/circuit-manager/circuit-manager.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { CircuitRig, NO_EXITS, rigDirectory, settle, usage } from '../../network/circuit-rig.ts'
import { costlyClock, perTurn } from '../../support/costly-clock.ts'

/** What requests for new circuits that cannot be begun at once may rely on. */

let netDir: NetDir
let rig: CircuitRig
/** The keys of the requests that have a circuit, in that order. */
let served: string[]

beforeAll(() => {
  netDir = rigDirectory()
})

beforeEach(async () => {
  rig = await CircuitRig.start(netDir)
  served = []
})

afterEach(() => rig.close())

function ask(key: string, signal?: AbortSignal): Promise<void> {
  return rig.manager.assign(usage(key), NO_EXITS, signal).then(
    () => void served.push(key),
    () => void served.push(`${key} refused`),
  )
}

function allowBuilding(circuits: number): void {
  rig.settings = { ...rig.settings, maxClientCircuitsPending: circuits }
}

describe('requests that wait for a circuit to be begun', () => {
  it('are served in the order in which they came', async () => {
    allowBuilding(2)
    const keys = Array.from({ length: 7 }, (_, at) => `key ${at}`)
    const asked = keys.map((key) => ask(key))
    await rig.finishAll()
    await Promise.all(asked)
    expect(served).toEqual(keys)
  })

  it('do not wait behind those whose circuits fail again and again', async () => {
    allowBuilding(1)
    const hopeless = Array.from({ length: 6 }, (_, at) => `hopeless ${at}`)
    for (const key of hopeless) void ask(key)
    await rig.failFor(400)
    const otherExit = new Set([rig.netDir.ids(rig.exits[0] ?? 0).rsa])
    void rig.manager.assign(usage('fresh'), otherExit).catch(() => {})
    const before = rig.builder.builds.all.length
    while (rig.builder.builds.all.at(-1)?.exit === rig.exits[0]) {
      rig.builder.builds.all.at(-1)?.fail()
      await settle()
      // Long enough that whoever has failed may try again.
      rig.clock.advance(10_000)
      await settle()
      expect(rig.builder.builds.all.length - before).toBeLessThanOrEqual(hopeless.length + 1)
    }
  })

  it('share what is begun for the first of their isolation, and begin no more', async () => {
    allowBuilding(1)
    const asked = ['first', 'a', 'b', 'a', 'b', 'a'].map((key) => ask(key))
    await rig.finishAll()
    await Promise.all(asked)
    expect(rig.builder.builds.all.length).toBe(3)
    expect(served).toEqual(['first', 'a', 'a', 'a', 'b', 'b'])
  })

  it('are as many as anybody likes, and each new circuit serves its own at once', async () => {
    const counts = fc.record({
      requests: fc.integer({ min: 1, max: 80 }),
      keys: fc.integer({ min: 1, max: 50 }),
    })
    await fc.assert(
      fc.asyncProperty(counts, fc.integer({ min: 1, max: 40 }), async ({ requests, keys }, building) => {
        rig.startAnew()
        served = []
        allowBuilding(building)
        const asked = Array.from({ length: requests }, (_, at) => ask(`key ${at % keys}`))
        const most = Math.min(building, requests, keys)
        await settle()
        expect(rig.builder.builds.all.length).toBe(most)
        await rig.finishAll()
        await Promise.all(asked)
        expect(served.length).toBe(requests)
        expect(served.some((key) => key.endsWith('refused'))).toBe(false)
        expect(rig.builder.builds.all.length).toBe(Math.min(requests, keys))
        rig.manager.close()
      }),
      { numRuns: 15, seed: 3 },
    )
  })

  it('are begun a few in a turn of the event loop when there is room for all of them, in their order', async () => {
    allowBuilding(0)
    rig.manager = new CircuitManager({ ...rig.managerParts(), clock: costlyClock(rig.clock, 1) })
    rig.manager.useNetDir(rig.netDir)
    const keys = Array.from({ length: 20 }, (_, at) => `key ${at}`)
    const asked = keys.map((key) => ask(key))
    allowBuilding(32)
    rig.manager.retryNow()
    expect(rig.builder.builds.all.length).toBeLessThanOrEqual(4)
    expect(Math.max(...(await perTurn(() => rig.builder.builds.all.length, 20)))).toBeLessThanOrEqual(4)
    await rig.finishAll()
    await Promise.all(asked)
    expect(served).toEqual(keys)
  })

  it('are begun no more once the client is closed, also when it was their turn next', async () => {
    allowBuilding(0)
    rig.manager = new CircuitManager({ ...rig.managerParts(), clock: costlyClock(rig.clock, 1) })
    rig.manager.useNetDir(rig.netDir)
    const asked = Array.from({ length: 20 }, (_, at) => ask(`key ${at}`))
    allowBuilding(32)
    rig.manager.retryNow()
    const begun = rig.builder.builds.all.length
    rig.manager.close()
    await Promise.all(asked)
    await settle()
    expect(rig.builder.builds.all.length).toBe(begun)
  })

  it('leave their place to the others when their signal fires', async () => {
    allowBuilding(1)
    const controller = new AbortController()
    const asked = [ask('a'), ask('b', controller.signal), ask('c')]
    controller.abort()
    await rig.finishAll()
    await Promise.all(asked)
    expect(served).toEqual(['b refused', 'a', 'c'])
    expect(rig.builder.builds.all.length).toBe(2)
  })

  it('come before the others when what was begun for them has failed', async () => {
    allowBuilding(2)
    const asked = ['a', 'b', 'c', 'd'].map((key) => ask(key))
    const [first, second] = rig.builder.builds.all
    first?.fail()
    await settle()
    await second?.finish()
    await settle()
    await rig.builder.builds.all[3]?.finish()
    await settle()
    expect(served).toEqual(['b', 'a'])
    await rig.finishAll()
    await Promise.all(asked)
  })

  it('are served when the wait after failures is over before its time', async () => {
    allowBuilding(8)
    const failing = Array.from({ length: 8 }, (_, at) => ask(`failing ${at}`))
    for (let at = 0; at < 8; at++) rig.builder.builds.all[at]?.fail()
    await settle()
    const begun = rig.builder.builds.all.length
    const late = ask('late')
    await settle()
    expect(rig.builder.builds.all.length).toBe(begun)
    rig.manager.retryNow()
    await rig.finishAll()
    await Promise.all([...failing, late])
    expect(served.at(-1)).toBe('late')
  })

  it('take a spare that is begun meanwhile', async () => {
    allowBuilding(8)
    const failing = Array.from({ length: 8 }, (_, at) => ask(`failing ${at}`))
    for (let at = 0; at < 8; at++) rig.builder.builds.all[at]?.fail()
    await settle()
    const begun = rig.builder.builds.all.length
    rig.manager.startPreemptive()
    expect(rig.builder.builds.all.length).toBeGreaterThan(begun)
    await rig.finishAll()
    expect(served.slice(0, 2)).toEqual(['failing 0', 'failing 1'])
    rig.manager.close()
    await Promise.all(failing)
  })
})

describe('requests that wait for one circuit', () => {
  it('go on a few in a turn of the event loop when it is there, and all of them', async () => {
    rig.manager = new CircuitManager({ ...rig.managerParts(), clock: costlyClock(rig.clock, 1) })
    rig.manager.useNetDir(rig.netDir)
    const asked = Array.from({ length: 30 }, () => ask('same'))
    await settle()
    await rig.builder.builds.all[0]?.finish()
    expect(Math.max(...(await perTurn(() => served.length, 30)))).toBeLessThanOrEqual(4)
    await Promise.all(asked)
    expect(served).toEqual(asked.map(() => 'same'))
    expect(rig.builder.builds.all.length).toBe(1)
  })
})
