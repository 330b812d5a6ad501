/** The microdescriptor-flavoured consensus (dir-spec 3.4.1 and 3.9.2): header, relays, footer, signatures. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { TorError } from '../util/errors.ts'
import type { ProtocolVersions } from './protocol-versions.ts'
import type { RelayColumns } from './relay-columns.ts'

/** One `directory-signature` item, not yet verified. */
export interface DirectorySignature {
  /** The digest's name as written; `sha1` when the line names none. */
  readonly algorithm: string
  /** The v3 identity of the authority. */
  readonly identity: RsaIdentity
  /** Fingerprint of its signing key. */
  readonly signingKeyDigest: RsaIdentity
  readonly signature: Buffer
}

/** A value that the authorities drew together (srv-spec). */
export interface SharedRandomValue {
  readonly reveals: number
  readonly value: Buffer
}

export interface Consensus {
  readonly validAfterMs: number
  readonly freshUntilMs: number
  readonly validUntilMs: number
  readonly method: number
  readonly knownFlags: readonly string[]
  /** As written; `NetParams` applies names, defaults and ranges. */
  readonly params: ReadonlyMap<string, number>
  readonly bandwidthWeights: ReadonlyMap<string, number>
  readonly requiredClientProtocols: ProtocolVersions
  readonly recommendedClientProtocols: ProtocolVersions
  readonly sharedRandomCurrent: SharedRandomValue | undefined
  readonly sharedRandomPrevious: SharedRandomValue | undefined
  /** v3 identities of the `dir-source` lines: who voted. */
  readonly authorities: readonly RsaIdentity[]
  readonly relays: RelayColumns
  readonly signatures: readonly DirectorySignature[]
  /** Length of the signed part: the document's first byte through `directory-signature `, the space included. */
  readonly signedLength: number
  /** SHA-256 of the signed part, the digest that authorities sign in this flavour. */
  readonly signedSha256: Buffer
}

/** Parses without verifying signatures. Throws `malformed`. `bytes` is not kept. */
export function parseConsensus(_bytes: Buffer): Consensus {
  throw new TorError('internal', 'not built yet')
}
