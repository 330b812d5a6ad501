/**
 * Whether a parsed consensus may be used: signed by enough authorities, not older than what we hold, spoken by this
 * client, of our time. The order matters: nothing in it is believed before the signatures are.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'
import type { Consensus } from '../netdoc/consensus.ts'
import { verifyConsensusSignatures } from '../netdoc/consensus-signatures.ts'
import { findMissingProtocols } from '../netdoc/protocol-versions.ts'
import { TorError } from '../util/errors.ts'
import { isReasonablyLive, judgeFreshness } from './download-schedule.ts'

/**
 * 2026-11-22 00:00 UTC, set at each release. A consensus made before this client may demand what this client was
 * right to drop, so its demands are not heard (tor-spec 9, proposal 297).
 */
export const RELEASE_DATE_MS = 1_795_305_600_000

const HOUR_MS = 60 * 60 * 1000

export type SignatureVerdict =
  | { readonly kind: 'enough' }
  | { readonly kind: 'certs-missing'; readonly wanted: readonly WantedCert[] }

export interface WantedCert {
  readonly identity: RsaIdentity
  readonly signingKey: RsaIdentity
}

/** Throws `bad-directory` when no further certificate could make the signatures enough. */
export function checkSignatures(
  consensus: Consensus,
  certs: readonly AuthorityCert[],
  trusted: readonly RsaIdentity[],
  nowMs: number,
): SignatureVerdict {
  const check = verifyConsensusSignatures(consensus, certs, trusted, nowMs)
  if (check.isEnough) return { kind: 'enough' }
  if (check.valid + check.missingCerts.length >= check.needed) {
    return { kind: 'certs-missing', wanted: check.missingCerts }
  }
  throw tooFewSignatures(check.valid, check.needed, check.bad.length)
}

/** The same when no more certificates are to be had. */
export function requireSignatures(
  consensus: Consensus,
  certs: readonly AuthorityCert[],
  trusted: readonly RsaIdentity[],
  nowMs: number,
): void {
  const check = verifyConsensusSignatures(consensus, certs, trusted, nowMs)
  if (!check.isEnough) throw tooFewSignatures(check.valid, check.needed, check.bad.length)
}

function tooFewSignatures(valid: number, needed: number, bad: number): TorError {
  const wrong = bad === 0 ? '' : `, and ${bad} wrong ones`
  return new TorError(
    'bad-directory',
    `the consensus has good signatures of ${valid} trusted authorities${wrong}; ${needed} are needed`,
    { retry: 'elsewhere' },
  )
}

/** Throws `obsolete-client`, naming what is missing. Ask only about a consensus whose signatures are good. */
export function requireProtocols(consensus: Consensus): void {
  if (consensus.validAfterMs < RELEASE_DATE_MS) return
  const missing = findMissingProtocols(consensus.requiredClientProtocols)
  if (missing.length === 0) return
  throw new TorError(
    'obsolete-client',
    `the network requires protocols that this release does not speak: ${missing.join(' ')}. Please update`,
  )
}

/** Throws `bad-directory` when the consensus is more than a day off, saying which way. */
export function requireTimeliness(consensus: Consensus, nowMs: number): void {
  const freshness = judgeFreshness(consensus, nowMs)
  if (isReasonablyLive(freshness)) return
  const what =
    freshness === 'future'
      ? `starts in ${Math.floor((consensus.validAfterMs - nowMs) / HOUR_MS)} hours`
      : `expired ${Math.floor((nowMs - consensus.validUntilMs) / HOUR_MS)} hours ago`
  throw new TorError(
    'bad-directory',
    `the consensus ${what}: the relay is out of date, or this computer's clock is wrong`,
    { retry: 'elsewhere' },
  )
}

/** Throws `bad-directory` for a step back in time; an equal one is `directory-refused`: nothing new yet. */
export function requireNewer(consensus: Consensus, heldValidAfterMs: number | undefined): void {
  if (heldValidAfterMs === undefined || consensus.validAfterMs > heldValidAfterMs) return
  if (consensus.validAfterMs === heldValidAfterMs) {
    throw new TorError('directory-refused', 'the relay has no newer consensus than ours', {
      retry: 'elsewhere',
    })
  }
  throw new TorError('bad-directory', 'the relay offered a consensus older than ours', { retry: 'elsewhere' })
}
