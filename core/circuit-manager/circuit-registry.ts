/** Every circuit of the client, from the first step of its building to its end, for whoever shows them. */
import type { Circuit } from '../circuit/circuit.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'

/** A directory circuit has one hop; an exit circuit leaves the network; an internal one ends inside it. */
export type CircuitPurpose = 'directory' | 'exit' | 'internal'

/** Why a relay has its place. */
export type HopReason =
  /** One of the few that the client always enters through. */
  | { readonly kind: 'guard' }
  /** The user's own way in. */
  | { readonly kind: 'bridge' }
  /** Drawn by the bandwidth that the network gives it. */
  | { readonly kind: 'weight' }
  /** Drawn likewise, among those that may reach the port. */
  | { readonly kind: 'exit-policy' }
  /** The site is to see somebody in this country. */
  | { readonly kind: 'country'; readonly country: string }
  /** The site is to keep this exit. */
  | { readonly kind: 'pin' }
  /** Drawn among those that the user's options name. */
  | { readonly kind: 'options' }
  /** Asked for a document of the directory. */
  | { readonly kind: 'directory' }

export interface HopView {
  /** Empty when the directory does not name the relay yet. */
  readonly nickname: string
  readonly rsa: RsaIdentity
  readonly endpoint: Endpoint | undefined
  /** As the consensus has them; none for a relay that no consensus names yet. */
  readonly flags: readonly string[]
  readonly reason: HopReason
}

export interface CircuitView {
  readonly id: number
  readonly purpose: CircuitPurpose
  /** The conflux set that it is to be, or is, a leg of. */
  readonly setId: number | undefined
  /** All the relays of the path, also those that are not reached yet. */
  readonly hops: readonly HopView[]
  /** One for each hop that is there: how long its answer took, where that was measured. */
  readonly rttMs: readonly (number | undefined)[]
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
  add(shown: Pick<CircuitView, 'id' | 'purpose' | 'setId' | 'hops' | 'createdMs'>): void {
    this.#circuits.set(shown.id, { ...shown, rttMs: [], circuit: undefined })
    this.#publish()
  }

  /** One more hop is there. */
  noteHop(id: number, rttMs: number | undefined): void {
    const view = this.#circuits.get(id)
    if (view === undefined) return
    this.#circuits.set(id, { ...view, rttMs: [...view.rttMs, rttMs] })
    this.#publish()
  }

  /** The circuit is complete; it disappears by itself when it closes. */
  open(id: number, circuit: Circuit): void {
    const view = this.#circuits.get(id)
    if (view === undefined) return
    this.#circuits.set(id, { ...view, circuit, rttMs: circuit.hops.map(({ rttMs }) => rttMs) })
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
