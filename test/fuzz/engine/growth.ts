/**
 * Looks for work that grows faster than its input: takes known inputs apart, repeats a piece until they are long and
 * twice as long and
 * compares the processor's time. A hint for people, and no test: that time is never quite the same.
 */
import type { Dice } from './dice.ts'
import { cpuMsOf, execute } from './execute.ts'
import type { FuzzTarget } from './target.ts'

export interface Growth {
  readonly bytes: number
  readonly ms: number
  /** How many times as long the doubled input took: 2 is linear, 4 is quadratic. */
  readonly factor: number
  readonly input: Uint8Array
}

/** Long enough to see a square, short enough for a look at some hundred inputs. */
const LONG_BYTES = 120_000
/** What takes less is nobody's trouble, and cannot be measured. */
const LEAST_MS = 8
const LEAST_HALF_MS = 1.5
const PIECES = [1, 1, 1, 2, 2, 3, 5, 12, 40, 200]

/** The worst growth that is found in a while; undefined when nothing takes long at all. */
export async function measureGrowth(
  target: FuzzTarget,
  pool: readonly Uint8Array[],
  dice: Dice,
  limitMs: number,
  onInput: (input: Uint8Array) => void,
): Promise<Growth | undefined> {
  const longest = Math.min(LONG_BYTES, target.growsTo ?? LONG_BYTES)
  const endMs = performance.now() + limitMs
  let worst: Growth | undefined
  while (performance.now() < endMs && pool.length > 0) {
    const base = Buffer.from(dice.pick(pool))
    const size = Math.min(dice.pick(PIECES), base.length)
    const at = dice.below(base.length - size + 1)
    const input = repeatPiece(base, at, size, longest)
    onInput(input)
    const ms = await timeOf(target, input)
    if (ms < LEAST_MS) continue
    const half = await timeOf(target, repeatPiece(base, at, size, longest / 2))
    // Too short to tell: the long one had bad luck.
    if (half < LEAST_HALF_MS) continue
    const factor = ms / half
    if (worst === undefined || ms * factor > worst.ms * worst.factor) {
      worst = { bytes: longest, ms, factor, input }
    }
  }
  return worst
}

function repeatPiece(base: Buffer, at: number, size: number, bytes: number): Buffer {
  if (size === 0) return base
  const times = Math.max(1, Math.floor((bytes - base.length) / size))
  const grown = Buffer.alloc(times * size).fill(base.subarray(at, at + size))
  return Buffer.concat([base.subarray(0, at), grown, base.subarray(at)])
}

/** The fastest of some runs. */
async function timeOf(target: FuzzTarget, input: Buffer): Promise<number> {
  let best = Infinity
  for (let run = 0; run < 3; run++) {
    best = Math.min(best, await cpuMsOf(() => execute(target, input)))
  }
  return best
}
