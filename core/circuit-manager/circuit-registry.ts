/** Every circuit of the client, from the first step of its building to its end, for whoever shows them. */
import type { Circuit } from '../circuit/circuit.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'

/** A directory circuit has one hop; an exit circuit leaves the network; an internal one ends inside it. */
export type CircuitPurpose = 'directory' | 'exit' | 'internal'

export interface HopView {
  /** Empty when the directory does not name the relay yet. */
  readonly nickname: string
  readonly rsa: RsaIdentity
  readonly endpoint: Endpoint | undefined
}

export interface CircuitView {
  readonly id: number
  readonly purpose: CircuitPurpose
  /** All the relays of the path, also those that are not reached yet. */
  readonly hops: readonly HopView[]
  /** Monotonic milliseconds. */
  readonly createdMs: number
  /** Undefined until every hop is there. */
  readonly circuit: Circuit | undefined
}

export class CircuitRegistry {
  readonly #circuits = new Map<number, CircuitView>()
  readonly #views = new WatchedValue<readonly CircuitView[]>([])

  get views(): Watchable<readonly CircuitView[]> {
    return this.#views
  }

  /** Whether any circuit of several hops is open. */
  get hasOpenPath(): boolean {
    return [...this.#circuits.values()].some(({ circuit, hops }) => circuit !== undefined && hops.length > 1)
  }

  find(id: number): CircuitView | undefined {
    return this.#circuits.get(id)
  }

  /** Shows a circuit that is being built, under the id that it will have. */
  add(id: number, purpose: CircuitPurpose, hops: readonly HopView[], createdMs: number): void {
    this.#circuits.set(id, { id, purpose, hops, createdMs, circuit: undefined })
    this.#publish()
  }

  /** The circuit is complete; it disappears by itself when it closes. */
  open(id: number, circuit: Circuit): void {
    const view = this.#circuits.get(id)
    if (view === undefined) return
    this.#circuits.set(id, { ...view, circuit })
    this.#publish()
    void circuit.closed.then(() => this.remove(id))
  }

  remove(id: number): void {
    if (this.#circuits.delete(id)) this.#publish()
  }

  #publish(): void {
    this.#views.set([...this.#circuits.values()])
  }
}
