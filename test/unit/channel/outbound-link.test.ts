import { describe, expect, it } from 'vitest'
import type { CircuitEndpoint } from '../../../core/channel/circuit-endpoint.ts'
import { OutboundLink } from '../../../core/channel/outbound-link.ts'
import type { QueueAccount } from '../../../core/util/queue-account.ts'
import { ampleAccount } from '../../support/ample-queues.ts'
import { costlyClock } from '../../support/costly-clock.ts'
import { manualClock } from '../../support/manual-clock.ts'

const CELL_BYTES = 514
const HOLD_MS = 5

/** A link that takes so much and no more; what it took, by letter and cells. */
function openLink(
  queues: QueueAccount = ampleAccount(),
  clock = manualClock(),
): {
  outbound: OutboundLink
  clock: ReturnType<typeof manualClock>
  taken: string[]
  flushes: number
  limitCells: number
  drain(): void
} {
  const state = { taken: [] as string[], flushes: 0, limitCells: 0 }
  const outbound: OutboundLink = new OutboundLink({
    clock,
    queues,
    scheduleFlush: () => {
      state.flushes++
    },
    onSent: () => {},
  })
  outbound.attach({
    peerCertificate: Buffer.alloc(0),
    destroy: () => {},
    write(buffers) {
      for (const buffer of buffers) {
        state.taken.push(`${buffer.toString('latin1', 0, 1)}${buffer.length / CELL_BYTES}`)
      }
      return buffers.reduce((sum, buffer) => sum + buffer.length, 0) <= state.limitCells * CELL_BYTES
    },
  })
  return Object.assign(state, {
    outbound,
    clock,
    drain: () => {
      outbound.onDrain()
      outbound.flush()
    },
  })
}

function circuitOf(letter: string, data: number): CircuitEndpoint & { control: number } {
  let left = data
  return {
    control: 0,
    onRelayCells() {},
    onOtherCell() {},
    drain() {},
    onChannelClosed() {},
    pullCells(maxCells, what) {
      const isControl = this.control > 0
      const count = Math.min(maxCells, isControl ? this.control : what === 'all' ? left : 0)
      if (isControl) this.control -= count
      else left -= count
      return count === 0
        ? undefined
        : Buffer.alloc(count * CELL_BYTES, isControl ? letter.toUpperCase() : letter)
    },
  }
}

describe('a link that is slow', () => {
  it('is given ever less, so that a ping, a SENDME or a DESTROY waits for one record only', () => {
    const link = openLink()
    const bulk = circuitOf('u', 100_000)
    link.outbound.request(bulk, 'data')
    link.outbound.flush()
    for (let round = 0; round < 5; round++) {
      link.clock.advance(200)
      link.outbound.beginTurn()
      link.drain()
    }
    const inFlight = link.taken.splice(0).at(-1)
    expect(inFlight).toBe('u31')
    const ping = circuitOf('p', 0)
    ping.control = 1
    link.outbound.request(ping, 'control')
    bulk.control = 1
    link.outbound.request(bulk, 'control')
    link.outbound.push(Buffer.alloc(CELL_BYTES, '#'))
    expect(link.outbound.flush()).toBe(false)
    expect(link.taken).toEqual([])
    link.clock.advance(200)
    link.outbound.beginTurn()
    link.drain()
    expect(link.taken.join(' ')).toBe('#1 P1 U1 u29')
  })

  it('counts what the socket keeps and what the channel has to say, until it has taken all', () => {
    const account = ampleAccount()
    const link = openLink(account)
    const cell = Buffer.alloc(CELL_BYTES, '#')
    link.outbound.push(cell)
    expect(account.bytes).toBe(0)
    link.outbound.flush()
    expect(account.bytes).toBe(CELL_BYTES)
    link.outbound.beginTurn()
    link.clock.advance(7)
    link.outbound.push(cell)
    expect([account.bytes, account.oldestMs]).toEqual([2 * CELL_BYTES, 0])
    link.limitCells = 1000
    link.drain()
    expect(account.bytes).toBe(0)
    link.limitCells = 0
    link.outbound.push(cell)
    link.outbound.flush()
    expect(account.bytes).toBe(CELL_BYTES)
    link.outbound.close()
    expect(account.bytes).toBe(0)
  })

  it('keeps circuit ids taken until the DESTROY has left', () => {
    const link = openLink()
    link.outbound.push(Buffer.alloc(CELL_BYTES, '#'))
    expect(link.outbound.flush()).toBe(false)
    link.limitCells = 1000
    link.outbound.onDrain()
    expect(link.outbound.flush()).toBe(true)
  })
})

describe('a link that takes whatever it is given', () => {
  it('is given four writes in a turn at most, however often it asks, and the rest in the turns that follow', () => {
    const link = openLink()
    link.outbound.request(circuitOf('a', 1_500), 'data')
    link.outbound.request(circuitOf('b', 1_500), 'data')
    const askOften = (): void => {
      for (let asks = 0; asks < 10; asks++) link.drain()
    }
    const cells = (): number => link.taken.reduce((sum, taken) => sum + Number(taken.slice(1)), 0)
    const sent: number[] = []
    for (let turn = 0; turn < 5; turn++) {
      link.flushes = 0
      const before = cells()
      askOften()
      sent.push(cells() - before)
      link.outbound.beginTurn()
      // Asked for until all has left, and not after that.
      expect(link.flushes > 0).toBe(cells() < 3_000)
    }
    expect(sent).toEqual([992, 992, 992, 24, 0])
  })

  it('is given one write in a turn where a write takes as long as all of them should', () => {
    const link = openLink(ampleAccount(), costlyClock(manualClock(), 3))
    link.limitCells = 1_000
    link.outbound.request(circuitOf('a', 600), 'data')
    const sent: number[] = []
    for (let turn = 0; turn < 4; turn++) {
      link.flushes = 0
      link.taken.length = 0
      link.outbound.flush()
      sent.push(link.taken.reduce((sum, taken) => sum + Number(taken.slice(1)), 0))
      link.outbound.beginTurn()
      expect(link.flushes > 0).toBe(turn < 2)
    }
    expect(sent).toEqual([248, 248, 104, 0])
  })

  it('takes a lone message at once, in whatever turn', () => {
    const link = openLink()
    link.limitCells = 1_000
    const circuit = circuitOf('p', 0)
    for (let message = 0; message < 4; message++) {
      circuit.control = 1
      link.outbound.request(circuit, 'control')
      expect(link.outbound.flush()).toBe(true)
    }
    expect(link.taken).toEqual(['P1', 'P1', 'P1', 'P1'])
  })
})

describe('what may wait for company', () => {
  it('leaves with whatever goes next, in one write', () => {
    const link = openLink()
    link.limitCells = 1000
    const circuit = circuitOf('e', 0)
    circuit.control = 1
    link.outbound.request(circuit, 'soon')
    link.clock.advance(HOLD_MS - 1)
    expect([link.outbound.isEmpty, link.flushes, link.outbound.flush(), link.taken]).toEqual([
      true,
      0,
      true,
      [],
    ])
    circuit.control++
    link.outbound.request(circuit, 'control')
    link.outbound.flush()
    expect(link.taken).toEqual(['E2'])
  })

  it('leaves alone after a few milliseconds', () => {
    const link = openLink()
    link.limitCells = 1000
    const circuit = circuitOf('e', 0)
    circuit.control = 1
    link.outbound.request(circuit, 'soon')
    link.clock.advance(HOLD_MS)
    expect(link.flushes).toBe(1)
    link.outbound.flush()
    expect(link.taken).toEqual(['E1'])
  })

  it('is forgotten with its circuit, and leaves no timer behind at the end', () => {
    const link = openLink()
    const circuit = circuitOf('e', 0)
    circuit.control = 1
    link.outbound.request(circuit, 'soon')
    link.outbound.forget(circuit)
    link.outbound.close()
    link.clock.advance(HOLD_MS)
    expect([link.flushes, link.taken]).toEqual([0, []])
  })
})
