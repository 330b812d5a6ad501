/** The text that people send to those who help says what is wrong, and nothing of who, where, with whom or through whom. */
import { describe, expect, it } from 'vitest'
import type { AppSnapshot } from '../../../../electron/ipc/snapshot.ts'
import { createScrub } from '../../../../electron/logs/scrub.ts'
import { supportText } from '../../../../electron/logs/support-text.ts'
import { firstSnapshot } from '../../../../electron/state/first-snapshot.ts'
import { FINGERPRINT, NASTY_LINES } from './nasty-lines.ts'

const NOW_MS = Date.UTC(2026, 10, 22)
const scrub = createScrub({ homeFolder: '/home/marisol', userName: 'marisol', hostName: 'laptop' })

const FIRST = firstSnapshot({
  version: '1.0.0',
  electronVersion: '45.5.0',
  chromeVersion: '150.0.7871.46',
  nodeVersion: '24.1.0',
  platform: 'linux',
  arch: 'x64',
  dataDates: { countries: '2026-01-01', relays: '2026-01-02', bridges: '2026-01-03' },
  isTestRuntime: false,
  isDemo: false,
  canStartAtLogin: true,
  canNotify: true,
  hasTray: true,
})

/** Secrets in every place that has room for one. */
const NASTY: AppSnapshot = {
  ...FIRST,
  settings: {
    ...FIRST.settings,
    entry: 'hide',
    useBridges: true,
    upstreamProxy: {
      kind: 'socks5',
      host: 'proxy.secret.example',
      port: 1081,
      username: 'ana',
      password: 'pa55',
    },
    allowedPorts: [4711],
    excludedCountries: ['qz'],
    checkUrl: 'https://check.secret.example/',
    socksPort: 9777,
  },
  connection: {
    ...FIRST.connection,
    state: 'blocked',
    sinceMs: NOW_MS - 90_000,
    clock: { aheadMs: -7_200_000 },
    blockage: { kind: 'channel-failed', detail: 'connect ECONNREFUSED 203.0.113.5:9001', failures: 4 },
    attempts: [
      {
        id: 3,
        way: { kind: 'bridges', transports: ['vanilla'], count: 2 },
        startedMs: NOW_MS - 95_000,
        endedMs: undefined,
        step: 'reach-network',
        percent: 10,
        outcome: 'running',
        reason: { kind: 'timeout', detail: `relay ${FINGERPRINT} is silent` },
        next: 'add-bridges',
      },
    ],
  },
  circuits: { circuits: [], ownCountry: 'qz' },
  sites: {
    sites: [
      {
        site: 'secret.example',
        circuitIds: [],
        seenFromCountry: 'qy',
        streams: 1,
        readBytes: 4_242,
        writtenBytes: 2_424,
        lastUsedMs: NOW_MS,
        policy: { isBlocked: false, exitCountry: 'qy', pin: undefined },
        refusal: undefined,
      },
    ],
  },
  bridges: {
    ...FIRST.bridges,
    bridges: [
      {
        id: 'bridge-id-8',
        line: `203.0.113.9:8443 ${FINGERPRINT}`,
        transport: 'vanilla',
        address: '203.0.113.9:8443',
        emoji: ['🐙'],
        origin: 'added',
        isEnabled: true,
        health: 'failing',
        failingSinceMs: NOW_MS,
        lastWorkedMs: undefined,
      },
    ],
  },
  systemProxy: { ...FIRST.systemProxy, backend: 'gnome', detail: 'gsettings at /home/marisol/bin failed' },
  protection: {
    isRunning: false,
    checkedAtMs: NOW_MS,
    exitAddress: '203.0.113.77',
    results: [{ check: 'stream', verdict: 'bad', fix: 'connect', detail: 'from 203.0.113.77' }],
  },
}

const LINES = [
  { id: 1, atMs: NOW_MS - 1_500, level: 'warn', domain: 'net', text: 'forgotten: www.secret.example:443' },
] as const

const SECRETS =
  /secret|203\.0|9695DFC|marisol|1081|ana\b|pa55|4711|\bq[yz]\b|9777|8443|🐙|4242|2424|bridge-id|2026-11-22/i

describe('the support text', () => {
  const text = supportText({ snapshot: NASTY, lines: LINES, nowMs: NOW_MS, scrub })

  it('has no secret in it, wherever one could have come from', () => {
    expect(text.match(SECRETS)).toBeNull()
  })

  it('says what those who help have to know', () => {
    for (const part of [
      'version: 1.0.0',
      'chrome: 150.0.7871.46',
      'platform: linux x64',
      'entry: hide',
      'upstream proxy: socks5',
      'allowed ports: some',
      'check address: changed',
      'state: blocked since 90 s ago',
      'clock ahead: -7200 s',
      'channel-failed (connect ECONNREFUSED [address])',
      '3: 2 bridges (vanilla), began 95 s ago, still running, running at reach-network 10%',
      'next add-bridges',
      '1 x vanilla, added, enabled, failing',
      'backend: gnome',
      'check stream: bad, connect',
      'sites: 1',
      '-1.5s warn net: forgotten: [host]',
    ]) {
      expect(text).toContain(part)
    }
  })

  it('scrubs once more what came into the log or into a detail unscrubbed', () => {
    for (const [line, ...secrets] of NASTY_LINES) {
      const detail = `why: ${line}`
      const nasty: AppSnapshot = { ...FIRST, systemProxy: { ...FIRST.systemProxy, detail } }
      const lines = [{ id: 1, atMs: NOW_MS, level: 'info', domain: 'net', text: line }] as const
      const made = supportText({ snapshot: nasty, lines, nowMs: NOW_MS, scrub }).split('\n')
      const told = made.filter((row) => /detail: |info net: /.test(row)).join(' ')
      // Line breaks are the text's own here.
      for (const secret of secrets.filter((part) => part !== '\n')) {
        expect(told.toLowerCase()).not.toContain(secret.toLowerCase())
      }
    }
  })
})
