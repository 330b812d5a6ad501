/** The circuits of one channel by their ids, and the choice of ids nobody can predict (tor-spec 5.1.1). */
import { TorError } from '../util/errors.ts'
import { type Random, randomBytes } from '../util/random.ts'
import type { CircuitEndpoint } from './circuit-endpoint.ts'

/** The initiator of a channel sets the top bit of its circuit ids when link protocol 4 or higher is spoken. */
const INITIATOR_BIT = 0x8000_0000

/** tor-spec 5.1.1: give up rather than search a nearly full table for ever. */
const MAX_ID_TRIES = 64

export class CircuitTable {
  readonly #random: Random
  readonly #circuits = new Map<number, CircuitEndpoint>()
  /** Ids whose DESTROY has not left yet: using one again would destroy the new circuit. */
  readonly #dying = new Set<number>()

  constructor(random: Random) {
    this.#random = random
  }

  get size(): number {
    return this.#circuits.size
  }

  get(circuitId: number): CircuitEndpoint | undefined {
    return this.#circuits.get(circuitId)
  }

  /** Registers a circuit under a new id. Throws `limit` when 64 draws were all in use. */
  add(circuit: CircuitEndpoint): number {
    for (let tries = 0; tries < MAX_ID_TRIES; tries++) {
      const circuitId = (randomBytes(this.#random, 4).readUInt32BE(0) | INITIATOR_BIT) >>> 0
      if (this.#circuits.has(circuitId) || this.#dying.has(circuitId)) continue
      this.#circuits.set(circuitId, circuit)
      return circuitId
    }
    throw new TorError('limit', 'no free circuit id on this channel', { retry: 'elsewhere' })
  }

  /** Forgets the circuit; its id stays taken until `release`. */
  remove(circuitId: number): boolean {
    if (!this.#circuits.delete(circuitId)) return false
    this.#dying.add(circuitId)
    return true
  }

  /** The DESTROY for these ids is on its way: they are free again. */
  releaseDying(): void {
    this.#dying.clear()
  }

  /** Empties the table and returns what was in it. */
  takeAll(): CircuitEndpoint[] {
    const all = [...this.#circuits.values()]
    this.#circuits.clear()
    this.#dying.clear()
    return all
  }
}
