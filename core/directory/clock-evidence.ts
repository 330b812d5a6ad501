/** What documents and relays say about our clock. Collected and judged elsewhere; it never moves a clock. */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { AuthorityCert } from '../netdoc/authority-cert.ts'
import type { ConsensusTimes } from './download-schedule.ts'

/** `aheadMs` is how far our clock is ahead of the witness; negative when it is behind. */
export type ClockEvidence =
  /** One relay's clock. Any relay can lie, so one alone is not believed. */
  | {
      readonly kind: 'relay'
      readonly source: 'netinfo' | 'date' | 'link-certificate'
      readonly relay: RsaIdentity
      readonly aheadMs: number
    }
  /** A document that the authorities signed: our clock is at least so far off. */
  | {
      readonly kind: 'document'
      readonly source: 'consensus' | 'certificate'
      readonly aheadMs: number
      /**
       * True for a document of our future: authorities do not sign ahead of time. An old one proves less, for anybody
       * may send an old document.
       */
      readonly isProof: boolean
    }

/** Below this, documents say nothing: a consensus is handed to caches a little before its time. */
const LEAST_MS = 60 * 60 * 1000

/** Ask only about a consensus whose signatures are good, and that was fetched just now. */
export function consensusEvidence(times: ConsensusTimes, nowMs: number): ClockEvidence | undefined {
  const earlyMs = times.validAfterMs - nowMs
  if (earlyMs >= LEAST_MS) return documentEvidence('consensus', -earlyMs)
  const lateMs = nowMs - times.validUntilMs
  return lateMs >= LEAST_MS ? documentEvidence('consensus', lateMs) : undefined
}

/** Of trusted authorities' certificates that a relay sent just now; undefined when they are of our time. */
export function certificateEvidence(
  certs: readonly AuthorityCert[],
  nowMs: number,
): ClockEvidence | undefined {
  if (certs.length === 0) return undefined
  const earlyMs = Math.max(...certs.map((cert) => cert.publishedMs - nowMs))
  if (earlyMs >= LEAST_MS) return documentEvidence('certificate', -earlyMs)
  // One authority may be late with its new certificate; not all of them.
  const lateMs = Math.min(...certs.map((cert) => nowMs - cert.expiresMs))
  return lateMs >= LEAST_MS ? documentEvidence('certificate', lateMs) : undefined
}

function documentEvidence(source: 'consensus' | 'certificate', aheadMs: number): ClockEvidence {
  return { kind: 'document', source, aheadMs, isProof: aheadMs < 0 }
}
