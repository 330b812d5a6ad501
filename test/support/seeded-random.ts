/** Randomness that is the same in every run: for statistics over many draws. */
import { createCipheriv } from 'node:crypto'
import type { Random } from '../../core/util/random.ts'

/** A stream cipher's output under a key made from the seed. */
export function seededRandom(seed: number): Random {
  const key = Buffer.alloc(16)
  key.writeUInt32BE(seed, 12)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  let pool = Buffer.alloc(0)
  return {
    fill(target) {
      if (pool.length < target.length) pool = cipher.update(Buffer.alloc(Math.max(65_536, target.length)))
      target.set(pool.subarray(0, target.length))
      pool = pool.subarray(target.length)
      return target
    },
  }
}
