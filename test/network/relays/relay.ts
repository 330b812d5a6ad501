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
import { createRelayKeys, type RelayKeys } from '../relay-identity.ts'
import { answerCongestion } from './circuit-congestion.ts'
import { RELAY_PROTOCOLS, type RelayDescription } from './relay-description.ts'

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

export class Relay {
  readonly description: RelayDescription
  readonly identity: RelayKeys
  /** Relay cells that went through it, both ways. */
  carriedCells = 0
  /** Circuits that congestion control was agreed on for. */
  congestedCircuits = 0
  /** TCP connections that were made to it. */
  connections = 0
  /** The reasons of the DESTROYs that came from clients (tor-spec 5.4). */
  readonly destroyReasons: number[] = []

  constructor(description: RelayDescription, identity = createRelayKeys()) {
    this.description = description
    this.identity = identity
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
    const own = { nickname, address, orPort, protocols: RELAY_PROTOCOLS, publishedMs }
    return writeDescriptor(this.identity, nowMs, { ...own, ...changes })
  }

  answerCreateFast(request: Buffer): RelayReply {
    return answerCreateFast(request, randomBytes(20), TOR1_KEY_BYTES)
  }

  /** Undefined for a handshake that is not ours, or not meant for us: the caller destroys the circuit. */
  answerHandshake(type: number, request: Buffer, fault?: CongestionFault): AgreedCircuit | undefined {
    const { ntorKey, rsa, ed25519Id } = this.#keys()
    if (type === NTOR) {
      const isOurs =
        request.length === 84 &&
        request.subarray(0, 20).equals(rsa) &&
        request.subarray(20, 52).equals(ntorKey.publicKey)
      return isOurs ? answerNtor(request, ntorKey, TOR1_KEY_BYTES) : undefined
    }
    if (type !== NTOR_V3 || request.length < 128 || !request.subarray(0, 32).equals(ed25519Id)) {
      return undefined
    }
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

  #keys(): { ntorKey: RelayKeys['ntorKey']; rsa: Buffer; ed25519Id: Buffer } {
    const { ntorKey, rsa, ed25519 } = this.identity
    return { ntorKey, rsa: Buffer.from(rsa, 'hex'), ed25519Id: Buffer.from(ed25519, 'base64') }
  }
}
