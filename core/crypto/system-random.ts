/** The runtime's cryptographic randomness, the only one that the core uses outside tests. */
import { randomFillSync } from 'node:crypto'
import type { Random } from '../util/random.ts'

/** One call of the system's generator serves many small draws: it costs the same microsecond for 6 bytes as for a few hundred. */
const POOL_BYTES = 16_384

/** A cell's padding still comes from the pool; larger draws go straight to the generator: they would drain it. */
const LARGEST_POOLED_BYTES = 512

class PooledRandom implements Random {
  readonly #pool = Buffer.allocUnsafeSlow(POOL_BYTES)
  #used = POOL_BYTES

  fill<T extends Uint8Array>(bytes: T): T {
    if (bytes.length > LARGEST_POOLED_BYTES) return randomFillSync(bytes)
    if (this.#used + bytes.length > POOL_BYTES) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    const end = this.#used + bytes.length
    bytes.set(this.#pool.subarray(this.#used, end))
    // What was given out may become a key: it must not stay here.
    this.#pool.fill(0, this.#used, end)
    this.#used = end
    return bytes
  }
}

export const systemRandom: Random = new PooledRandom()
