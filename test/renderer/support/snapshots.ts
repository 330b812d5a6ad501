/** Whole snapshots with realistic contents, for each state of the connection. */
import { DEFAULT_SETTINGS, type Settings } from '../../../electron/ipc/settings.ts'
import type { AppSnapshot } from '../../../electron/ipc/snapshot.ts'
import type {
  AttemptView,
  ConnectionState,
  ConnectionView,
} from '../../../electron/ipc/snapshot-connection.ts'
import type { CircuitView, HopReason, HopRole, HopView } from '../../../electron/ipc/snapshot-circuits.ts'
import { firstSnapshot } from '../../../electron/state/first-snapshot.ts'

/** The wall clock of every test: the page's clock is set to it. */
export const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 0)
const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS

/** As main begins. */
const NEW = firstSnapshot({
  version: '0.3.0',
  electronVersion: '45.5.0',
  chromeVersion: '156.0.8078.100',
  nodeVersion: '24.21.0',
  platform: 'linux',
  arch: 'x64',
  dataDates: { countries: '2026-10-28', relays: '2026-11-20', bridges: '2026-11-01' },
  isTestRuntime: false,
  isDemo: false,
  canStartAtLogin: true,
  canNotify: true,
  hasTray: true,
})

/** The way of a person who uses the app for the second time. */
const ANSWERED: Settings = { ...DEFAULT_SETTINGS, entry: 'direct' }

export function attempt(changes: Partial<AttemptView> = {}): AttemptView {
  return {
    id: 1,
    way: { kind: 'direct' },
    startedMs: NOW_MS - 12 * SECOND_MS,
    endedMs: undefined,
    step: 'get-relays',
    percent: 55,
    outcome: 'running',
    reason: undefined,
    next: 'none',
    ...changes,
  }
}

const OFF: ConnectionView = {
  ...NEW.connection,
  sinceMs: NOW_MS - 5 * MINUTE_MS,
  hasConnectedBefore: true,
}

const WORKING: Partial<ConnectionView> = {
  sinceMs: NOW_MS - 12 * SECOND_MS,
  startedMs: NOW_MS - 12 * SECOND_MS,
  internet: 'up',
  tor: 'working',
  attempts: [attempt()],
}

const CONNECTED: Partial<ConnectionView> = {
  internet: 'up',
  tor: 'connected',
  phase: 'done',
  step: 'verify',
  percent: 100,
  startedMs: NOW_MS - 10 * MINUTE_MS,
  verifiedMs: NOW_MS - 2 * MINUTE_MS,
  attempts: [
    attempt({
      step: 'verify',
      percent: 100,
      outcome: 'connected',
      startedMs: NOW_MS - 10 * MINUTE_MS,
      endedMs: NOW_MS - 10 * MINUTE_MS + 6 * SECOND_MS,
    }),
  ],
}

const BLOCKED_REASON = { kind: 'channel-failed', detail: 'TCP connect: ECONNREFUSED' }

const FAILED_ATTEMPTS: readonly AttemptView[] = [
  attempt({
    startedMs: NOW_MS - 3 * MINUTE_MS,
    endedMs: NOW_MS - 2 * MINUTE_MS,
    step: 'reach-network',
    percent: 5,
    outcome: 'failed',
    reason: BLOCKED_REASON,
    next: 'add-bridges',
  }),
  attempt({
    id: 2,
    way: { kind: 'bridges', transports: ['vanilla'], count: 2 },
    startedMs: NOW_MS - 2 * MINUTE_MS,
    endedMs: NOW_MS - MINUTE_MS,
    step: 'reach-network',
    percent: 10,
    outcome: 'stalled',
    reason: { kind: 'timeout', detail: 'no answer to the handshake' },
    next: 'retrying',
  }),
]

const BY_STATE: Readonly<Record<ConnectionState, Partial<ConnectionView>>> = {
  off: {},
  checking: { ...WORKING, phase: 'starting', step: 'start', percent: 0, internet: 'unknown' },
  'no-network': {
    ...WORKING,
    internet: 'down',
    tor: 'trouble',
    phase: 'conn',
    step: 'reach-network',
    percent: 5,
    attempts: [attempt({ step: 'reach-network', percent: 5, next: 'waiting-for-network' })],
  },
  'clock-wrong': {
    ...WORKING,
    tor: 'trouble',
    phase: 'loading-status',
    step: 'get-directory',
    percent: 30,
    clock: { aheadMs: -3 * 60 * MINUTE_MS },
    attempts: [attempt({ step: 'get-directory', percent: 30, next: 'fix-clock' })],
  },
  connecting: {
    ...WORKING,
    phase: 'loading-descriptors',
    step: 'get-relays',
    percent: 55,
    progress: { done: 3_120, total: 7_850 },
  },
  slow: {
    ...WORKING,
    phase: 'loading-descriptors',
    step: 'get-relays',
    percent: 48,
    startedMs: NOW_MS - 95 * SECOND_MS,
  },
  stalled: {
    ...WORKING,
    tor: 'trouble',
    phase: 'handshake',
    step: 'reach-network',
    percent: 10,
    startedMs: NOW_MS - 70 * SECOND_MS,
    blockage: { kind: 'timeout', detail: 'the TLS handshake does not end', failures: 3 },
    attempts: [attempt({ step: 'reach-network', percent: 10, next: 'retrying' })],
  },
  blocked: {
    ...WORKING,
    tor: 'trouble',
    phase: 'conn',
    step: 'reach-network',
    percent: 5,
    startedMs: NOW_MS - 3 * MINUTE_MS,
    blockage: { ...BLOCKED_REASON, failures: 11 },
    attempts: FAILED_ATTEMPTS,
  },
  connected: CONNECTED,
  'proxy-not-applied': CONNECTED,
  degraded: {
    ...CONNECTED,
    tor: 'trouble',
    blockage: { kind: 'circuit-failed', detail: 'three circuits in a row were destroyed', failures: 3 },
  },
  failed: { internet: 'up', tor: 'trouble', step: 'reach-network', percent: 10, attempts: FAILED_ATTEMPTS },
  'protected-down': {
    ...CONNECTED,
    tor: 'trouble',
    coreRestart: { count: 2, nextMs: NOW_MS + 4 * SECOND_MS },
  },
  restoring: { ...CONNECTED, tor: 'off' },
}

export function connectionIn(state: ConnectionState, changes: Partial<ConnectionView> = {}): ConnectionView {
  return { ...OFF, ...BY_STATE[state], state, ...changes }
}

export function hop(
  role: HopRole,
  nickname: string,
  country: string | undefined,
  reason: HopReason,
  rttMs: number | undefined = 48,
): HopView {
  const seed = Array.from(nickname).reduce((sum, letter) => sum * 31 + (letter.codePointAt(0) ?? 0), 7)
  return {
    role,
    nickname,
    fingerprint: seed.toString(16).toUpperCase().padStart(40, 'A7').slice(0, 40),
    address: `192.0.2.${seed % 250}:443`,
    country,
    flags:
      role === 'exit'
        ? ['Exit', 'Fast', 'Running', 'Stable', 'Valid']
        : ['Fast', 'Guard', 'Running', 'Stable', 'Valid'],
    rttMs,
    reason,
  }
}

const GUARD = hop(
  'guard',
  'Sommerwind',
  'de',
  { kind: 'guard', sinceMs: NOW_MS - 9 * 24 * 60 * MINUTE_MS },
  31,
)

export function circuit(changes: Partial<CircuitView> = {}): CircuitView {
  return {
    id: 12,
    state: 'open',
    purpose: 'exit',
    setId: undefined,
    hops: [
      GUARD,
      hop('middle', 'polarlys', 'no', { kind: 'weight' }, 74),
      hop('exit', 'QuietHarbour', 'nl', { kind: 'exit-policy' }, 112),
    ],
    plannedHops: 3,
    streams: 2,
    sites: ['example.com'],
    readBytes: 4_200_000,
    writtenBytes: 310_000,
    createdMs: NOW_MS - 4 * MINUTE_MS,
    isRetired: false,
    ...changes,
  }
}

/** The whole snapshot in a state of the connection; `changes` replace sections. */
export function snapshotIn(state: ConnectionState, changes: Partial<AppSnapshot> = {}): AppSnapshot {
  const isUp = ['connected', 'proxy-not-applied', 'degraded', 'restoring'].includes(state)
  return { ...quietSnapshot(), connection: connectionIn(state), ...(isUp ? busySections() : {}), ...changes }
}

/** Nothing runs and nothing has happened. */
function quietSnapshot(): AppSnapshot {
  return {
    ...NEW,
    settings: ANSWERED,
    connection: OFF,
    bridges: {
      ...NEW.bridges,
      builtIn: [
        { transport: 'obfs4', count: 7, isAvailable: false, isChosen: false },
        { transport: 'snowflake', count: 2, isAvailable: false, isChosen: false },
      ],
    },
    systemProxy: { ...NEW.systemProxy, backend: 'gnome', sinceMs: NOW_MS - 5 * MINUTE_MS },
  }
}

/** What there is once traffic goes through. */
function busySections(): Partial<AppSnapshot> {
  return {
    circuits: {
      circuits: [
        circuit(),
        circuit({
          id: 14,
          hops: [
            GUARD,
            hop('middle', 'kiwifruit', 'nz', { kind: 'weight' }, 290),
            hop('exit', 'Langjokull', 'is', { kind: 'country', country: 'is' }, 340),
          ],
          sites: ['example.org'],
          streams: 1,
        }),
        circuit({
          id: 15,
          state: 'building',
          hops: [GUARD],
          sites: [],
          streams: 0,
          readBytes: 0,
          writtenBytes: 0,
        }),
      ],
      ownCountry: undefined,
    },
    sites: {
      sites: [
        {
          site: 'example.com',
          circuitIds: [12],
          seenFromCountry: 'nl',
          streams: 2,
          readBytes: 4_200_000,
          writtenBytes: 310_000,
          lastUsedMs: NOW_MS - 3 * SECOND_MS,
          policy: { isBlocked: false, exitCountry: undefined, pin: undefined },
          refusal: undefined,
        },
        {
          site: 'example.org',
          circuitIds: [14],
          seenFromCountry: 'is',
          streams: 1,
          readBytes: 900_000,
          writtenBytes: 42_000,
          lastUsedMs: NOW_MS - 40 * SECOND_MS,
          policy: { isBlocked: false, exitCountry: 'is', pin: undefined },
          refusal: undefined,
        },
      ],
    },
    traffic: {
      readBytes: 5_100_000,
      writtenBytes: 352_000,
      samples: Array.from({ length: 120 }, (_, index) => ({
        atMs: NOW_MS - (119 - index) * SECOND_MS,
        readBytes: Math.round(180_000 + 160_000 * Math.sin(index / 7)),
        writtenBytes: Math.round(24_000 + 18_000 * Math.cos(index / 5)),
      })),
    },
    proxies: {
      socks: { host: '127.0.0.1', port: 9_250 },
      http: { host: '127.0.0.1', port: 9_251 },
      trouble: undefined,
    },
  }
}
