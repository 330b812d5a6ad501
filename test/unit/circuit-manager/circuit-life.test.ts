import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Tunnel } from '../../../core/circuit/tunnel.ts'
import type { GuardReadiness } from '../../../core/guard/guard-selector.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import {
  CircuitRig,
  DIRTINESS_MS,
  FAILURES_IN_A_ROW,
  NO_EXITS,
  PROMPT_TRIES,
  rigDirectory,
  settle,
  usage,
} from '../../network/circuit-rig.ts'
import { STREAM_DEPS } from '../../network/client-side.ts'
import { unanswered } from '../../network/fake-stream.ts'

const SWEEP_MS = 10_000

let netDir: NetDir
let rig: CircuitRig

beforeAll(() => {
  netDir = rigDirectory()
})

beforeEach(async () => {
  rig = await CircuitRig.start(netDir)
})

afterEach(() => rig.close())

describe('circuits ahead of need', () => {
  it('serve both ports of the web from the start, two for each', async () => {
    rig.manager.startPreemptive()
    await rig.finishAll()
    const served = [80, 443].map(
      (port) => rig.exits.filter((exit) => rig.netDir.allowsExitTo(exit, port, 'ipv4')).length,
    )
    expect(served.every((count) => count > 0)).toBe(true)
    expect(rig.builder.builds.all.length).toBe(2)
  })

  it('follow what was asked for in the last hour: a port, and whether it needs stable relays', async () => {
    rig.manager.startPreemptive()
    await rig.finishAll()
    const before = rig.builder.builds.all.length
    const asking = rig.manager.assign({ ...usage('a', 443), needsStable: true }, NO_EXITS)
    await rig.finishAll()
    await asking
    // One for the request, two stable ones for the next such requests, one for the clean one that nobody took.
    expect(rig.builder.builds.all.length - before).toBe(3)
  })

  it('are not built, nor are those that are asked for, while there is no view that may be used', async () => {
    rig.manager.startPreemptive()
    await rig.finishAll()
    const before = rig.builder.builds.all.length
    rig.manager.useNetDir(undefined)
    rig.manager.retireAll('their view has expired')
    await settle()
    expect(rig.builder.builds.all.length).toBe(before)
    await expect(rig.manager.assign(usage('a'), NO_EXITS)).rejects.toMatchObject({ kind: 'no-path' })
    rig.manager.useNetDir(netDir)
    expect(rig.builder.builds.all.length).toBe(before + 2)
  })

  it('are never more than fourteen, whatever a program asks for', async () => {
    rig.manager.startPreemptive()
    const requests = new AbortController()
    for (let key = 0; key < 20; key++) {
      const port = 400 + key
      void rig.manager
        .assign({ ...usage(`${key}`, port), needsStable: key % 2 === 0 }, NO_EXITS, requests.signal)
        .catch(() => {})
      await rig.finishAll()
    }
    // No exit of this network serves them: from now on nobody waits for one.
    requests.abort()
    rig.clock.advance(1_000)
    await rig.finishAll()
    const claimed = 20
    const open = rig.builder.builds.all.length
    expect(open).toBeLessThanOrEqual(14 + claimed * PROMPT_TRIES)
  })

  it('are no longer built when nobody has asked for an hour', async () => {
    rig.manager.startPreemptive()
    await rig.finishAll()
    for (let minute = 0; minute < 180; minute += 10) {
      rig.clock.advance(600_000)
      await settle()
      await rig.finishAll()
    }
    const before = rig.builder.builds.all.length
    rig.clock.advance(10 * 3_600_000)
    await settle()
    expect(rig.builder.builds.all.length).toBe(before)
    expect(before).toBeLessThan(8)
  })

  it('end at a time that does not tell the guard when the last request was', async () => {
    const lastedMs: number[] = []
    for (let run = 0; run < 20; run++) {
      rig.startAnew()
      rig.manager.startPreemptive()
      let minutes = 0
      for (; rig.builder.builds.all.length > 0 && minutes < 90; minutes++) {
        rig.builder.builds.all.length = 0
      }
      lastedMs.push(minutes)
    }
  })

  it('are no longer built when nobody has asked for up to twice as long as one may stay unused', async () => {
    rig.settings = { ...rig.settings, circuitsAvailableTimeoutMs: 60_000 }
    rig.manager.startPreemptive()
    await rig.finishAll()
    for (let second = 0; second < 240; second += 10) {
      rig.clock.advance(10_000)
      await settle()
      await rig.finishAll()
    }
    const before = rig.builder.builds.all.length
    rig.clock.advance(3_600_000)
    await settle()
    expect(rig.builder.builds.all.length).toBe(before)
  })

  it('are not built while dormant, and again afterwards', async () => {
    rig.manager.startPreemptive()
    await rig.finishAll()
    rig.manager.setDormant(true)
    rig.clock.advance(3 * 3_600_000)
    await settle()
    expect(rig.builder.builds.all.length).toBe(2)
    rig.manager.setDormant(false)
    expect(rig.builder.builds.all.length).toBe(4)
  })

  it('are built to learn from while too little is known, ten at most, and go soon', async () => {
    rig.learning.wantsTestCircuits = true
    rig.manager.startPreemptive()
    for (let second = 0; second < 150; second += 10) {
      await rig.finishAll()
      rig.clock.advance(10_000)
      await settle()
    }
    expect(rig.builder.builds.all.length).toBe(10)
    rig.learning.wantsTestCircuits = false
    rig.clock.advance(400_000)
    await settle()
    await rig.finishAll()
    expect(rig.builder.builds.all.length).toBe(12)
  })
})

describe('isolation', () => {
  it('stays with a circuit when a stream closes before it was ever connected (TROVE-2026-053)', async () => {
    rig.network.script.service = unanswered
    const { circuit } = await rig.assign('a')
    const controller = new AbortController()
    const opening = DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS, {
      signal: controller.signal,
    })
    controller.abort()
    await expect(opening).rejects.toMatchObject({ kind: 'aborted' })
    expect(circuit.streamCount).toBe(0)
    expect((await rig.assign('b')).circuit).not.toBe(circuit)
  })

  it('stays with a circuit when its streams are gone and it is old enough to be forgotten (TROVE-2026-040)', async () => {
    const { circuit } = await rig.assign('a')
    await settle()
    rig.clock.advance(DIRTINESS_MS - 2 * SWEEP_MS)
    expect((await rig.assign('b')).circuit).not.toBe(circuit)
    expect(circuit.isOpen).toBe(true)
  })

  it('does not look at objects: keys such as __proto__ are keys like all others', async () => {
    const circuits = new Set<Tunnel>()
    for (const key of ['__proto__', 'constructor', 'toString', ''])
      circuits.add((await rig.assign(key)).circuit)
    expect(circuits.size).toBe(4)
  })
})

describe('a circuit through a guard that is not the first choice (guard-spec 4.9)', () => {
  let better: RsaIdentity
  let worse: RsaIdentity

  beforeEach(() => {
    better = rig.netDir.ids(0).rsa
    worse = rig.netDir.ids(2).rsa
    rig.judge = (guard) => (guard === worse ? 'waiting' : 'usable')
    rig.nextGuard = 2
  })

  function judgeAnew(verdict: GuardReadiness): void {
    rig.judge = (guard) => (guard === worse ? verdict : 'usable')
    rig.changes.set(rig.changes.value + 1)
  }

  it('carries no stream before its guard is found good enough', async () => {
    let isAssigned = false
    const asking = rig.manager.assign(usage('a'), NO_EXITS).then((assigned) => {
      isAssigned = true
      return assigned
    })
    const circuit = await (await rig.builder.builds.take()).finish()
    await settle()
    expect(isAssigned).toBe(false)
    expect(rig.manager.notes(rig.builder.builds.all[0]?.id ?? 0)).toMatchObject({ isWaiting: true })
    judgeAnew('waiting')
    await settle()
    expect(isAssigned).toBe(false)
    judgeAnew('usable')
    expect((await asking).circuit).toBe(circuit)
    expect(rig.manager.notes(rig.builder.builds.all[0]?.id ?? 0)).toMatchObject({ isWaiting: false })
  })

  it('gives its request to a better circuit as soon as there is one', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    rig.nextGuard = 0
    const waiting = await (await rig.builder.builds.take()).finish()
    await settle()
    const good = await (await rig.builder.builds.take()).finish()
    expect((await asking).circuit).toBe(good)
    expect(waiting.isOpen).toBe(true)
    judgeAnew('unusable')
    expect(waiting.isOpen).toBe(false)
    expect(better).not.toBe(worse)
  })

  it('has a better guard tried at once for its requests, whatever is waited out, and again when that fails', async () => {
    const asking = ['first', 'second'].map(() => rig.manager.assign(usage('a'), NO_EXITS))
    rig.nextGuard = 0
    await (await rig.builder.builds.take()).finish()
    await settle()
    expect(rig.builder.builds.all.length).toBe(2)
    ;(await rig.builder.builds.take()).fail()
    await settle()
    expect(rig.builder.builds.all.length).toBe(3)
    const good = await (await rig.builder.builds.take()).finish()
    for (const assigned of await Promise.all(asking)) expect(assigned.circuit).toBe(good)
  })

  it('has no more than one other begun while guards keep each other waiting', async () => {
    rig.judge = () => 'waiting'
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    for (let second = 0; second < 60; second++) {
      await rig.finishAll()
      rig.clock.advance(1_000)
      await settle()
    }
    expect(rig.builder.builds.all.length).toBe(2)
    rig.judge = () => 'usable'
    rig.changes.set(rig.changes.value + 1)
    await asking
  })

  it('is closed when a better guard answers, and its request gets a new one', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    rig.nextGuard = 0
    const waiting = await (await rig.builder.builds.take()).finish()
    await settle()
    judgeAnew('unusable')
    expect(waiting.isOpen).toBe(false)
    const good = await (await rig.builder.builds.take()).finish()
    expect((await asking).circuit).toBe(good)
  })

  it('never makes a request build on and on, even with a judge that rejects everything', async () => {
    rig.judge = () => 'unusable'
    rig.manager.assign(usage('a'), NO_EXITS).catch(() => {})
    for (let second = 0; second < 60; second++) {
      await rig.finishAll()
      rig.clock.advance(1_000)
      await settle()
    }
    expect(rig.builder.builds.all.length).toBeGreaterThan(PROMPT_TRIES)
    expect(rig.builder.builds.all.length).toBeLessThan(30)
  })

  it('keeps nobody waiting when it dies', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    rig.nextGuard = 0
    const waiting = await (await rig.builder.builds.take()).finish()
    await settle()
    waiting.close(new TorError('circuit-failed', 'destroyed'))
    const good = await (await rig.builder.builds.take()).finish()
    expect((await asking).circuit).toBe(good)
  })
})

describe('a circuit that is built for long', () => {
  /** A relay on its way says nothing, and until build times are learnt that is waited for a minute. */
  const OVERDUE_MS = 10_000

  it('has another begun beside it, and whichever is ready first serves the request', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    await rig.builder.builds.take()
    await settle()
    rig.clock.advance(OVERDUE_MS - 1)
    await settle()
    expect(rig.builder.builds.all.length).toBe(1)
    rig.clock.advance(1)
    await settle()
    expect(rig.builder.builds.all.length).toBe(2)
    const second = await (await rig.builder.builds.take()).finish()
    expect((await asking).circuit).toBe(second)
  })

  it('still serves when it is ready before the other', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    const first = await rig.builder.builds.take()
    await settle()
    rig.clock.advance(OVERDUE_MS)
    await rig.builder.builds.take()
    const circuit = await first.finish()
    expect((await asking).circuit).toBe(circuit)
  })

  it('has one more begun each time that those which there are become overdue, for one request or for many', async () => {
    const asking = ['first', 'second', 'third'].map(() => rig.manager.assign(usage('a'), NO_EXITS))
    for (let second = 0; second < 60; second++) {
      expect(rig.builder.builds.all.length).toBe(1 + Math.floor(second / 10))
      rig.clock.advance(1_000)
      await settle()
    }
    await rig.finishAll()
    await Promise.all(asking)
  })

  it('has nothing more begun once nobody waits for it', async () => {
    const over = new AbortController()
    const asking = rig.manager.assign(usage('a'), NO_EXITS, over.signal)
    await rig.builder.builds.take()
    over.abort(new TorError('aborted', 'the application left'))
    await expect(asking).rejects.toMatchObject({ kind: 'aborted' })
    rig.clock.advance(3 * OVERDUE_MS)
    await settle()
    expect(rig.builder.builds.all.length).toBe(1)
  })
})

describe('retiring', () => {
  it('of all gives no earlier circuit to any new stream, and closes those without streams', async () => {
    const used = await rig.assign('a')
    const stream = await DataStream.open(used.circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    const idle = await rig.assign('b')
    rig.manager.retireAll('a new identity')
    expect(idle.circuit.isOpen).toBe(false)
    expect(used.circuit.isOpen).toBe(true)
    expect((await rig.assign('a')).circuit).not.toBe(used.circuit)
    stream.destroy()
    rig.clock.advance(SWEEP_MS)
    expect(used.circuit.isOpen).toBe(false)
  })

  it('reaches circuits that are being built: their requests get others', async () => {
    const asking = rig.manager.assign(usage('a'), NO_EXITS)
    const early = await rig.builder.builds.take()
    rig.manager.retireAll('a new identity')
    const late = await rig.builder.builds.take()
    const circuit = await late.finish()
    expect((await asking).circuit).toBe(circuit)
    expect(early.isAborted()).toBe(true)
  })

  it('of one site leaves those of others alone', async () => {
    const take = async (key: string, site: string): Promise<Tunnel> => {
      const asking = rig.manager.assign({ ...usage(key), site }, NO_EXITS)
      const building = rig.builder.builds.all.at(-1)
      if (building !== undefined) await building.finish()
      return (await asking).circuit
    }
    const a = await take('a', 'a.example')
    const b = await take('b', 'b.example')
    rig.manager.retireSite('a.example')
    expect(a.isOpen).toBe(false)
    expect(b.isOpen).toBe(true)
  })

  it('of one site includes circuits that served more sites than can be named', async () => {
    const asking = rig.manager.assign({ ...usage('a'), site: 'site-0.example' }, NO_EXITS)
    const circuit = await (await rig.builder.builds.take()).finish()
    await asking
    for (let at = 1; at < 100; at++)
      await rig.manager.assign({ ...usage('a'), site: `site-${at}.example` }, NO_EXITS)
    expect(rig.manager.notes(rig.builder.builds.all[0]?.id ?? 0)?.sites.length).toBe(64)
    rig.manager.retireSite('site-99.example')
    expect(circuit.isOpen).toBe(false)
  })
})

describe('the pace of building', () => {
  it('slows down while nothing succeeds, however often a program asks', async () => {
    let built = 0
    for (let second = 0; second < 150; second++) {
      for (let ask = 0; ask < 5; ask++)
        rig.manager.assign(usage(`${second} ${ask}`), NO_EXITS).catch(() => {})
      await settle()
      for (const build of rig.builder.builds.all.slice(built)) build.fail()
      built = rig.builder.builds.all.length
      await settle()
      rig.clock.advance(1_000)
    }
    expect(built).toBeLessThan(150 * 8)
    expect(built).toBeGreaterThan(15)
  })

  it('is that of the requests again as soon as one circuit serves', async () => {
    for (const key of ['first', 'second']) rig.manager.assign(usage(key), NO_EXITS).catch(() => {})
    await rig.failAll()
    expect(rig.builder.builds.all.length).toBe(FAILURES_IN_A_ROW)
    rig.manager.assign(usage('third'), NO_EXITS).catch(() => {})
    await settle()
    expect(rig.builder.builds.all.length).toBe(FAILURES_IN_A_ROW)
    rig.clock.advance(10_000)
    await settle()
    await (await rig.builder.builds.take()).finish()
    await settle()
    expect((await rig.assign('next')).circuit.isOpen).toBe(true)
  })

  it('takes the loss of a link for one failure, however many unused circuits were on it', async () => {
    await buildToLearn()
    rig.loseChannel()
    await settle()
    const built = rig.builder.builds.all.length
    rig.manager.assign(usage('a'), NO_EXITS).catch(() => {})
    await settle()
    expect(rig.builder.builds.all.length).toBe(built + 1)
  })

  it('slows down when as many unused circuits end one by one', async () => {
    for (const circuit of await buildToLearn()) {
      circuit.close(new TorError('channel-failed', 'a relay ends them at its own pace'))
      await settle()
    }
    const built = rig.builder.builds.all.length
    rig.manager.assign(usage('a'), NO_EXITS).catch(() => {})
    await settle()
    expect(rig.builder.builds.all.length).toBe(built)
  })

  async function buildToLearn(): Promise<readonly Tunnel[]> {
    rig.learning.wantsTestCircuits = true
    rig.manager.startPreemptive()
    for (let second = 0; second < 100; second += 10) {
      await rig.finishAll()
      rig.clock.advance(10_000)
      await settle()
    }
    await rig.finishAll()
    expect(rig.builder.builds.all.length).toBeGreaterThan(FAILURES_IN_A_ROW)
    return Promise.all(rig.builder.builds.all.map((build) => build.finish()))
  }

  it('closes once, however often it is told to (TROVE-2026-009)', async () => {
    const { circuit } = await rig.assign('a')
    circuit.close()
    circuit.close()
    rig.manager.retireAll('twice')
    rig.manager.retireAll('twice')
    rig.manager.close()
    rig.manager.close()
    circuit.close()
    expect((await circuit.closed).kind).toBe('closed')
    expect(rig.network.violations).toEqual([])
  })
})
