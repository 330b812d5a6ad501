import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TurnShare } from '../../../core/util/turn-share.ts'

/** A loop whose turns end when the test says so. */
class HeldLoop {
  #ends: (() => void)[] = []

  atTurnEnd(callback: () => void): void {
    this.#ends.push(callback)
  }

  get hasWork(): boolean {
    return this.#ends.length > 0
  }

  async endTurn(): Promise<void> {
    const ends = this.#ends
    this.#ends = []
    for (const end of ends) end()
    // What waited for the turn runs in it.
    for (let hop = 0; hop < 4; hop++) await Promise.resolve()
  }
}

class Worker {
  readonly loop = new HeldLoop()
  readonly done: number[] = []
  readonly #share: TurnShare
  #asked = 0

  constructor(perTurn: number) {
    this.#share = new TurnShare(this.loop, perTurn)
  }

  async ask(): Promise<void> {
    const piece = this.#asked++
    const turn = this.#share.take()
    if (turn !== undefined) await turn
    this.done.push(piece)
  }
}

describe('work that comes all at once', () => {
  it('is done so many pieces a turn, in the order in which it came, and all of it', async () => {
    const arrivals = fc.array(fc.nat(30), { maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9 }), arrivals, async (perTurn, comings) => {
        const worker = new Worker(perTurn)
        let asked = 0
        let before = 0
        const endTurn = async (): Promise<void> => {
          await worker.loop.endTurn()
          // What the end of the turn let go, and what came before it, are counted apart: each has its own turn.
          expect(worker.done.length - before).toBeLessThanOrEqual(perTurn)
          before = worker.done.length
        }
        for (const coming of comings) {
          for (let at = 0; at < coming; at++) void worker.ask()
          asked += coming
          expect(worker.done.length - before).toBeLessThanOrEqual(perTurn)
          before = worker.done.length
          await endTurn()
        }
        let turns = 0
        while (worker.loop.hasWork) {
          await endTurn()
          turns++
        }
        expect(worker.done).toEqual(Array.from({ length: asked }, (_, piece) => piece))
        expect(turns).toBeLessThanOrEqual(Math.ceil(asked / perTurn) + 1)
      }),
      { numRuns: 100, seed: 7 },
    )
  })

  it('waits for nothing when it comes alone, and nothing keeps the loop busy behind it', async () => {
    const worker = new Worker(1)
    for (let piece = 0; piece < 3; piece++) {
      void worker.ask()
      expect(worker.done.length).toBe(piece + 1)
      await worker.loop.endTurn()
      expect(worker.loop.hasWork).toBe(false)
    }
  })
})
