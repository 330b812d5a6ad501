/**
 * The documents of the whole network: the authorities sign a consensus of what they are told, at the hour that the
 * network's clock shows. They vote nothing.
 */
import { signedSha3 } from '../../../core/netdoc/consensus-diff.ts'
import { writeUnsignedConsensus } from '../../support/consensus-writer.ts'
import { signConsensus, type TestAuthority } from '../../support/test-authority.ts'
import type { RelayKeys } from '../relay-identity.ts'
import type { Relay } from '../relays/relay.ts'
import { type RelayDocuments, writeRelayDocuments } from './relay-documents.ts'

export interface SignedConsensus {
  readonly bytes: Buffer
  readonly validAfterMs: number
  /** As diffs name it, in upper-case hex. */
  readonly sha3: string
}

export interface ConsensusOptions {
  readonly intervalMs: number
  readonly params?: string
  /** Of positions, as in the `bandwidth-weights` line. */
  readonly weights?: string
  /** Those that sign; all unless given. */
  readonly signers?: readonly TestAuthority[]
}

export class DirectoryDocuments {
  readonly authorities: readonly TestAuthority[]
  /** In ascending order of their identities. */
  readonly #relays: readonly Relay[]
  readonly #relayOf: (nickname: string) => Relay
  readonly #written = new Map<Relay, { readonly keys: RelayKeys; readonly documents: RelayDocuments }>()
  /** By digest, those of earlier consensuses, too. */
  readonly #microdescriptors = new Map<string, string>()
  readonly #options: ConsensusOptions

  constructor(relays: readonly Relay[], authorities: readonly TestAuthority[], options: ConsensusOptions) {
    const byName = new Map(relays.map((relay) => [relay.description.nickname, relay]))
    const relayOf = (nickname: string): Relay => {
      const relay = byName.get(nickname)
      if (relay === undefined) throw new RangeError(`there is no relay ${nickname} in the network`)
      return relay
    }
    this.authorities = authorities
    this.#options = options
    this.#relayOf = relayOf
    this.#relays = relays
      .filter(({ description }) => description.isBridge !== true)
      .sort((a, b) => (a.rsa < b.rsa ? -1 : 1))
    for (const relay of this.#relays) this.#describe(relay)
  }

  /** Anew when it has changed its keys. */
  #describe(relay: Relay): RelayDocuments {
    const written = this.#written.get(relay)
    if (written?.keys === relay.identity) return written.documents
    const documents = writeRelayDocuments(relay, this.#relayOf)
    this.#written.set(relay, { keys: relay.identity, documents })
    this.#microdescriptors.set(documents.digest, documents.microdescriptor)
    return documents
  }

  /** The consensus of the interval in which `nowMs` lies. */
  signConsensus(nowMs: number): SignedConsensus {
    const { intervalMs, params, weights, signers = this.authorities } = this.#options
    const validAfterMs = Math.floor(nowMs / intervalMs) * intervalMs
    const unsigned = writeUnsignedConsensus({
      validAfterMs,
      intervalMs,
      authorities: this.authorities,
      entries: this.#relays.map((relay) => this.#describe(relay).entry),
      ...(params !== undefined && { params }),
      ...(weights !== undefined && { weights }),
    })
    const bytes = signConsensus(unsigned, signers)
    return { bytes, validAfterMs, sha3: signedSha3(bytes).toString('hex').toUpperCase() }
  }

  certificates(nowMs: number): string {
    return this.authorities.map((authority) => authority.certificate(nowMs)).join('')
  }

  get microdescriptors(): readonly string[] {
    return [...this.#microdescriptors.values()]
  }

  /** Undefined for a digest that is none of ours. */
  microdescriptor(digest: string): string | undefined {
    return this.#microdescriptors.get(digest)
  }
}
