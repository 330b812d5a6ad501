/** Counts the distinct trusted authorities that signed a consensus (dir-spec 3.4.1, 5.1). */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { TorError } from '../util/errors.ts'
import type { AuthorityCert } from './authority-cert.ts'
import type { Consensus } from './consensus.ts'

export interface SignatureCheck {
  /** Distinct trusted authorities with a good signature. */
  readonly valid: number
  /** More than half of the trusted authorities. */
  readonly needed: number
  readonly isEnough: boolean
  /** Certificates of trusted authorities to fetch before their signatures can be judged. */
  readonly missingCerts: readonly { readonly identity: RsaIdentity; readonly signingKey: RsaIdentity }[]
  /** Trusted authorities whose signature is wrong. */
  readonly bad: readonly RsaIdentity[]
}

/** `nowMs` is wall-clock time; an expired certificate counts as missing. */
export function verifyConsensusSignatures(
  _consensus: Consensus,
  _certs: readonly AuthorityCert[],
  _trustedV3Idents: readonly RsaIdentity[],
  _nowMs: number,
): SignatureCheck {
  throw new TorError('internal', 'not built yet')
}
