import { describe, expect, it } from 'vitest'
import type { CircuitStream, HalfClosedAllowance } from '../../../core/circuit/circuit-stream.ts'
import { StreamTable } from '../../../core/circuit/stream-table.ts'
import { fixedRandom } from '../../support/fixed-random.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const DATA = 2
const END = 3
const CONNECTED = 4
const SENDME = 5
const RESOLVED = 12
const XOFF = 43
const XON = 44
const LAST_ID = 0xffff

const NOTHING: HalfClosedAllowance = {
  dataCells: 0,
  sendmes: 0,
  connected: 0,
  resolved: 0,
  xons: 0,
  xoffs: 0,
}

function stream(allowance: Partial<HalfClosedAllowance> = {}): CircuitStream {
  return {
    cellsToSend: 0,
    onData: () => {},
    onMessage: () => 'open',
    packCells: () => 0,
    halfClosedAllowance: () => ({ ...NOTHING, ...allowance }),
    onCircuitClosed: () => {},
  }
}

/** A table whose first stream id is `first`. */
function tableFrom(first: number): StreamTable {
  const draw = Buffer.alloc(6)
  draw.writeUIntBE(first - 1, 0, 6)
  return new StreamTable(fixedRandom(draw))
}

const violation: unknown = expect.objectContaining({ kind: 'protocol-violation' })

describe('the ids of streams', () => {
  it('begin at a random point, so that they do not count the streams of a circuit', () => {
    const firsts = Array.from({ length: 50 }, (_, seed) => new StreamTable(seededRandom(seed)).add(stream()))
    expect(new Set(firsts).size).toBeGreaterThan(45)
    expect(Math.max(...firsts)).toBeGreaterThan(LAST_ID / 2)
    expect(firsts.every((id) => id >= 1 && id <= LAST_ID)).toBe(true)
  })

  it('go on after 65535 with 1, for 0 is the circuit itself', () => {
    const table = tableFrom(LAST_ID)
    expect([table.add(stream()), table.add(stream()), table.add(stream())]).toEqual([LAST_ID, 1, 2])
  })

  it('skip those in use and those that we ended but the other end has not', () => {
    const table = tableFrom(1)
    expect([table.add(stream()), table.add(stream())]).toEqual([1, 2])
    for (let id = 3; id <= LAST_ID; id++) {
      expect(table.add(stream())).toBe(id)
      table.remove(id)
    }
    table.halfClose(1)
    expect(table.add(stream())).toBe(3)
    for (let id = 4; id <= LAST_ID; id++) table.remove(table.add(stream()))
    table.checkStraggler(1, END)
    expect(table.add(stream())).toBe(1)
  })

  it('run out before the search for a free one gets slow', () => {
    const table = tableFrom(1)
    for (let count = 0; count < 0x8000; count++) {
      const id = table.add(stream())
      // Half-closed ones count: an exit that never says END must not fill our memory.
      if (count % 2 === 0) table.halfClose(id)
    }
    expect(() => table.add(stream())).toThrow(expect.objectContaining({ kind: 'limit', retry: 'elsewhere' }))
  })

  it('do not run out over the years, though no exit says END to ours', () => {
    const table = tableFrom(1)
    for (let count = 0; count < 2 * LAST_ID; count++) {
      const id = table.add(stream())
      table.noteAnswer(id)
      table.halfClose(id)
    }
    expect(table.size).toBe(0)
  })
})

describe('what may follow for a stream that we have ended', () => {
  for (const [what, allowance, command, times] of [
    ['the DATA that its window had room for', { dataCells: 3 }, DATA, 3],
    ['the SENDMEs that were owed', { sendmes: 2 }, SENDME, 2],
    ['the CONNECTED that had not come', { connected: 1 }, CONNECTED, 1],
    ['the XOFF that what we sent explains', { xoffs: 1 }, XOFF, 1],
    ['the XONs that what we sent explains', { xons: 2 }, XON, 2],
  ] as const) {
    it(`is ${what}, and not one more`, () => {
      const table = tableFrom(7)
      table.halfClose(table.add(stream(allowance)))
      for (let count = 0; count < times; count++) table.checkStraggler(7, command)
      expect(() => table.checkStraggler(7, command)).toThrow(violation)
    })
  }

  it.each([DATA, XON, XOFF, SENDME, CONNECTED, RESOLVED, END])(
    'is over with an answer to what was asked later (%i)',
    (command) => {
      const some = { dataCells: 9, xons: 9, xoffs: 9, sendmes: 9, connected: 1, resolved: 1 }
      const table = tableFrom(7)
      const before = table.add(stream())
      const ended = [1, 2].map(() => table.add(stream(some)))
      const endedLater = table.add(stream(some))
      for (const id of ended) table.halfClose(id)
      const after = table.add(stream())
      table.halfClose(endedLater)
      // Begun before the END: the other end may have answered it before that came.
      table.noteAnswer(before)
      table.checkStraggler(ended[0] ?? 0, command)
      table.noteAnswer(after)
      expect(() => table.checkStraggler(ended[1] ?? 0, command)).toThrow(violation)
      table.checkStraggler(endedLater, command)
    },
  )

  it('counts each cell of a run of DATA', () => {
    const table = tableFrom(7)
    table.halfClose(table.add(stream({ dataCells: 10 })))
    table.checkStraggler(7, DATA, 10)
    expect(() => table.checkStraggler(7, DATA, 1)).toThrow(violation)
  })

  it('is one RESOLVED for a look-up, which ends it as END does', () => {
    const table = tableFrom(7)
    table.halfClose(table.add(stream({ resolved: 1 })))
    table.checkStraggler(7, RESOLVED)
    expect(() => table.checkStraggler(7, RESOLVED)).toThrow(violation)
    expect(() => table.checkStraggler(7, END)).toThrow(violation)
  })

  it('is END, once', () => {
    const table = tableFrom(7)
    table.halfClose(table.add(stream()))
    table.checkStraggler(7, END)
    expect(() => table.checkStraggler(7, END)).toThrow(violation)
  })

  it('is nothing else, and nothing for a stream that never was', () => {
    const table = tableFrom(7)
    table.halfClose(table.add(stream({ dataCells: 500, sendmes: 9, connected: 1 })))
    for (const command of [1, 6, 9, 11, 13, 14, 15, XOFF, 99]) {
      expect(() => table.checkStraggler(7, command)).toThrow(violation)
    }
    for (const command of [DATA, END, CONNECTED, SENDME, RESOLVED]) {
      expect(() => table.checkStraggler(8, command)).toThrow(violation)
    }
  })
})
