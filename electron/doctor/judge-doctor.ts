/** From what the probes brought back to one verdict and one fix for each check. Pure. */
import type { ProbeFailure, ProbeResult } from '../host/probes/probe.ts'
import type {
  DoctorCheck,
  DoctorFinding,
  DoctorFix,
  DoctorResult,
  DoctorVerdict,
} from '../ipc/snapshot-doctor.ts'
import type { PlannedProbe } from './doctor-plan.ts'

/** A probe with what became of it. */
export interface Answer {
  readonly planned: PlannedProbe
  readonly result: ProbeResult
}

export interface DoctorEvidence {
  readonly answers: Readonly<Partial<Record<DoctorCheck, readonly Answer[]>>>
  /** What the core knows of the clock, by what relays and documents say. */
  readonly coreClockAheadMs: number | undefined
  readonly hasProxy: boolean
  /** Whether this run may send anything, and whether there is anybody to ask. */
  readonly mayAsk: boolean
  readonly hasTargets: boolean
  /** Addresses of the names that never change. */
  readonly knownNames: readonly { readonly name: string; readonly addresses: readonly string[] }[]
}

interface Judgement {
  readonly verdict: DoctorVerdict
  readonly fix?: DoctorFix
  readonly finding?: DoctorFinding
  readonly clockAheadMs?: number
  readonly openPorts?: readonly number[]
}

/** Documents of the network live for hours: below this, nothing goes wrong. */
const CLOCK_TOLERANCE_MS = 5 * 60_000

const GOOD: Judgement = { verdict: 'good' }
const UNKNOWN: Judgement = { verdict: 'unknown' }

/** `check` has been asked; `answers` holds it and those before it. */
export function judge(check: DoctorCheck, evidence: DoctorEvidence): DoctorResult {
  const { fix = 'none', finding, ...rest } = JUDGES[check](evidence)
  return { check, fix, finding, ...rest }
}

const ENDS: ReadonlySet<DoctorCheck> = new Set(['link', 'proxy', 'portal', 'tcp'])

/** Where it makes no sense to go on: without an address or a way out, the rest only fails, too. */
export function endsRun({ check, verdict }: DoctorResult): boolean {
  return verdict === 'bad' && ENDS.has(check)
}

const JUDGES: Readonly<Record<DoctorCheck, (evidence: DoctorEvidence) => Judgement>> = {
  link: judgeLink,
  proxy: (evidence) =>
    evidence.hasProxy ? (skipped(evidence) ?? judgeProxy(evidence)) : { verdict: 'not-used' },
  tcp: (evidence) => skippedOrProxied(evidence) ?? judgeTcp(evidence),
  portal: (evidence) => skippedOrProxied(evidence) ?? judgePortal(evidence),
  clock: judgeClock,
  names: (evidence) => skippedOrProxied(evidence) ?? judgeNames(evidence),
  tls: (evidence) => skipped(evidence) ?? judgeTls(evidence),
  udp: (evidence) => skippedOrProxied(evidence) ?? judgeUdp(evidence),
  ports: (evidence) => skippedOrProxied(evidence) ?? judgePorts(evidence),
}

function skipped({ mayAsk, hasTargets }: DoctorEvidence): Judgement | undefined {
  if (!mayAsk) return { verdict: 'not-asked', finding: 'hidden' }
  return hasTargets ? undefined : { verdict: 'not-asked', finding: 'no-servers' }
}

function skippedOrProxied(evidence: DoctorEvidence): Judgement | undefined {
  return evidence.hasProxy ? { verdict: 'not-used', finding: 'behind-proxy' } : skipped(evidence)
}

function judgeLink(evidence: DoctorEvidence): Judgement {
  const [link] = results(evidence, 'link')
  if (link?.kind !== 'link') return UNKNOWN
  if (link.ipv4 + link.ipv6 > 0) return GOOD
  return {
    verdict: 'bad',
    fix: 'join-network',
    finding: link.selfAssigned > 0 ? 'self-assigned' : 'no-address',
  }
}

function judgeProxy(evidence: DoctorEvidence): Judgement {
  const all = results(evidence, 'proxy')
  if (all.length === 0) return UNKNOWN
  if (all.some(isReached)) return GOOD
  // It works and could not get there: that says more of the way behind it.
  return all.every((result) => isFailure(result, ['proxy', 'timeout', 'refused']))
    ? { verdict: 'bad', fix: 'check-proxy', finding: 'proxy-silent' }
    : UNKNOWN
}

function judgeTcp(evidence: DoctorEvidence): Judgement {
  const all = results(evidence, 'tcp')
  if (all.length === 0) return UNKNOWN
  const hasAnswer = results(evidence, 'portal').some(({ kind }) => kind === 'http')
  return hasAnswer || all.some(isReached) ? GOOD : { verdict: 'bad', fix: 'set-proxy' }
}

function judgePortal(evidence: DoctorEvidence): Judgement {
  const answered = results(evidence, 'portal').flatMap((result) => (result.kind === 'http' ? result : []))
  if (answered.length === 0) return UNKNOWN
  // One that is as it should be is enough: a page to sign in to stands before all of them.
  if (answered.some(({ isExpected }) => isExpected)) return GOOD
  const isPage = answered.some(({ status }) => status < 400 || status === 511)
  return { verdict: 'bad', fix: 'sign-in', finding: isPage ? 'sign-in-page' : 'other-answer' }
}

function judgeClock(evidence: DoctorEvidence): Judgement {
  const dates = results(evidence, 'portal').flatMap((result) =>
    // Who answered something else than was asked for may say any date.
    result.kind === 'http' && result.isExpected && result.clockAheadMs !== undefined
      ? result.clockAheadMs
      : [],
  )
  const aheadMs = evidence.coreClockAheadMs ?? median(dates)
  if (aheadMs === undefined) return skipped(evidence) ?? UNKNOWN
  if (Math.abs(aheadMs) <= CLOCK_TOLERANCE_MS) return GOOD
  return {
    verdict: 'bad',
    fix: 'set-clock',
    finding: aheadMs > 0 ? 'clock-ahead' : 'clock-behind',
    clockAheadMs: aheadMs,
  }
}

function judgeNames(evidence: DoctorEvidence): Judgement {
  const answers = evidence.answers.names ?? []
  const of = (role: PlannedProbe['role']): readonly Answer[] =>
    answers.filter(({ planned }) => planned.role === role)
  const resolved = (answer: Answer): readonly string[] =>
    answer.result.kind === 'resolved' ? answer.result.addresses : []
  const known = of('known-name')
  if (answers.length === 0) return UNKNOWN
  if (of('missing-name').some((answer) => resolved(answer).length > 0)) {
    return { verdict: 'bad', fix: 'use-obfs4', finding: 'names-invented' }
  }
  const isChanged = (answer: Answer): boolean => {
    const { probe } = answer.planned
    const right = evidence.knownNames.find(({ name }) => probe.kind === 'resolve' && probe.name === name)
    const v4 = resolved(answer).filter((address) => !address.includes(':'))
    return right !== undefined && v4.length > 0 && !v4.some((address) => right.addresses.includes(address))
  }
  if (known.some(isChanged)) return { verdict: 'bad', fix: 'use-obfs4', finding: 'names-changed' }
  const isAnswered = known.some((answer) => resolved(answer).length > 0)
  if (!isAnswered) return { verdict: 'bad', fix: 'use-obfs4', finding: 'names-unanswered' }
  const isHidden = of('tor-name').some(
    (answer) => resolved(answer).every(leadsNowhere) && !isFailure(answer.result, ['timeout']),
  )
  return isHidden ? { verdict: 'bad', fix: 'use-bridge', finding: 'names-of-tor-hidden' } : GOOD
}

/** Where resolvers send those who ask for what is blocked: to this computer, or to the network's own page. */
function leadsNowhere(address: string): boolean {
  return /^(?:0\.|127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1?$|f[cd])/i.test(address)
}

function judgeTls(evidence: DoctorEvidence): Judgement {
  const all = evidence.answers.tls ?? []
  if (all.some(({ result }) => isFailure(result, ['bad-certificate']))) {
    return { verdict: 'bad', fix: 'end-inspection', finding: 'tls-intercepted' }
  }
  if (all.some(({ result }) => isReached(result))) return GOOD
  if (all.some(({ result }) => isFailure(result, ['bad-date']))) {
    return { verdict: 'bad', fix: 'set-clock', finding: 'tls-dates' }
  }
  // Cut off counts where a connection as such was there: else it is not TLS that fails.
  const connected = new Set(
    [...(evidence.answers.tcp ?? []), ...(evidence.answers.proxy ?? [])].flatMap(({ planned, result }) =>
      isReached(result) ? endpointOf(planned.probe) : [],
    ),
  )
  const isCut = all.some(({ planned }) => endpointOf(planned.probe).every((one) => connected.has(one)))
  return isCut ? { verdict: 'bad', fix: 'use-obfs4', finding: 'tls-cut' } : UNKNOWN
}

function endpointOf(probe: PlannedProbe['probe']): readonly string[] {
  return probe.kind === 'tcp' || probe.kind === 'tls' ? [`${probe.host} ${probe.port}`] : []
}

function judgeUdp(evidence: DoctorEvidence): Judgement {
  const all = results(evidence, 'udp')
  if (all.some(isReached)) return GOOD
  // A name that could not be looked up says nothing of UDP.
  const isSilent =
    all.length > 0 && all.every((result) => isFailure(result, ['timeout', 'unreachable', 'refused']))
  return isSilent ? { verdict: 'bad', fix: 'avoid-snowflake' } : UNKNOWN
}

function judgePorts(evidence: DoctorEvidence): Judgement {
  const asked = [...(evidence.answers.tcp ?? []), ...(evidence.answers.ports ?? [])].flatMap(portOf)
  if ((evidence.answers.portal ?? []).some(({ result }) => result.kind === 'http')) {
    asked.push({ port: 80, isOpen: true })
  }
  const openPorts = unique(asked.flatMap(({ port, isOpen }) => (isOpen ? port : [])))
  const others = (evidence.answers.ports ?? []).flatMap(portOf)
  if (others.length === 0) return { ...UNKNOWN, openPorts }
  if (others.some(({ isOpen }) => isOpen)) return { ...GOOD, openPorts }
  return openPorts.length === 0
    ? UNKNOWN
    : { verdict: 'bad', fix: 'use-open-ports', finding: 'ports-filtered', openPorts }
}

/** A name that could not be looked up says nothing of the port. */
function portOf({ planned: { probe }, result }: Answer): { port: number; isOpen: boolean }[] {
  if (probe.kind !== 'tcp' || isFailure(result, ['no-name', 'no-resolver'])) return []
  return [{ port: probe.port, isOpen: isReached(result) }]
}

function results({ answers }: DoctorEvidence, check: DoctorCheck): readonly ProbeResult[] {
  return (answers[check] ?? []).map(({ result }) => result)
}

const isReached = (result: ProbeResult): boolean => result.kind === 'reached'

function isFailure(result: ProbeResult, whys: readonly ProbeFailure[]): boolean {
  return result.kind === 'failed' && whys.includes(result.why)
}

function median(values: readonly number[]): number | undefined {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

const unique = (ports: readonly number[]): readonly number[] => [...new Set(ports)].sort((a, b) => a - b)
