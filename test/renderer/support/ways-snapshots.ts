/** The search for a way in, for the tests of what is shown of it. */
import type { AppSnapshot } from '../../../electron/ipc/snapshot.ts'
import type { AttemptView, ConnectionState } from '../../../electron/ipc/snapshot-connection.ts'
import {
  type HelpView,
  NO_WAY_FINDING,
  type WayFindingView,
  type WayView,
} from '../../../electron/ipc/snapshot-ways.ts'
import { BUILT_IN, obfs4Line } from './panel-snapshots.ts'
import { attempt, connectionIn, NOW_MS, snapshotIn } from './snapshots.ts'

export function way(id: string, changes: Partial<WayView> = {}): WayView {
  return {
    id,
    kind: 'bridges',
    source: 'built-in',
    transports: ['obfs4'],
    count: 7,
    state: 'waiting',
    isBrief: false,
    reason: undefined,
    nextMs: undefined,
    ...changes,
  }
}

const STOPPED = { kind: 'channel-failed', detail: 'TCP connect: ECONNREFUSED' }

/** One way in each state. */
export const EVERY_WAY: readonly WayView[] = [
  way('direct', {
    kind: 'direct',
    source: 'settings',
    transports: [],
    count: 0,
    state: 'stopped',
    reason: STOPPED,
  }),
  way('remembered', {
    source: 'remembered',
    transports: ['webtunnel'],
    count: 1,
    state: 'stopped',
    reason: { kind: 'timeout', detail: 'no answer to the handshake' },
  }),
  way('map', { source: 'map', transports: ['snowflake'], count: 2, state: 'running' }),
  way('obfs4', { state: 'cooling', nextMs: NOW_MS + 42_000 }),
  way('meek', { transports: ['meek'], count: 1 }),
]

const ATTEMPTS: readonly AttemptView[] = [
  attempt({
    id: 1,
    way: { kind: 'direct', source: 'settings' },
    step: 'reach-network',
    percent: 5,
    outcome: 'failed',
    startedMs: NOW_MS - 150_000,
    endedMs: NOW_MS - 120_000,
    reason: STOPPED,
    next: 'next-way',
    nextWay: { kind: 'bridges', transports: ['webtunnel'], count: 1, source: 'remembered' },
  }),
  attempt({
    id: 2,
    way: { kind: 'bridges', transports: ['webtunnel'], count: 1, source: 'remembered' },
    step: 'get-directory',
    percent: 30,
    outcome: 'stalled',
    startedMs: NOW_MS - 120_000,
    endedMs: NOW_MS - 20_000,
    reason: { kind: 'timeout', detail: 'no answer to the handshake' },
    next: 'next-way',
    nextWay: { kind: 'bridges', transports: ['snowflake'], count: 2, source: 'map' },
  }),
  attempt({
    id: 3,
    way: { kind: 'bridges', transports: ['snowflake'], count: 2, source: 'map' },
    step: 'get-relays',
    percent: 55,
    startedMs: NOW_MS - 20_000,
  }),
]

export const NEVER_ASKED: HelpView = NO_WAY_FINDING.help

export const UNREACHABLE: HelpView = {
  state: 'unreachable',
  askedMs: NOW_MS - 30_000,
  tries: [
    { path: 'front', outcome: 'failed', reason: { kind: 'timeout', detail: 'no answer' } },
    { path: 'other-front', outcome: 'failed', reason: { kind: 'channel-failed', detail: 'ECONNRESET' } },
  ],
  reason: { kind: 'help-unreachable', detail: 'no path led to the bridge service' },
  answer: undefined,
}

export const ASKING: HelpView = {
  state: 'asking',
  askedMs: NOW_MS - 4_000,
  tries: [
    { path: 'tor', outcome: 'failed', reason: { kind: 'no-path', detail: 'not connected' } },
    { path: 'front', outcome: 'running', reason: undefined },
  ],
  reason: undefined,
  answer: undefined,
}

export const ANSWERED: HelpView = {
  state: 'answered',
  askedMs: NOW_MS - 60_000,
  tries: [{ path: 'front', outcome: 'answered', reason: undefined }],
  reason: undefined,
  answer: {
    country: 'tr',
    settings: [
      { transport: 'obfs4', source: 'requested', lines: [obfs4Line(71), obfs4Line(72)] },
      { transport: 'snowflake', source: 'built-in', lines: ['snowflake 192.0.2.3:80'] },
      { transport: 'webtunnel', source: 'requested', lines: ['webtunnel 192.0.2.5:443'] },
    ],
  },
}

export function waysIn(changes: Partial<WayFindingView> = {}): WayFindingView {
  return {
    ...NO_WAY_FINDING,
    country: { code: 'tr', source: 'time-zone' },
    map: {
      date: '2026-09-16',
      source: 'the settings of the bridge service',
      countries: ['cn', 'ir', 'ru', 'tr'],
    },
    rememberedNetworks: 3,
    ...changes,
  }
}

/** A search that is under way, in a state of the connection. */
export function searching(
  changes: Partial<WayFindingView> = {},
  state: ConnectionState = 'connecting',
): AppSnapshot {
  const connection = connectionIn(state, { startedMs: NOW_MS - 150_000, attempts: ATTEMPTS })
  return snapshotIn(state, {
    connection,
    ways: waysIn({ state: 'trying', round: 1, ways: EVERY_WAY, ...changes }),
  })
}

export function withHelp(help: HelpView): AppSnapshot {
  const snapshot = snapshotIn('off')
  return {
    ...snapshot,
    bridges: {
      bridges: [],
      builtIn: BUILT_IN,
      transports: ['vanilla', 'obfs4', 'snowflake'],
      trouble: undefined,
    },
    ways: waysIn({ help }),
  }
}
