/** The sets of one relay, by the nonces that clients have drawn for them (proposal 329, section 2). */
import type { ConfluxLinkMessage } from '../../../../core/cell/relay-message.ts'
import { DestroyReason } from '../../../../core/cell/reasons.ts'
import type { NetworkCore } from '../network-core.ts'
import type { Relay } from '../relay.ts'
import type { ConfluxLeg, LegCircuit } from './conflux-leg.ts'
import { ConfluxSet } from './conflux-set.ts'

/** `cfx_max_legs_set` by default. */
const MOST_LEGS = 8
const LEAST_LATENCY_UX = 1

/** What happened on all sets of a relay. */
export interface ConfluxTally {
  /** Circuits that became legs. */
  legs: number
  /** SWITCHes to clients: so often it went on with another leg. */
  switchesSent: number
  switchesReceived: number
}

export interface JoinedLeg {
  readonly set: ConfluxSet
  readonly leg: ConfluxLeg
  /** LINKED. */
  readonly answer: ConfluxLinkMessage
}

export class ConfluxSets {
  readonly #relay: Relay
  readonly #sets = new Map<string, ConfluxSet>()
  /** What clients are asked to send for; C tor's exits want the least latency, always. */
  desiredUx = LEAST_LATENCY_UX
  readonly tally: ConfluxTally = { legs: 0, switchesSent: 0, switchesReceived: 0 }

  constructor(relay: Relay) {
    this.#relay = relay
  }

  get count(): number {
    return this.#sets.size
  }

  /** Undefined after what may not be: then the circuit, or the whole set, is closed. */
  join(core: NetworkCore, circuit: LegCircuit, link: ConfluxLinkMessage): JoinedLeg | undefined {
    const set = this.#sets.get(keyOf(link)) ?? this.#create(core, link)
    const { sentSequence, deliveredSequence } = set
    if (set.legCount >= MOST_LEGS) {
      core.complain(this.#relay, 'a leg too many')
      circuit.close(DestroyReason.PROTOCOL)
      return undefined
    }
    // Before its numbers are looked at, so that it ends with the set if they are wrong.
    const leg = set.addLeg(circuit, link)
    if (link.lastSentSequence > deliveredSequence || link.lastReceivedSequence > sentSequence) {
      set.fail('LINK with sequence numbers that are not ours')
      return undefined
    }
    this.tally.legs++
    const answer: ConfluxLinkMessage = {
      kind: 'conflux-linked',
      nonce: link.nonce,
      lastSentSequence: BigInt(sentSequence),
      lastReceivedSequence: BigInt(deliveredSequence),
      desiredUx: this.desiredUx,
    }
    return { set, leg, answer }
  }

  #create(core: NetworkCore, link: ConfluxLinkMessage): ConfluxSet {
    const key = keyOf(link)
    const set = new ConfluxSet(core, this.#relay, this.tally, () => this.#sets.delete(key))
    this.#sets.set(key, set)
    return set
  }
}

function keyOf({ nonce }: ConfluxLinkMessage): string {
  return nonce.toString('latin1')
}
