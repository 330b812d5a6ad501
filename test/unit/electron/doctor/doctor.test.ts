/** The connection doctor: what it asks and never asks, what it finds, and that it can be stopped. */
import { describe, expect, it } from 'vitest'
import { DOCTOR_TARGETS, parseDoctorTargets } from '../../../../electron/doctor/doctor-targets.ts'
import type { Probe, ProbeResult } from '../../../../electron/host/probes/probe.ts'
import { DOCTOR_CHECKS, type DoctorResult } from '../../../../electron/ipc/snapshot-doctor.ts'
import { createDoctor, networkBut } from './doctor-rig.ts'

const TIMEOUT: ProbeResult = { kind: 'failed', why: 'timeout' }
const PROXY = { kind: 'socks5', host: '192.0.2.8', port: 1080 } as const

/** What a probe names. */
const asText = (probe: Probe): string => JSON.stringify(probe)

async function examine(network: Parameters<typeof networkBut>[0], settings = {}) {
  const rig = createDoctor({ network: networkBut(network), settings })
  await rig.doctor.run(true)
  return rig
}

describe('a run on a network where nothing is wrong', () => {
  it('finds all checks good, in order, one published after the other, with a process of its own that is ended', async () => {
    const { doctor, view, views, hosts } = createDoctor()
    await doctor.run(true)
    expect(view().results.map(({ check, verdict }) => [check, verdict])).toEqual(
      DOCTOR_CHECKS.map((check) => [check, check === 'proxy' ? 'not-used' : 'good']),
    )
    expect(view().results.map(({ fix }) => fix)).toEqual(DOCTOR_CHECKS.map(() => 'none'))
    expect(view()).toMatchObject({ isRunning: false, running: undefined, hasSent: true })
    expect(new Set(views.map(({ results }) => results.length)).size).toBe(DOCTOR_CHECKS.length + 1)
    expect(hosts).toEqual({ opened: 1, ended: 1 })
  })

  it('asks few, and all of it was shown before', async () => {
    const { doctor, asked, view } = createDoctor()
    const shown = view().plan.flatMap(({ asks }) => asks)
    await doctor.run(true)
    expect(asked.length).toBeLessThanOrEqual(20)
    for (const probe of asked) {
      if (probe.kind === 'link') continue
      const name =
        probe.kind === 'http'
          ? new URL(probe.url).host
          : probe.kind === 'tls' || probe.kind === 'resolve'
            ? probe.name
            : probe.host
      expect(
        shown.some((text) => text.includes(name.replace('chance', '…'))),
        name,
      ).toBe(true)
    }
  })
})

describe('whoever hides that Tor is used', () => {
  const HIDE = { entry: 'hide', useBridges: true } as const

  it.each([HIDE, { entry: 'unasked' } as const])(
    'is asked first, and nothing is sent without: %o',
    async (settings) => {
      const { doctor, asked, view } = createDoctor({ settings })
      expect(view().mustAsk).toBe(true)
      await doctor.run(false)
      expect(asked).toEqual([{ kind: 'link' }])
      expect(view().hasSent).toBe(false)
      expect(
        view()
          .results.filter(({ verdict }) => verdict === 'not-asked')
          .map(({ finding }) => finding),
      ).toEqual(['portal', 'tcp', 'clock', 'names', 'tls', 'udp', 'ports'].map(() => 'hidden'))
    },
  )

  it('learns of the clock what the core has seen', async () => {
    const { doctor, result } = createDoctor({ settings: HIDE, coreClockAheadMs: -3_600_000 })
    await doctor.run(false)
    expect(result('clock')).toMatchObject({ verdict: 'bad', finding: 'clock-behind', fix: 'set-clock' })
  })

  it('and agrees to a run, asks nobody who has to do with Tor, and no port that is not a browser’s or a call’s', async () => {
    const { doctor, asked, view } = createDoctor({ settings: HIDE })
    expect(JSON.stringify(view().plan)).not.toMatch(/tor|portquiz|9001/i)
    await doctor.run(true)
    expect(asked.length).toBeGreaterThan(5)
    expect(asked.map(asText).join('\n')).not.toMatch(/torproject|portquiz|9001|9030/i)
  })

  it('in the middle of a run that began openly, ends it at once and finds no results of it', async () => {
    let release = (): void => undefined
    const waits = new Promise<ProbeResult>((resolve) => {
      release = () => resolve(TIMEOUT)
    })
    const { doctor, asked, change, view, hosts } = createDoctor({
      network: (probe) =>
        probe.kind === 'link' ? { kind: 'link', ipv4: 1, ipv6: 0, selfAssigned: 0 } : waits,
    })
    const running = doctor.run(true)
    await new Promise((resolve) => setImmediate(resolve))
    const before = asked.length
    change(HIDE)
    await running
    release()
    expect(asked.length).toBe(before)
    expect(view()).toMatchObject({ mustAsk: true, isRunning: false, ranAtMs: undefined, results: [] })
    expect(hosts.ended).toBeGreaterThan(0)
  })
})

describe('a run', () => {
  it('asked for twice is one, and can be stopped', async () => {
    const never = new Promise<ProbeResult>(() => undefined)
    const { doctor, hosts, view } = createDoctor({ network: () => never })
    const first = doctor.run(true)
    const second = doctor.run(true)
    expect(view().isRunning).toBe(true)
    await doctor.stop()
    await Promise.all([first, second])
    expect(hosts.opened).toBe(1)
    expect(view()).toMatchObject({ isRunning: false, results: [], ranAtMs: undefined })
    await doctor.stop()
  })

  it('on a network of one’s own asks nobody', async () => {
    const { doctor, asked, result } = createDoctor({ hasTargets: false })
    await doctor.run(true)
    expect(asked).toEqual([{ kind: 'link' }])
    expect(result('tcp')).toMatchObject({ verdict: 'not-asked', finding: 'no-servers' })
  })

  it('whose process dies says that it does not know, and ends', async () => {
    const { doctor, view } = createDoctor({ network: () => Promise.reject(new Error('the process is gone')) })
    await doctor.run(true)
    expect(view().isRunning).toBe(false)
    expect(view().results.map(({ check }) => check)).toEqual([...DOCTOR_CHECKS])
  })

  it('behind a proxy asks through it alone', async () => {
    const { asked, result } = await examine(() => undefined, { upstreamProxy: PROXY })
    for (const probe of asked) {
      if (probe.kind === 'link') continue
      expect(probe).toMatchObject({ proxy: PROXY })
    }
    expect(result('proxy')).toMatchObject({ verdict: 'good' })
    expect(result('udp')).toMatchObject({ verdict: 'not-used', finding: 'behind-proxy' })
  })
})

describe('what is found', () => {
  type Case = readonly [
    what: string,
    network: Parameters<typeof networkBut>[0],
    expected: Partial<DoctorResult>,
    settings: object,
  ]
  const cases: readonly Case[] = [
    [
      'no network',
      ({ kind }) => (kind === 'link' ? { kind, ipv4: 0, ipv6: 0, selfAssigned: 0 } : undefined),
      { check: 'link', finding: 'no-address', fix: 'join-network' },
      {},
    ],
    [
      'an address that nobody gave',
      ({ kind }) => (kind === 'link' ? { kind, ipv4: 0, ipv6: 0, selfAssigned: 1 } : undefined),
      { check: 'link', finding: 'self-assigned', fix: 'join-network' },
      {},
    ],
    [
      'a page to sign in to',
      ({ kind }) =>
        kind === 'http' ? { kind, isExpected: false, status: 302, clockAheadMs: 9e9 } : undefined,
      { check: 'portal', finding: 'sign-in-page', fix: 'sign-in' },
      {},
    ],
    [
      'an answer of somebody else',
      ({ kind }) =>
        kind === 'http' ? { kind, isExpected: false, status: 503, clockAheadMs: undefined } : undefined,
      { check: 'portal', finding: 'other-answer', fix: 'sign-in' },
      {},
    ],
    [
      'no way out',
      ({ kind }) => (kind === 'link' ? undefined : TIMEOUT),
      { check: 'tcp', finding: undefined, fix: 'set-proxy' },
      {},
    ],
    [
      'a clock ahead',
      ({ kind }) =>
        kind === 'http' ? { kind, isExpected: true, status: 200, clockAheadMs: 7_200_000 } : undefined,
      { check: 'clock', finding: 'clock-ahead', fix: 'set-clock', clockAheadMs: 7_200_000 },
      {},
    ],
    [
      'names that are invented',
      (probe) =>
        probe.kind === 'resolve' && probe.name.startsWith('chance')
          ? { kind: 'resolved', addresses: ['198.51.100.9'] }
          : undefined,
      { check: 'names', finding: 'names-invented', fix: 'use-obfs4' },
      {},
    ],
    [
      'names that are changed',
      (probe) =>
        probe.kind === 'resolve' && probe.name === 'dns.google'
          ? { kind: 'resolved', addresses: ['10.1.1.1'] }
          : undefined,
      { check: 'names', finding: 'names-changed', fix: 'use-obfs4' },
      {},
    ],
    [
      'a resolver that is silent',
      ({ kind }) => (kind === 'resolve' ? { kind: 'failed', why: 'no-resolver' } : undefined),
      { check: 'names', finding: 'names-unanswered', fix: 'use-obfs4' },
      {},
    ],
    [
      'names of Tor that are hidden',
      (probe) =>
        probe.kind === 'resolve' && probe.name.includes('torproject')
          ? { kind: 'failed', why: 'no-name' }
          : undefined,
      { check: 'names', finding: 'names-of-tor-hidden', fix: 'use-bridge' },
      {},
    ],
    [
      'names of Tor that lead nowhere',
      (probe) =>
        probe.kind === 'resolve' && probe.name.includes('torproject')
          ? { kind: 'resolved', addresses: ['127.0.0.1'] }
          : undefined,
      { check: 'names', finding: 'names-of-tor-hidden', fix: 'use-bridge' },
      {},
    ],
    [
      'somebody who opens encryption',
      (probe) =>
        probe.kind === 'tls' && probe.host === '1.1.1.1'
          ? { kind: 'failed', why: 'bad-certificate' }
          : undefined,
      { check: 'tls', finding: 'tls-intercepted', fix: 'end-inspection' },
      {},
    ],
    [
      'somebody who cuts encryption off',
      ({ kind }) => (kind === 'tls' ? { kind: 'failed', why: 'reset' } : undefined),
      { check: 'tls', finding: 'tls-cut', fix: 'use-obfs4' },
      {},
    ],
    [
      'certificates that are of another time',
      ({ kind }) => (kind === 'tls' ? { kind: 'failed', why: 'bad-date' } : undefined),
      { check: 'tls', finding: 'tls-dates', fix: 'set-clock' },
      {},
    ],
    [
      'no UDP',
      ({ kind }) => (kind === 'stun' ? TIMEOUT : undefined),
      { check: 'udp', finding: undefined, fix: 'avoid-snowflake' },
      {},
    ],
    [
      'closed ports',
      (probe) => (probe.kind === 'tcp' && probe.host === 'portquiz.net' ? TIMEOUT : undefined),
      { check: 'ports', finding: 'ports-filtered', fix: 'use-open-ports', openPorts: [80, 443] },
      {},
    ],
    [
      'a proxy that is not there',
      (probe) => (probe.kind === 'tcp' ? { kind: 'failed', why: 'proxy' } : undefined),
      { check: 'proxy', finding: 'proxy-silent', fix: 'check-proxy' },
      { upstreamProxy: PROXY },
    ],
  ]

  it.each(cases)('%s', async (_, network, expected, settings) => {
    const { view } = await examine(network, settings)
    const bad = view().results.filter(({ verdict }) => verdict === 'bad')
    expect(bad).toHaveLength(1)
    expect(bad[0]).toMatchObject({ ...expected })
  })

  it('of what comes after a failure that explains it is nothing', async () => {
    const { view } = await examine(({ kind }) => (kind === 'link' ? undefined : TIMEOUT))
    const after = view().results.slice(DOCTOR_CHECKS.indexOf('tcp') + 1)
    expect(after.map(({ finding }) => finding)).toEqual(after.map(() => 'after-failure'))
  })

  it('is not a fault of UDP, ports or encryption where only a name could not be looked up', async () => {
    const { view } = await examine((probe) => {
      if (probe.kind === 'stun') return { kind: 'failed', why: 'no-resolver' }
      return probe.kind === 'tcp' && probe.host === 'portquiz.net'
        ? { kind: 'failed', why: 'no-name' }
        : undefined
    })
    expect(view().results.filter(({ verdict }) => verdict === 'bad')).toEqual([])
    expect(
      view()
        .results.filter(({ verdict }) => verdict === 'unknown')
        .map(({ check }) => check),
    ).toEqual(['udp', 'ports'])
  })

  it('is the same clock fault whoever saw it first: who answers with a page of his own tells no time', async () => {
    const { result } = await examine(({ kind }) =>
      kind === 'http' ? { kind, isExpected: false, status: 200, clockAheadMs: 9e9 } : undefined,
    )
    expect(result('clock')).toMatchObject({ verdict: 'not-asked' })
  })
})

describe('targets', () => {
  it('of a test are read in their form alone, and the built-in ones have it', () => {
    expect(parseDoctorTargets(JSON.stringify(DOCTOR_TARGETS))).toEqual(DOCTOR_TARGETS)
    expect(parseDoctorTargets('{}')).toBeUndefined()
    expect(parseDoctorTargets('no JSON')).toBeUndefined()
  })

  it('have nothing to do with Tor but the name that is only looked up where it is used openly', () => {
    const { torNames, ...others } = DOCTOR_TARGETS
    expect(torNames).not.toEqual([])
    expect(JSON.stringify(others)).not.toMatch(/tor(?:project|\.)|onion/i)
  })
})
