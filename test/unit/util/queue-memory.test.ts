import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'
import type { QueueAccount, QueueHolder } from '../../../core/util/queue-account.ts'
import { QueueMemory } from '../../../core/util/queue-memory.ts'
import { manualClock } from '../../support/manual-clock.ts'

const MINUTE_MS = 60_000

/** A queue of bytes that says what it holds, and is emptied by who closes it. */
class Queue implements QueueHolder {
  readonly account: QueueAccount
  bytes = 0
  oldestMs = 0
  readonly dropped: string[] = []

  constructor(account: QueueAccount) {
    this.account = account
  }

  set(bytes: number, sinceMs = this.oldestMs): void {
    this.bytes = bytes
    this.oldestMs = sinceMs
    this.account.hold(this, bytes)
  }

  dropQueued(error: TorError): void {
    this.dropped.push(error.kind)
    this.set(0)
  }
}

/** What may be closed, with one queue. */
class Owner {
  readonly name: string
  readonly queue: Queue
  readonly #closed: string[]
  onClosed: () => void = () => {}

  constructor(memory: QueueMemory, name: string, closed: string[], isShared = false) {
    this.name = name
    this.#closed = closed
    this.queue = new Queue(memory.open(this, isShared))
  }

  close(error: TorError): void {
    expect(error).toMatchObject({ kind: 'limit', retry: 'elsewhere' })
    this.#closed.push(this.name)
    this.onClosed()
  }
}

function setUp(limitBytes: number) {
  const turns: (() => void)[] = []
  const clock = { ...manualClock(), atTurnEnd: (work: () => void) => void turns.push(work) }
  const turn = (): void => {
    for (const work of turns.splice(0)) work()
  }
  const lines: string[] = []
  const log = new Logger(({ level, parts }) => lines.push(`${level}: ${formatLogParts(parts, false)}`))
  const memory = new QueueMemory({ clock, log, limitBytes })
  const closed: string[] = []
  const owner = (name: string, isShared = false): Owner => new Owner(memory, name, closed, isShared)
  return { clock, lines, memory, closed, owner, turn }
}

describe('the limit over all queues', () => {
  it('closes nothing up to the limit', () => {
    const { memory, closed, owner, turn } = setUp(1000)
    owner('a').queue.set(400)
    owner('b').queue.set(600)
    turn()
    expect([memory.totalBytes, closed]).toEqual([1000, []])
  })

  it('closes those with the most in their queues, the oldest first, until a tenth of it is free', () => {
    const { memory, closed, owner, turn } = setUp(1000)
    const [young, old, oldest, small] = [owner('young'), owner('old'), owner('oldest'), owner('small')]
    young.queue.set(400, 300)
    old.queue.set(400, 200)
    oldest.queue.set(350, 100)
    small.queue.set(50, 1)
    turn()
    expect(closed).toEqual(['oldest'])
    expect(memory.totalBytes).toBe(850)
    young.queue.set(700)
    turn()
    expect(closed).toEqual(['oldest', 'old'])
    expect(small.queue.bytes).toBe(50)
  })

  it('spares what waited for long and is little, whatever floods of a minute do', () => {
    const { closed, owner, turn } = setUp(1_000_000)
    const paused = Array.from({ length: 20 }, (_, index) => owner(`paused ${index}`))
    for (const { queue } of paused) queue.set(5_000, 1)
    owner('flood').queue.set(950_000, 99_000)
    turn()
    expect(closed).toEqual(['flood'])
  })

  it('closes the small ones as well when they are all that there is', () => {
    const { memory, closed, owner, turn } = setUp(1000)
    for (let index = 0; index < 50; index++) owner(String(index)).queue.set(30, index)
    turn()
    expect(closed.length).toBe(20)
    expect(closed[0]).toBe('0')
    expect(memory.totalBytes).toBe(900)
  })

  it('closes channels, and others’ circuits with them, only when nothing else is left', () => {
    const { closed, owner, turn } = setUp(1000)
    owner('channel', true).queue.set(5000, 0)
    owner('a').queue.set(10, 5)
    owner('b').queue.set(10, 6)
    turn()
    expect(closed).toEqual(['a', 'b', 'channel'])
  })

  it('closes nothing from within an append, which goes on with its own queue after it (TROVE-2026-043)', () => {
    const { memory, closed, owner, turn } = setUp(1000)
    const filling = owner('filling')
    for (let bytes = 100; bytes <= 5000; bytes += 100) {
      filling.queue.set(bytes)
      expect(closed).toEqual([])
      expect(memory.totalBytes).toBe(bytes)
    }
    turn()
    expect(closed).toEqual(['filling'])
  })

  it('is not entered again from within, by those who hear of their end and fill other queues (TROVE-2026-043)', () => {
    const { memory, closed, lines, owner, turn } = setUp(1000)
    const [first, second] = [owner('first'), owner('second')]
    first.onClosed = () => {
      closed.push('first hears of it')
      second.queue.set(2000, 50)
      closed.push('first has heard of it')
    }
    first.queue.set(1500, 1)
    turn()
    expect(lines[0]).toContain('closed 1 circuit, which held 0.0 MB')
    // One after the other: the second is closed when the first is through, and in a turn of its own if need be.
    expect(closed).toEqual(['first', 'first hears of it', 'first has heard of it'])
    turn()
    expect(closed.at(-1)).toBe('second')
    expect(memory.totalBytes).toBe(0)
  })

  it('goes on to the others when one throws as it is closed, and counts what that one keeps', () => {
    const { memory, closed, owner, turn } = setUp(1000)
    const [bad, good] = [owner('bad'), owner('good')]
    bad.onClosed = () => {
      throw new Error('no')
    }
    bad.queue.dropQueued = () => {
      throw new TorError('internal', 'no')
    }
    bad.queue.set(600, 1)
    good.queue.set(600, 2)
    turn()
    expect(closed).toEqual(['bad', 'good'])
    expect(memory.totalBytes).toBe(600)
  })

  it('also frees what outlived its owner: streams that ended, and were not read to their end', () => {
    const { memory, owner, turn } = setUp(1000)
    const gone = owner('gone')
    const others = Array.from({ length: 3 }, () => new Queue(gone.queue.account))
    for (const queue of others) queue.set(400)
    turn()
    expect(others.map(({ dropped }) => dropped)).toEqual([['limit'], ['limit'], ['limit']])
    expect(memory.totalBytes).toBe(0)
  })

  it('frees what is above a new limit at once', () => {
    const { memory, closed, owner, turn } = setUp(1000)
    owner('a').queue.set(900)
    memory.useLimit(800)
    expect([memory.limitBytes, closed]).toEqual([800, []])
    turn()
    expect(closed).toEqual(['a'])
  })

  it('is said once a minute, however often it is reached, with what was closed since', () => {
    const { clock, lines, owner, turn } = setUp(10 * 1_048_576)
    for (let round = 0; round < 5; round++) {
      owner('a').queue.set(11 * 1_048_576)
      turn()
    }
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^notice: .*MaxMemInQueues \(10 MB\).* closed 1 circuit, which held 11 MB/)
    clock.advance(MINUTE_MS)
    owner('a').queue.set(11 * 1_048_576)
    turn()
    expect(lines[1]).toMatch(/closed 5 circuits, which held 55 MB/)
  })

  it('counts exactly, whatever happens in which order, and nothing when all is closed', () => {
    const OWNERS = 4
    const QUEUES = 3
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('set' as const),
        owner: fc.nat(OWNERS - 1),
        queue: fc.nat(QUEUES - 1),
        bytes: fc.integer({ min: -5, max: 900 }),
      }),
      fc.record({ kind: fc.constant('turn' as const) }),
      fc.record({ kind: fc.constant('limit' as const), bytes: fc.integer({ min: 1, max: 3000 }) }),
    )
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { clock, memory, closed, turn } = setUp(2000)
        const queues = Array.from({ length: OWNERS }, (_, at) => {
          const account = memory.open({ close: () => void closed.push(String(at)) })
          return Array.from({ length: QUEUES }, () => new Queue(account))
        })
        const held = (): number => queues.flat().reduce((sum, { bytes }) => sum + Math.max(0, bytes), 0)
        for (const next of steps) {
          clock.advance(1)
          if (next.kind === 'set') queues[next.owner]?.[next.queue]?.set(next.bytes, clock.monotonicMs())
          else if (next.kind === 'limit') memory.useLimit(next.bytes)
          else turn()
          expect(memory.totalBytes).toBe(held())
          if (next.kind === 'turn') expect(memory.totalBytes).toBeLessThanOrEqual(memory.limitBytes)
        }
        for (const queue of queues.flat()) queue.set(0)
        expect(memory.totalBytes).toBe(0)
      }),
    )
  })
})
