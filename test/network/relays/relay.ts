/** One relay of the network in this process: who it is, what it lets through, and how it answers handshakes. */
import { randomBytes } from 'node:crypto'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import {
  answerCreateFast,
  answerNtor,
  answerNtorV3,
  type RelayReply,
} from '../../support/relay-side-handshakes.ts'
import { type DescriptorFields, writeDescriptor } from '../descriptor-writer.ts'
import type { CongestionFault } from '../faults/fault.ts'
import { createOnionKey, createRelayKeys, type RelayKeys } from '../relay-identity.ts'
import { answerCongestion } from './circuit-congestion.ts'
import { ConfluxSets } from './conflux/conflux-sets.ts'
import { protocolsOf, type RelayDescription } from './relay-description.ts'

/** Key material of tor1: Df 20, Db 20, Kf 16, Kb 16. */
const TOR1_KEY_BYTES = 72
const NTOR = 2
const NTOR_V3 = 3
const DESCRIPTOR_LIFE_MS = 18 * 3_600_000

/** What the handshake of a circuit came to. */
export interface AgreedCircuit extends RelayReply {
  /** DATA cells for each SENDME where congestion control was agreed on; else windows are fixed. */
  readonly increment?: number | undefined
}

type OnionKey = RelayKeys['ntorKey']

export class Relay {
  readonly description: RelayDescription
  #identity: RelayKeys
  /** Clients may still have it from an older consensus. */
  #oldOnionKey: OnionKey | undefined
  /** Relay cells that went through it, both ways. */
  carriedCells = 0
  /** Of those, the ones that clients handed to it themselves: as the first of a circuit. */
  guardedCells = 0
  /** Circuits that congestion control was agreed on for. */
  congestedCircuits = 0
  /** Of a relay that joins circuits. */
  readonly confluxSets: ConfluxSets | undefined
  /** TCP connections that were made to it. */
  connections = 0
  /** The reasons of the DESTROYs that came from clients (tor-spec 5.4). */
  readonly destroyReasons: number[] = []

  constructor(description: RelayDescription, identity = createRelayKeys()) {
    this.description = description
    this.#identity = identity
    this.confluxSets = description.hasConflux === true ? new ConfluxSets(this) : undefined
  }

  get identity(): RelayKeys {
    return this.#identity
  }

  /** From the next consensus on clients use another; the old one serves those that have not heard of it. */
  changeOnionKey(): void {
    this.#oldOnionKey = this.#identity.ntorKey
    this.#identity = { ...this.#identity, ...createOnionKey() }
  }

  get rsa(): RsaIdentity {
    return this.identity.rsa
  }

  /** As users of a bridge write it down. */
  get bridgeLine(): string {
    return `${this.description.address}:${this.description.orPort} ${this.rsa}`
  }

  get isExit(): boolean {
    return this.description.exitPorts !== undefined
  }

  /** Its server descriptor, made anew as often as real relays do it. */
  describe(nowMs: number, changes: Partial<DescriptorFields> = {}): string {
    const { nickname, address, orPort } = this.description
    const publishedMs = Math.floor(nowMs / DESCRIPTOR_LIFE_MS) * DESCRIPTOR_LIFE_MS
    const own = { nickname, address, orPort, protocols: protocolsOf(this.description), publishedMs }
    return writeDescriptor(this.identity, nowMs, { ...own, ...changes })
  }

  answerCreateFast(request: Buffer): RelayReply {
    return answerCreateFast(request, randomBytes(20), TOR1_KEY_BYTES)
  }

  /** Undefined for a handshake that is not ours, or not meant for us: the caller destroys the circuit. */
  answerHandshake(type: number, request: Buffer, fault?: CongestionFault): AgreedCircuit | undefined {
    const { rsa, ed25519Id } = this.#ids()
    if (type === NTOR) {
      const key = this.#onionKey(request.subarray(20, 52))
      const isOurs = request.length === 84 && request.subarray(0, 20).equals(rsa)
      return isOurs && key !== undefined ? answerNtor(request, key, TOR1_KEY_BYTES) : undefined
    }
    const ntorKey = this.#onionKey(request.subarray(32, 64))
    if (type !== NTOR_V3 || request.length < 128 || !request.subarray(0, 32).equals(ed25519Id)) {
      return undefined
    }
    if (ntorKey === undefined) return undefined
    try {
      let increment: number | undefined
      const respond = (clientMessage: Buffer): Buffer => {
        const answer = answerCongestion(clientMessage, fault)
        increment = answer.increment
        return answer.message
      }
      const reply = answerNtorV3(request, ntorKey, respond, TOR1_KEY_BYTES)
      if (increment !== undefined) this.congestedCircuits++
      return { ...reply, increment }
    } catch {
      return undefined
    }
  }

  #onionKey(publicKey: Buffer): OnionKey | undefined {
    return [this.#identity.ntorKey, this.#oldOnionKey].find((key) => key?.publicKey.equals(publicKey))
  }

  #ids(): { rsa: Buffer; ed25519Id: Buffer } {
    const { rsa, ed25519 } = this.identity
    return { rsa: Buffer.from(rsa, 'hex'), ed25519Id: Buffer.from(ed25519, 'base64') }
  }
}
