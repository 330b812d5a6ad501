/** What the connection doctor shows, for the tests of its dialog. */
import type { AppSnapshot } from '../../../electron/ipc/snapshot.ts'
import {
  DOCTOR_CHECKS,
  type DoctorPlanRow,
  type DoctorResult,
  type DoctorView,
  NO_DOCTOR,
} from '../../../electron/ipc/snapshot-doctor.ts'
import { NOW_MS, snapshotIn } from './snapshots.ts'

/** As main makes it where Tor is used openly. */
export const PLAN: readonly DoctorPlanRow[] = [
  { check: 'link', asks: [] },
  { check: 'proxy', asks: [] },
  { check: 'portal', asks: ['detectportal.firefox.com', 'connectivitycheck.gstatic.com'] },
  { check: 'tcp', asks: ['1.1.1.1:443', '9.9.9.9:443', 'www.microsoft.com:443', 'www.apple.com:443'] },
  { check: 'clock', asks: [] },
  { check: 'names', asks: ['one.one.one.one', 'dns.google', '….com', 'www.torproject.org'] },
  { check: 'tls', asks: ['one.one.one.one', 'dns.quad9.net', 'www.microsoft.com', 'www.apple.com'] },
  { check: 'udp', asks: ['stun.l.google.com:19302', 'stun.cloudflare.com:3478'] },
  { check: 'ports', asks: ['portquiz.net:9001', 'portquiz.net:8080'] },
]

/** As main makes it for whoever hides: nothing of Tor, and no port that is not a browser's or a call's. */
export const PLAN_FOR_HIDING: readonly DoctorPlanRow[] = PLAN.map(({ check, asks }) => ({
  check,
  asks: check === 'ports' ? [] : asks.filter((name) => !name.includes('tor')),
}))

export const GOOD: readonly DoctorResult[] = DOCTOR_CHECKS.map((check) => ({
  check,
  verdict: check === 'proxy' ? 'not-used' : 'good',
  fix: 'none',
  finding: undefined,
}))

/** A network that is bad in as many ways as can be seen at once. */
export const BAD: readonly DoctorResult[] = GOOD.map((result): DoctorResult => {
  switch (result.check) {
    case 'clock':
      return {
        ...result,
        verdict: 'bad',
        fix: 'set-clock',
        finding: 'clock-behind',
        clockAheadMs: -7_300_000,
      }
    case 'names':
      return { ...result, verdict: 'bad', fix: 'use-bridge', finding: 'names-of-tor-hidden' }
    case 'udp':
      return { ...result, verdict: 'bad', fix: 'avoid-snowflake' }
    case 'ports':
      return {
        ...result,
        verdict: 'bad',
        fix: 'use-open-ports',
        finding: 'ports-filtered',
        openPorts: [80, 443],
      }
    case 'tls':
      return { ...result, verdict: 'unknown' }
    default:
      return result
  }
})

export const RAN: Partial<DoctorView> = { ranAtMs: NOW_MS - 1_000, hasSent: true }

export function withDoctor(
  doctor: Partial<DoctorView>,
  snapshot: AppSnapshot = snapshotIn('blocked'),
): AppSnapshot {
  return { ...snapshot, doctor: { ...NO_DOCTOR, mustAsk: false, plan: PLAN, ...doctor } }
}
