/** XON and XOFF of one stream without a network: what is obeyed, what is said, and what is too much. */
import fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import { congestionParams } from '../../../core/circuit/congestion-params.ts'
import { congestionOfSet } from '../../../core/conflux/conflux-params.ts'
import { NetParams } from '../../../core/netdir/net-params.ts'
import { DrainRate } from '../../../core/stream/drain-rate.ts'
import { SendRate } from '../../../core/stream/send-rate.ts'
import { XonXoffQuota } from '../../../core/stream/xon-xoff-quota.ts'
import { XonXoff } from '../../../core/stream/xon-xoff.ts'
import { RecordedOwner } from '../../network/recorded-owner.ts'
import { defaultCongestion } from '../../support/default-congestion.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'
import live from '../../vectors/xon_xoff_live_tor_0_4_9_11.json' with { type: 'json' }

const params = defaultCongestion()
const CELL = 498
/** 500 cells of 488 bytes: the consensus' default for every limit. */
const LIMIT = 244_000

const violation: unknown = expect.objectContaining({ kind: 'protocol-violation' })

let clock: ManualClock
let owner: RecordedOwner
let flow: XonXoff

beforeEach(() => {
  clock = manualClock()
  owner = new RecordedOwner()
  flow = new XonXoff({ params, clock }, owner)
})

/** A stream that has sent enough for some XOFFs and XONs. */
function send(bytes: number): void {
  flow.onDataSent(Math.ceil(bytes / CELL), bytes)
}

describe('an XON with a rate', () => {
  beforeEach(() => send(4 * LIMIT))

  it('lets a second’s worth go at once, and then as much as it says', () => {
    flow.onXon(100)
    expect(flow.sendableCells).toBe(Math.floor(100_000 / CELL))
    send(flow.sendableCells * CELL)
    expect(flow.sendableCells).toBe(0)
    clock.advance(50)
    expect(flow.sendableCells).toBe(10)
  })

  it('brings the stream back when there is room again, without another word', () => {
    flow.onXon(100)
    send(200 * CELL)
    const before = owner.resumes
    clock.advance(15)
    expect(owner.resumes).toBe(before)
    clock.advance(2)
    expect(owner.resumes).toBe(before + 1)
    expect(flow.sendableCells).toBeGreaterThan(0)
  })

  it('of a thousand bytes a second still sends cells, one by one', () => {
    flow.onXon(1)
    let sent = 0
    for (let ms = 0; ms < 10_000; ms++) {
      const cells = flow.sendableCells
      if (cells > 0) send(cells * CELL)
      sent += cells
      clock.advance(1)
    }
    expect(sent).toBeGreaterThan(20)
    expect(sent).toBeLessThan(24)
  })

  it('never lets more through than it says, whatever is asked for', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20_000 }),
        fc.array(fc.tuple(fc.nat(50), fc.nat(2000)), { maxLength: 80 }),
        (rate, steps) => {
          const bucket = SendRate.of(rate, 0, undefined)
          if (bucket === undefined) throw new Error('that is a rate')
          let nowMs = 0
          let sent = 0
          for (const [waitMs, wanted] of steps) {
            nowMs += waitMs
            const cells = Math.min(bucket.sendableCells(nowMs), wanted)
            bucket.spend(cells * CELL)
            sent += cells * CELL
            expect(sent).toBeLessThanOrEqual(rate * 1000 + rate * nowMs)
          }
        },
      ),
      { numRuns: 50 },
    )
  })

  it('leaves no timer when the stream is closed', () => {
    flow.onXon(1)
    send(1000)
    flow.close()
    const before = owner.resumes
    clock.advance(100_000)
    expect(owner.resumes).toBe(before)
  })

  it('is in kilobytes, and those of C tor’s exits soon limit nothing (Arti 2.5.1)', () => {
    const kilobytes = live.run_fast_reader_advisory_xons.map(({ kbps }) => kbps)
    expect(kilobytes.map((rate) => SendRate.of(rate, 0, undefined)?.sendableCells(0))).toEqual(
      kilobytes.map((rate) => (rate < 2_147_483 ? Math.floor((rate * 1000) / CELL) : undefined)),
    )
    expect(SendRate.of(0, 0, undefined)).toBeUndefined()
    expect(SendRate.of(0xffff_ffff, 0, undefined)).toBeUndefined()
  })

  it('that follows another does not fill the bucket anew', () => {
    flow.onXon(100)
    send(200 * CELL)
    flow.onXon(200)
    expect(flow.sendableCells).toBe(0)
  })
})

describe('how many XOFFs and XONs are explained', () => {
  it('is one for each so many bytes that we sent', () => {
    const quota = new XonXoffQuota(params.stream)
    quota.noteSent(LIMIT - 1)
    expect(() => quota.noteXoff()).toThrow(violation)
    expect(() => quota.noteXon()).toThrow(violation)
    quota.noteSent(1)
    quota.noteXoff()
    quota.noteXon()
    expect([quota.xoffsLeft, quota.xonsLeft]).toEqual([0, 0])
    expect(() => quota.noteXoff()).toThrow(violation)
    expect(() => quota.noteXon()).toThrow(violation)
  })

  it('is as many as a C tor exit says in a long upload, however long', () => {
    const quota = new XonXoffQuota(params.stream)
    for (let piece = 0; piece < 500; piece++) {
      for (let sent = 0; sent < LIMIT; sent += 124 * CELL) quota.noteSent(124 * CELL)
      quota.noteXoff()
      quota.noteXon()
    }
  })

  it('is not saved up over a long upload', () => {
    const quota = new XonXoffQuota(params.stream)
    for (let sent = 0; sent < 1_000_000_000; sent += 124 * CELL) quota.noteSent(124 * CELL)
    expect(quota.xoffsLeft).toBeLessThan(45)
    expect(quota.xonsLeft).toBeLessThan(45)
  })
})

describe('what we say of an application', () => {
  it('is nothing for a short delay, and XOFF for a longer one', () => {
    flow.onDataWaiting(LIMIT + 1)
    clock.advance(5)
    flow.onDataWaiting(LIMIT + 2)
    expect(owner.said).toEqual([])
    clock.advance(1)
    flow.onDataWaiting(LIMIT + 3)
    expect(owner.said).toEqual([{ kind: 'xoff' }])
    clock.advance(100)
    flow.onDataWaiting(LIMIT + 4)
    expect(owner.said).toHaveLength(1)
  })

  it('begins anew with its patience when the application caught up meanwhile', () => {
    flow.onDataWaiting(LIMIT + 1)
    clock.advance(10)
    flow.onDataTaken(1, 10, LIMIT - 9)
    flow.onDataWaiting(LIMIT + 1)
    expect(owner.said).toEqual([])
  })

  it('is XON only when nothing waits any more, with the rate at which it read', () => {
    flow.onDataWaiting(2 * LIMIT)
    clock.advance(6)
    flow.onDataWaiting(2 * LIMIT + 1)
    clock.advance(994)
    flow.onDataTaken(600, 2 * LIMIT, 1)
    expect(owner.said).toHaveLength(1)
    flow.onDataTaken(1, 1, 0)
    expect(owner.said.slice(1)).toEqual([{ kind: 'xon', kilobytesPerSecond: 488 }])
  })

  it('is XOFF again after that, if need be', () => {
    for (let round = 1; round <= 3; round++) {
      flow.onDataWaiting(LIMIT + 1)
      clock.advance(6)
      flow.onDataWaiting(LIMIT + 2)
      flow.onDataTaken(1, LIMIT + 2, 0)
      expect(owner.said.map(({ kind }) => kind).filter((kind) => kind === 'xoff')).toHaveLength(round)
    }
  })

  it('alternates between XOFF and XON whatever comes, and ends with XON once all is read', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('come' as const), bytes: fc.integer({ min: 1, max: 100_000 }) }),
      fc.record({ kind: fc.constant('read' as const), bytes: fc.integer({ min: 1, max: 400_000 }) }),
      fc.record({ kind: fc.constant('wait' as const), bytes: fc.nat(20) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
        const reader = new RecordedOwner()
        const time = manualClock()
        const tried = new XonXoff({ params, clock: time }, reader)
        let waiting = 0
        const read = (bytes: number): void => {
          const taken = Math.min(bytes, waiting)
          waiting -= taken
          tried.onDataTaken(1, taken, waiting)
        }
        for (const { kind, bytes } of steps) {
          if (kind === 'wait') time.advance(bytes)
          else if (kind === 'read') read(bytes)
          else {
            waiting += bytes
            tried.onDataWaiting(waiting)
          }
        }
        read(waiting)
        let isStopped = false
        for (const { kind } of reader.said) {
          if (kind === 'xoff') expect(isStopped).toBe(false)
          isStopped = kind === 'xoff'
        }
        expect(isStopped).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  it('is that the exit breaks the rules, once more waits than can have been under way', () => {
    const most = LIMIT + params.stream.underWayCells * CELL
    flow.onDataWaiting(most)
    expect(() => flow.onDataWaiting(most + 1)).toThrow(violation)
  })
})

describe('what may come for a stream after its END', () => {
  it('is the widest window there may be, for nothing of it is kept', () => {
    const cells = (cc_cwnd_max: number): number => {
      const wide = congestionParams(new NetParams(new Map(Object.entries({ cc_cwnd_max }))), 'exit')
      return new XonXoff({ params: wide, clock }, owner).stragglers().dataCells
    }
    expect([cells(2_147_483_647), cells(20_000)]).toEqual([32_768, 20_000])
  })

  it('is on a conflux set that of all legs, and what waits for its turn', () => {
    const { params: ofSet } = congestionOfSet({ params, clock }, 2, { mostQueuedBytes: 100 * 509 })
    expect(new XonXoff({ params: ofSet, clock }, owner).stragglers().dataCells).toBe(2 * 32_768 + 100)
  })
})

describe('the rate of an application', () => {
  it('is said again when it has changed by more than a quarter, and not more often than so many bytes', () => {
    const drain = new DrainRate(params.stream)
    const read = (bytes: number, ms: number): void => {
      clock.advance(ms)
      drain.noteTaken(bytes, true, clock.monotonicMs())
    }
    drain.noteWaiting(clock.monotonicMs())
    read(LIMIT + 1000, 245)
    expect(drain.say()).toBe(1000)
    read(LIMIT + 1000, 200)
    expect(drain.hasChanged).toBe(false)
    read(100_000, 10)
    expect(drain.hasChanged).toBe(false)
    for (let round = 0; round < 3; round++) read(LIMIT + 1000, 100)
    expect(drain.hasChanged).toBe(true)
    expect(drain.say()).toBeGreaterThan(1500)
    expect(drain.hasChanged).toBe(false)
  })

  it('is doubled when for so many bytes nothing had to wait', () => {
    const drain = new DrainRate(params.stream)
    drain.noteWaiting(0)
    drain.noteTaken(LIMIT + 1000, false, 245)
    expect(drain.say()).toBe(1000)
    drain.noteTaken(LIMIT, false, 300)
    expect([drain.hasChanged, drain.say()]).toEqual([true, 2000])
  })

  it('is never said to be more than fits its field', () => {
    const drain = new DrainRate(params.stream)
    drain.noteWaiting(0)
    drain.noteTaken(1e15, false, 1)
    expect(drain.say()).toBe(0x7fff_ffff)
    for (let round = 0; round < 5; round++) drain.noteTaken(LIMIT, false, 1)
    expect(drain.say()).toBe(0x7fff_ffff)
  })
})
