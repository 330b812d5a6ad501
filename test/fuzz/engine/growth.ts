/**
 * Looks for work that grows faster than its input: takes known inputs apart, repeats a piece until they are long and
 * twice as long and
 * compares the processor's time. A hint for people, and no test: that time is never quite the same.
 */
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
const MOST_INPUTS = 120
const PIECES = [1, 2, 7, 40, 200]

/** The worst growth there is; undefined when nothing takes long at all. */
export async function measureGrowth(
  target: FuzzTarget,
  pool: readonly Uint8Array[],
  maxBytes = LONG_BYTES,
): Promise<Growth | undefined> {
  if (target.form === 'binary' && maxBytes < LONG_BYTES / 4) return undefined
  let worst: Growth | undefined
  const step = Math.max(1, Math.floor(pool.length / MOST_INPUTS))
  for (let index = 0; index < pool.length; index += step) {
    const base = Buffer.from(pool[index] ?? [])
    for (const size of PIECES.filter((size) => size <= base.length)) {
      const at = (index * 31 + size * 17) % (base.length - size + 1)
      const grow = (bytes: number): Buffer => repeatPiece(base, at, size, bytes)
      const ms = await timeOf(target, grow(LONG_BYTES))
      if (ms < LEAST_MS) continue
      const half = await timeOf(target, grow(LONG_BYTES / 2))
      const factor = ms / Math.max(0.1, half)
      if (worst === undefined || ms * factor > worst.ms * worst.factor) {
        worst = { bytes: LONG_BYTES, ms, factor, input: base }
      }
    }
  }
  return worst
}

function repeatPiece(base: Buffer, at: number, size: number, bytes: number): Buffer {
  const times = Math.max(1, Math.floor((bytes - base.length) / size))
  const grown = Buffer.alloc(times * size).fill(base.subarray(at, at + size))
  return Buffer.concat([base.subarray(0, at), grown, base.subarray(at)])
}

/** The faster of two runs. */
async function timeOf(target: FuzzTarget, input: Buffer): Promise<number> {
  let best = Infinity
  for (let run = 0; run < 2; run++) {
    best = Math.min(best, await cpuMsOf(() => execute(target, input)))
  }
  return best
}
