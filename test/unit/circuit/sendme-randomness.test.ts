/** An exit that knows what is uploaded must still read it to acknowledge it (proposal 289). */
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CircuitDeps } from '../../../core/circuit/circuit-deps.ts'
import { SendmeRandomness } from '../../../core/circuit/sendme-randomness.ts'
import { CIRCUIT_DEPS, congestedDeps, openCircuit, openStream } from '../../network/client-side.ts'
import type { ReceivedMessage } from '../../network/fake-circuit.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { silent } from '../../network/fake-stream.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const DATA = 2
const FULL = 498
/** Four zeros, and as many random bytes as nobody guesses. */
const PADDED = FULL - 4 - 16

let network: FakeNetwork

beforeEach(async () => {
  network = await FakeNetwork.start()
  network.script.service = silent
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

/** By increments; the last may be unfinished. */
function inIncrements<T>(cells: readonly T[], increment: number): T[][] {
  return Array.from({ length: Math.ceil(cells.length / increment) }, (_, index) =>
    cells.slice(index * increment, (index + 1) * increment),
  )
}

/** The random bytes of a cell: none where its body leaves no room. */
function randomBytesOf({ padding }: ReceivedMessage): Buffer {
  expect(padding.subarray(0, 4)).toEqual(Buffer.alloc(Math.min(4, padding.length)))
  return padding.subarray(4)
}

describe('an upload whose bytes the exit knows beforehand', () => {
  for (const [name, increment, deps] of [
    ['congestion control', 31, congestedDeps()],
    ['fixed windows', 100, CIRCUIT_DEPS],
  ] as [string, number, CircuitDeps][]) {
    it(`has a cell with random padding for each SENDME, with ${name}`, async () => {
      const open = await openCircuit(network, { deps })
      const { stream, exit, sink } = await openStream(open)
      const bytes = 1_000 * FULL
      for (let at = 0; at < bytes; at += 100 * FULL) {
        const { drains } = sink
        if (!stream.write(Buffer.alloc(100 * FULL))) await sink.waitForDrains(drains + 1)
      }
      await exit.waitForBytes(bytes)
      const cells = open.relays.messages.all.filter(({ command }) => command === DATA)
      const padded: Buffer[] = []
      for (const cellsOfSendme of inIncrements(cells, increment).slice(0, -1)) {
        const random = cellsOfSendme.map(randomBytesOf).filter(({ length }) => length >= 16)
        expect(random.length).toBeGreaterThan(0)
        padded.push(...random)
      }
      // No two are alike, and none is of zeros.
      expect(new Set(padded.map((random) => random.toString('hex'))).size).toBe(padded.length)
      expect(padded.some((random) => random.equals(Buffer.alloc(random.length)))).toBe(false)
      // It costs a cell in thousands, not one in each block of the buffer.
      expect(cells.length).toBeLessThanOrEqual(1_000 + 15)
    })
  }
})

describe('the lengths of DATA cells', () => {
  it('leave room for random padding once in each increment, wherever streams stop and begin', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 254 }),
        fc.array(fc.oneof(fc.constant(100_000), fc.integer({ min: 1, max: FULL })), {
          minLength: 1,
          maxLength: 600,
        }),
        (increment, waiting) => {
          const lengths = new SendmeRandomness(seededRandom(increment), increment)
          const sent = waiting.map((bytes) => lengths.next(bytes))
          for (const [index, length] of sent.entries()) {
            expect([Math.min(FULL, waiting[index] ?? 0), PADDED]).toContain(length)
          }
          for (const part of inIncrements(sent, increment)) {
            if (part.length < increment) continue
            expect(Math.min(...part)).toBeLessThanOrEqual(PADDED)
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  it('are cut for it only where no cell was short by itself, and not always at the same place', () => {
    const lengths = new SendmeRandomness(seededRandom(3), 31)
    const long = Array.from({ length: 31 * 40 }, () => lengths.next(100_000))
    const places = inIncrements(long, 31).map((part) => part.indexOf(PADDED))
    expect(long.filter((length) => length !== FULL)).toHaveLength(40)
    expect(new Set(places).size).toBeGreaterThan(8)
    expect(Math.min(...places)).toBeGreaterThanOrEqual(15)
    lengths.next(7)
    expect(Array.from({ length: 30 }, () => lengths.next(100_000))).toEqual(Array(30).fill(FULL))
  })
})
