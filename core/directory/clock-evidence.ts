/** What documents and relays say about our clock. Collected and judged elsewhere; it never moves a clock. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'
import type { ConsensusTimes } from './download-schedule.ts'

export interface ClockEvidence {
  readonly source: 'netinfo' | 'date' | 'link-certificate' | 'consensus' | 'certificate'
  /** Who said it, or sent the document. Any relay can lie, and send an old document. */
  readonly relay: RsaIdentity
  /** How far our clock is ahead; negative when it is behind. */
  readonly aheadMs: number
  /** A clock tells a difference; a document's dates tell only its least size. */
  readonly precision: 'exact' | 'at-least'
  /** Whether authorities vouch for it: they do not sign ahead of time, so a document of our future proves. */
  readonly isProof: boolean
}

/** Below this, documents say nothing: a consensus is handed to caches a little before its time. */
const LEAST_MS = 60 * 60 * 1000

/** Ask only about a consensus whose signatures are good, and that was fetched just now. Zero when it is of our time. */
export function consensusEvidence(times: ConsensusTimes, relay: RsaIdentity, nowMs: number): ClockEvidence {
  return documentEvidence('consensus', relay, times.validAfterMs - nowMs, nowMs - times.validUntilMs)
}

/** Of the certificates of trusted authorities, at least one, that a relay sent just now. */
export function certificateEvidence(
  certs: readonly AuthorityCert[],
  relay: RsaIdentity,
  nowMs: number,
): ClockEvidence {
  const earlyMs = Math.max(...certs.map((cert) => cert.publishedMs - nowMs))
  // One authority may be late with its new certificate; not all of them.
  const lateMs = Math.min(...certs.map((cert) => nowMs - cert.expiresMs))
  return documentEvidence('certificate', relay, earlyMs, lateMs)
}

function documentEvidence(
  source: 'consensus' | 'certificate',
  relay: RsaIdentity,
  earlyMs: number,
  lateMs: number,
): ClockEvidence {
  const aheadMs = earlyMs >= LEAST_MS ? -earlyMs : lateMs >= LEAST_MS ? lateMs : 0
  return { source, relay, aheadMs, precision: 'at-least', isProof: aheadMs <= 0 }
}
