/** Randomness that a test decides. */
import type { Random } from '../../core/util/random.ts'

/** Gives out the bytes of a list in order, and fails when a draw does not fit what is left. */
export function fixedRandom(...draws: readonly Uint8Array[]): Random {
  const bytes = Buffer.concat(draws)
  let used = 0
  return {
    fill(target) {
      if (used + target.length > bytes.length) throw new Error('the test gave too little randomness')
      target.set(bytes.subarray(used, used + target.length))
      used += target.length
      return target
    },
  }
}
