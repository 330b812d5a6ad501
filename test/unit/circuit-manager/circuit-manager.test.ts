import fc from 'fast-check'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Tunnel } from '../../../core/circuit/tunnel.ts'
import { CircuitManager } from '../../../core/circuit-manager/circuit-manager.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import {
  CircuitRig,
  MAX_BUILDING,
  MAX_TRIES,
  NO_EXITS,
  PROMPT_TRIES,
  rigDirectory,
  settle,
  usage,
} from '../../network/circuit-rig.ts'
import { STREAM_DEPS } from '../../network/client-side.ts'

let netDir: NetDir
let rig: CircuitRig

beforeAll(() => {
  netDir = rigDirectory()
})

beforeEach(async () => {
  rig = await CircuitRig.start(netDir)
})

afterEach(() => rig.close())

describe('the pool of circuits', () => {
  it('uses a circuit again for the same isolation', async () => {
    const first = await rig.assign('a')
    const second = await rig.assign('a')
    expect(second.circuit).toBe(first.circuit)
    expect(rig.builder.builds.all.length).toBe(1)
  })

  it('lets all who ask meanwhile wait for the same circuit', async () => {
    const waiting = Promise.all([1, 2, 3].map(() => rig.manager.assign(usage('a'), NO_EXITS)))
    await (await rig.builder.builds.take()).finish()
    const circuits = new Set((await waiting).map(({ circuit }) => circuit))
    expect(circuits.size).toBe(1)
    expect(rig.builder.builds.all.length).toBe(1)
  })

  it('never gives one clean circuit to two isolations that ask in the same turn', async () => {
    rig.manager.startPreemptive()
    for (const build of rig.builder.builds.all) await build.finish()
    const spares = rig.builder.builds.all.length
    const assigned = Promise.all(['a', 'b', 'c'].map((key) => rig.manager.assign(usage(key), NO_EXITS)))
    await settle()
    for (const build of rig.builder.builds.all.slice(spares)) await build.finish()
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
        rig.startAnew()
        if (hasSpares) rig.manager.startPreemptive()
        const owners = new Map<Tunnel, number>()
        const controllers: AbortController[] = []
        const asked: Promise<void>[] = []
        const circuits: Tunnel[] = []
        const pick = <T>(items: readonly T[], which: number): T | undefined =>
          items[which % (items.length || 1)]
        for (const action of steps) {
          switch (action.do) {
            case 'ask': {
              const controller = new AbortController()
              controllers.push(controller)
              const asking = rig.manager.assign(usage(`key ${action.key}`), NO_EXITS, controller.signal)
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
              const build = pick(rig.builder.builds.all, action.which)
              if (build !== undefined) circuits.push(await build.finish())
              break
            }
            case 'fail':
              pick(rig.builder.builds.all, action.which)?.fail()
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
              rig.clock.advance(action.ms)
              break
          }
        }
        rig.manager.close()
        await Promise.all(asked)
        for (const circuit of circuits) circuit.close()
      }),
      { numRuns: 60, seed: 11 },
    )
  })

  it('keeps a circuit for its isolation when all its streams are gone', async () => {
    const { circuit } = await rig.assign('a')
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    stream.destroy()
    expect((await rig.assign('b')).circuit).not.toBe(circuit)
    expect((await rig.assign('a')).circuit).toBe(circuit)
  })

  it('keeps a circuit for its isolation when the one who asked gives up before it is built', async () => {
    const controller = new AbortController()
    const abandoned = rig.manager.assign(usage('a'), NO_EXITS, controller.signal)
    controller.abort()
    await expect(abandoned).rejects.toMatchObject({ kind: 'aborted' })
    const circuit = await (await rig.builder.builds.take()).finish()
    await settle()
    expect((await rig.assign('b')).circuit).not.toBe(circuit)
    expect((await rig.assign('a')).circuit).toBe(circuit)
  })

  it('gives no circuit to a port that its exit does not serve', async () => {
    const { circuit } = await rig.assign('a')
    const closed = rig.exits[0] ?? 0
    const port = Array.from({ length: 65_535 }, (_, index) => index + 1).find(
      (candidate) => !rig.netDir.allowsExitTo(closed, candidate, 'ipv4'),
    )
    const other = rig.manager.assign(usage('a', port), NO_EXITS)
    other.catch(() => {})
    // The path picker of this test looks at no ports: the pool does, and asks for another.
    for (let second = 0; second < 60; second++) {
      await rig.finishAll()
      rig.clock.advance(1_000)
      await settle()
    }
    await expect(other).rejects.toMatchObject({ kind: 'no-path' })
    expect(rig.builder.builds.all.length).toBe(1 + MAX_TRIES)
    expect(circuit.isOpen).toBe(true)
  })

  it('passes over an exit that has let the request down, and one that was retired for all', async () => {
    const first = await rig.assign('a')
    const second = await rig.assign('a', new Set([first.exit]))
    expect(second.exit).not.toBe(first.exit)
    expect((await rig.assign('a')).circuit).toBe(first.circuit)
    first.retire()
    second.retire()
    const third = await rig.assign('a')
    expect([first.circuit, second.circuit]).not.toContain(third.circuit)
  })

  it('ends a circuit with its streams when its user closes it, once, and serves the next request by another', async () => {
    const { circuit } = await rig.assign('a')
    const reason = new TorError('closed', 'by its user')
    const id = rig.builder.builds.all[0]?.id ?? 0
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    const ended = new Promise<void>((resolve) => stream.whenClosed(resolve))
    rig.manager.closeCircuit(id, reason)
    await ended
    rig.manager.closeCircuit(id, reason)
    rig.manager.closeCircuit(123_456, reason)
    expect(circuit.isOpen).toBe(false)
    expect((await rig.assign('a')).circuit).not.toBe(circuit)
  })

  it('stops building a circuit that its user closes', async () => {
    const assigning = rig.manager.assign(usage('a'), NO_EXITS)
    const build = await rig.builder.builds.take()
    rig.manager.closeCircuit(build.id, new TorError('closed', 'by its user'))
    await (await rig.builder.builds.take()).finish()
    expect((await assigning).circuit.isOpen).toBe(true)
  })

  it('says that there is no directory yet', async () => {
    const early = new CircuitManager(rig.managerParts())
    await expect(early.assign(usage('a'), NO_EXITS)).rejects.toMatchObject({
      kind: 'no-path',
      retry: 'later',
    })
  })

  it('hands on that there is no path', async () => {
    const all = new Set(rig.exits.map((index) => rig.netDir.ids(index).rsa))
    await expect(rig.manager.assign(usage('a'), all)).rejects.toMatchObject({ kind: 'no-path' })
  })
})

describe('circuits that cannot be built', () => {
  it('are followed by others until the time of their request is over, the later ones at a pace of ours', async () => {
    const controller = new AbortController()
    const asking = rig.manager.assign(usage('a'), NO_EXITS, controller.signal)
    asking.catch(() => {})
    await rig.failAll()
    expect(rig.builder.builds.all.length).toBe(PROMPT_TRIES)
    await rig.failFor(110)
    expect(rig.builder.builds.all.length).toBeGreaterThan(2 * MAX_TRIES)
    expect(rig.builder.builds.all.length).toBeLessThan(60)
    controller.abort(new TorError('timeout', 'the request took too long'))
    await expect(asking).rejects.toMatchObject({ kind: 'timeout' })
    const built = rig.builder.builds.all.length
    await rig.failFor(60)
    expect(rig.builder.builds.all.length).toBe(built)
  })

  it('are forgotten when one works, however many there were', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    await rig.failFor(60)
    await rig.finishAll()
    rig.clock.advance(10_000)
    await settle()
    await rig.finishAll()
    expect((await asking).circuit.isOpen).toBe(true)
  })

  it('count also when they are dead before anybody can use them', async () => {
    rig.manager.assign(usage('a'), NO_EXITS).catch(() => {})
    for (let tries = 0; tries < PROMPT_TRIES; tries++) await (await rig.builder.builds.take()).finishDead()
    await settle()
    expect(rig.builder.builds.all.length).toBe(PROMPT_TRIES)
  })

  it('end their request after eight when it names its exit, so that whoever named it can name another', async () => {
    const exit = rig.netDir.ids(rig.exits[0] ?? 0).rsa
    const asking = rig.manager.assign({ ...usage('a'), exit }, NO_EXITS)
    asking.catch(() => {})
    await rig.failFor(60)
    await expect(asking).rejects.toMatchObject({ kind: 'circuit-failed' })
    expect(rig.builder.builds.all.length).toBe(MAX_TRIES)
  })

  it("end their request after eight when it is no relay's doing", async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    asking.catch(() => {})
    const refused = new TorError('proxy-failed', 'wrong password')
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const build = await rig.builder.builds.take()
      build.fail(refused)
      await settle()
      rig.clock.advance(10_000)
      await settle()
    }
    await expect(asking).rejects.toBe(refused)
  })

  it('make nobody wait any longer once the network is known to be back', async () => {
    rig.manager.assign(usage('a'), NO_EXITS).catch(() => {})
    await rig.failFor(30)
    const built = rig.builder.builds.all.length
    rig.manager.retryNow()
    await settle()
    expect(rig.builder.builds.all.length).toBe(built + 1)
  })

  it('are built 32 at a time at most, spares among them', async () => {
    const keys = Array.from({ length: 40 }, (_, index) => `key ${index}`)
    const assigned = keys.map((key) => rig.manager.assign(usage(key), NO_EXITS))
    rig.manager.startPreemptive()
    await settle()
    expect(rig.builder.builds.all.length).toBe(MAX_BUILDING)
    for (let finished = 1; finished <= 8; finished++) {
      await (await rig.builder.builds.take()).finish()
      await settle()
      expect(rig.builder.builds.all.length).toBeLessThanOrEqual(MAX_BUILDING + finished)
    }
    for (let index = 0; index < rig.builder.builds.all.length && index < 60; index++) {
      await rig.builder.builds.all[index]?.finish()
      await settle()
    }
    const circuits = await Promise.all(assigned)
    expect(new Set(circuits.map(({ circuit }) => circuit)).size).toBe(40)
  })

  it('keep nobody waiting whose signal fires', async () => {
    const waiting = Array.from({ length: MAX_BUILDING }, (_, index) =>
      rig.manager.assign(usage(`${index}`), NO_EXITS),
    )
    const controller = new AbortController()
    const last = rig.manager.assign(usage('last'), NO_EXITS, controller.signal)
    controller.abort()
    await expect(last).rejects.toMatchObject({ kind: 'aborted' })
    const settled = Promise.allSettled(waiting)
    rig.manager.close()
    for (const result of await settled) {
      expect(result).toMatchObject({ status: 'rejected', reason: { kind: 'closed' } })
    }
  })

  it('end with the client', async () => {
    const { circuit } = await rig.assign('a')
    const waiting = rig.manager.assign(usage('b'), NO_EXITS)
    rig.manager.close()
    await expect(waiting).rejects.toMatchObject({ kind: 'closed' })
    await expect(rig.manager.assign(usage('c'), NO_EXITS)).rejects.toMatchObject({ kind: 'closed' })
    expect(circuit.isOpen).toBe(false)
  })
})

describe('spare circuits', () => {
  it('are two, and are made up for as soon as one is used', async () => {
    rig.manager.startPreemptive()
    expect(rig.builder.builds.all.length).toBe(2)
    for (const build of rig.builder.builds.all) await build.finish()
    const assigned = await rig.manager.assign(usage('a'), NO_EXITS)
    expect(assigned.circuit.isOpen).toBe(true)
    expect(rig.builder.builds.all.length).toBe(3)
  })

  it('wait ever longer after failures, and never loop', async () => {
    rig.manager.startPreemptive()
    let total = 0
    for (let hour = 0; hour < 60; hour++) {
      for (const build of rig.builder.builds.all.slice(total)) build.fail()
      total = rig.builder.builds.all.length
      await settle()
      rig.clock.advance(60_000)
    }
    expect(rig.builder.builds.all.length).toBeGreaterThan(5)
    expect(rig.builder.builds.all.length).toBeLessThan(130)
  })

  it('are not made up for at once when a relay kills them, however often', async () => {
    rig.manager.startPreemptive()
    for (let round = 0; round < 10; round++) {
      for (const build of rig.builder.builds.all) {
        const circuit = await build.finish()
        await settle()
        circuit.close(new TorError('circuit-failed', 'destroyed'))
      }
      await settle()
    }
    expect(rig.builder.builds.all.length).toBe(2)
    rig.clock.advance(10_000)
    expect(rig.builder.builds.all.length).toBe(4)
  })
})
