import { describe, expect, it } from 'vitest'
import { TurnEnd } from '../../../core/channel/turn-end.ts'
import { manualClock } from '../../support/manual-clock.ts'

const BUSY_CELLS = 8
const BUSY_WITHIN_MS = 3
const GATHER_MS = 1

/** Counts the turns; `cells` came in each. */
function turnsOf(cells: number): { clock: ReturnType<typeof manualClock>; turnEnd: TurnEnd; count: number } {
  const clock = manualClock()
  const state = { clock, count: 0 }
  const turnEnd: TurnEnd = new TurnEnd(clock, () => {
    state.count++
    turnEnd.noteCells(cells)
    turnEnd.finish()
  })
  return Object.assign(state, { turnEnd })
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Asks for a turn, and `laterMs` after it for another. */
async function askTwice({ clock, turnEnd }: ReturnType<typeof turnsOf>, laterMs = 0): Promise<void> {
  turnEnd.schedule()
  await nextTurn()
  clock.advance(laterMs)
  turnEnd.schedule()
  await nextTurn()
}

describe('the end of a turn', () => {
  it('comes once, however often it was asked for, and again when it is asked for again', async () => {
    const turns = turnsOf(0)
    turns.turnEnd.schedule()
    turns.turnEnd.schedule()
    await nextTurn()
    await nextTurn()
    expect(turns.count).toBe(1)
    turns.turnEnd.schedule()
    await nextTurn()
    expect(turns.count).toBe(2)
  })

  it('waits for more to come where much came just before', async () => {
    const turns = turnsOf(BUSY_CELLS)
    await askTwice(turns)
    expect(turns.count).toBe(1)
    turns.clock.advance(GATHER_MS)
    expect(turns.count).toBe(2)
  })

  it('waits for nothing where little came, or where it was a while ago', async () => {
    const few = turnsOf(BUSY_CELLS - 1)
    await askTwice(few)
    expect(few.count).toBe(2)

    const later = turnsOf(BUSY_CELLS)
    await askTwice(later, BUSY_WITHIN_MS)
    expect(later.count).toBe(2)
  })

  it('does not come any more when it was put off and the channel is gone', async () => {
    const turns = turnsOf(BUSY_CELLS)
    turns.turnEnd.schedule()
    await nextTurn()
    turns.turnEnd.schedule()
    turns.turnEnd.stop()
    turns.clock.advance(GATHER_MS)
    await nextTurn()
    expect(turns.count).toBe(1)
  })
})
