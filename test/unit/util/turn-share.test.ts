import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TurnShare } from '../../../core/util/turn-share.ts'

/** What a turn gives to one kind of work if nothing else is said; a piece that is begun is done. */
const SHARE_MS = 4
const LARGER_SHARE_MS = 8

/** A loop whose turns end when the test says so, with a clock that work moves. */
class HeldLoop {
  nowMs = 0
  #ends: (() => void)[] = []

  monotonicMs(): number {
    return this.nowMs
  }

  atTurnEnd(callback: () => void): void {
    this.#ends.push(callback)
  }

  get hasWork(): boolean {
    return this.#ends.length > 0
  }

  /** Between two callbacks all promises have their say, as in Node. */
  async endTurn(): Promise<void> {
    const ends = this.#ends
    this.#ends = []
    for (const end of ends) {
      end()
      for (let hop = 0; hop < 4; hop++) await Promise.resolve()
    }
  }
}

class Worker {
  readonly loop = new HeldLoop()
  readonly done: number[] = []
  /** How long each piece of this turn took. */
  turn: number[] = []
  readonly #share: TurnShare
  #asked = 0

  constructor(shareMs?: number) {
    this.#share = new TurnShare(this.loop, shareMs)
  }

  get asked(): number {
    return this.#asked
  }

  async ask(costMs: number): Promise<void> {
    const piece = this.#asked++
    const turn = this.#share.take()
    if (turn !== undefined) await turn
    this.loop.nowMs += costMs
    this.turn.push(costMs)
    this.done.push(piece)
  }

  /** Ends the turn and gives what was done in it. */
  async endTurn(): Promise<readonly number[]> {
    await this.loop.endTurn()
    const { turn } = this
    this.turn = []
    return turn
  }
}

const sum = (costs: readonly number[]): number => costs.reduce((total, cost) => total + cost, 0)

describe('work that comes all at once', () => {
  it('begins nothing when its time in the turn is over, keeps its order, and all of it is done', async () => {
    const costs = fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 90 })
    const shares = fc.constantFrom(SHARE_MS, LARGER_SHARE_MS)
    await fc.assert(
      fc.asyncProperty(fc.array(costs, { maxLength: 12 }), shares, async (comings, shareMs) => {
        const worker = new Worker(shareMs)
        for (const coming of comings) {
          for (const cost of coming) void worker.ask(cost)
          expect(sum((await worker.endTurn()).slice(0, -1))).toBeLessThan(shareMs)
        }
        for (let turns = 0; worker.loop.hasWork; turns++) {
          expect(turns).toBeLessThan(2 * worker.asked + 3)
          expect(sum((await worker.endTurn()).slice(0, -1))).toBeLessThan(shareMs)
        }
        expect(worker.done).toEqual(Array.from({ length: worker.asked }, (_, piece) => piece))
      }),
      { numRuns: 100, seed: 7 },
    )
  })

  it('gets on by a piece a turn where each takes longer than its share', async () => {
    const worker = new Worker()
    for (let piece = 0; piece < 5; piece++) void worker.ask(100)
    const turns: number[] = []
    while (worker.loop.hasWork) turns.push((await worker.endTurn()).length)
    // The first was done at once, and its turn had no time for a second one.
    expect(turns).toEqual([1, 1, 1, 1, 1])
  })

  it.each([
    [undefined, SHARE_MS],
    [LARGER_SHARE_MS, LARGER_SHARE_MS],
  ])('is done in as few turns as it has time for (asked for %s ms)', async (asked, shareMs) => {
    const worker = new Worker(asked)
    for (let piece = 0; piece < 48; piece++) void worker.ask(0.5)
    let turns = 0
    while (worker.loop.hasWork) {
      await worker.endTurn()
      turns++
    }
    expect(turns).toBe(48 / (shareMs / 0.5))
  })

  it('waits for nothing when it comes alone, and nothing keeps the loop busy behind it', async () => {
    const worker = new Worker()
    for (let piece = 0; piece < 3; piece++) {
      void worker.ask(100)
      expect(worker.done.length).toBe(piece + 1)
      await worker.endTurn()
      expect(worker.loop.hasWork).toBe(false)
    }
  })
})
