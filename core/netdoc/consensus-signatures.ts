/** Counts the distinct trusted authorities that signed a consensus (dir-spec 3.4.1, 5.1). */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { TorError } from '../util/errors.ts'
import type { AuthorityCert } from './authority-cert.ts'
import type { Consensus, DirectorySignature } from './consensus.ts'

/** Names a certificate to fetch: `/tor/keys/fp-sk/<identity>-<signingKey>`. */
export interface CertName {
  readonly identity: RsaIdentity
  readonly signingKey: RsaIdentity
}

export interface SignatureCheck {
  /** Distinct trusted authorities with a good signature. */
  readonly valid: number
  /** More than half of the trusted authorities. */
  readonly needed: number
  readonly isEnough: boolean
  /** Certificates of trusted authorities without which their signatures cannot be judged. */
  readonly missingCerts: readonly CertName[]
  /** Trusted authorities whose signature is wrong. */
  readonly bad: readonly RsaIdentity[]
}

/**
 * Verifies the signatures of trusted authorities; those of others are never looked at. In this flavour authorities
 * sign a SHA-256 digest: a SHA-1 signature does not count, for collisions of it can be made.
 * `nowMs` is wall-clock time; an expired certificate counts as missing.
 */
export function verifyConsensusSignatures(
  consensus: Consensus,
  certs: readonly AuthorityCert[],
  trustedV3Idents: readonly RsaIdentity[],
  nowMs: number,
): SignatureCheck {
  const trusted = new Set(trustedV3Idents)
  const good = new Set<RsaIdentity>()
  const bad = new Set<RsaIdentity>()
  const missingCerts: CertName[] = []
  for (const signature of consensus.signatures) {
    const { identity } = signature
    if (signature.algorithm !== 'sha256' || !trusted.has(identity) || good.has(identity)) continue
    const cert = findCert(certs, signature, nowMs)
    if (cert === undefined) missingCerts.push({ identity, signingKey: signature.signingKeyDigest })
    else if (cert.signingKey.verifyRaw(consensus.signedSha256, signature.signature)) good.add(identity)
    else bad.add(identity)
  }
  const needed = Math.floor(trusted.size / 2) + 1
  return {
    valid: good.size,
    needed,
    isEnough: good.size >= needed,
    missingCerts: missingCerts.filter(({ identity }) => !good.has(identity)),
    bad: [...bad].filter((identity) => !good.has(identity)),
  }
}

/** Throws `bad-directory` unless enough distinct trusted authorities signed. */
export function requireEnoughSignatures(check: SignatureCheck): void {
  if (check.isEnough) return
  throw new TorError(
    'bad-directory',
    `consensus: ${check.valid} good signatures of ${check.needed} needed, ` +
      `${check.bad.length} wrong, ${check.missingCerts.length} without certificate`,
    { retry: 'elsewhere' },
  )
}

function findCert(
  certs: readonly AuthorityCert[],
  signature: DirectorySignature,
  nowMs: number,
): AuthorityCert | undefined {
  return certs.find(
    (cert) =>
      cert.identity === signature.identity &&
      cert.signingKeyDigest === signature.signingKeyDigest &&
      nowMs < cert.expiresMs,
  )
}
