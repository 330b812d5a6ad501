/** What the processes of the app say to one another. */
import * as v from 'valibot'
import { isMethodName, METHOD_SCHEMAS, parseCall } from '../../../electron/host/method-schemas.ts'
import { parseFromHost, parseResult } from '../../../electron/host/parse-from-host.ts'
import { COMMANDS } from '../../../electron/ipc/contract.ts'
import { parseHostRequest, parseOutsideAnswer } from '../../../electron/outside/outside-messages.ts'
import { parseFromPage } from '../../../electron/outside/page-messages.ts'
import { parseFromPeer, parseToPeer } from '../../../electron/outside/peer-messages.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'
import { RSA, LINE, JSON_WORDS } from './app-words.ts'

/** Messages between processes have byte arrays in them. */
function fromJson(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'), (_key, value: unknown) => {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, '$bytes')) return value
      return Uint8Array.from(Buffer.from(String(Reflect.get(value, '$bytes')), 'hex'))
    })
  } catch {
    return undefined
  }
}

const hop = {
  role: 'guard',
  nickname: 'a',
  fingerprint: RSA,
  address: '192.0.2.1',
  country: 'de',
  flags: ['Fast'],
  rttMs: 3,
  reason: { kind: 'weight' },
} // prettier-ignore
const circuit = {
  id: 1,
  state: 'open',
  purpose: 'exit',
  setId: 2,
  hops: [hop],
  plannedHops: 3,
  streams: 0,
  sites: ['example.com'],
  readBytes: 1,
  writtenBytes: 2,
  createdMs: 3,
  isRetired: false,
} // prettier-ignore
const status = {
  phase: 'done',
  isConnected: true,
  network: 'up',
  isDormant: false,
  readBytes: 0,
  writtenBytes: 0,
  progress: { done: 1, total: 2 },
  blockage: undefined,
  verifiedMs: 1,
  clockAheadMs: 0,
  proxies: { socks: { host: '127.0.0.1', port: 9250 }, http: undefined, trouble: undefined },
  circuits: { circuits: [circuit], ownCountry: undefined },
  sites: [],
  bridges: [{ line: LINE, health: 'works' }],
} // prettier-ignore
const HOST_MESSAGES = [
  { kind: 'ready' },
  { kind: 'crash', detail: 'x' },
  { kind: 'reply', id: 1, outcome: { ok: false, error: { kind: 'timeout', detail: 'y' } } },
  { kind: 'status', status },
  { kind: 'log', lines: [{ atMs: 1, level: 'warn', domain: 'net', text: 'z' }] },
]
const OUTSIDE_MESSAGES = [
  { kind: 'door', port: 9, secret: 'a'.repeat(24) },
  {
    kind: 'web',
    id: 1,
    job: {
      url: 'https://a.example/',
      host: 'b.example',
      method: 'GET',
      headers: [['Accept', '*/*']],
      body: { $bytes: '00' },
      maxResponseBytes: 9,
    },
  },
  { kind: 'peer', id: 1, iceServers: ['stun:192.0.2.1:3478'], label: 'x', keepsLocalCandidates: false },
  { kind: 'web-answer', id: 1, status: 200, body: { $bytes: '00' } },
  { kind: 'failed', id: 1, error: 'channel-failed', detail: 'x' },
  { kind: 'fetched', id: 2, body: { $bytes: '0102' } },
  { kind: 'offer', sdp: 'v=0' },
  { kind: 'taken', bytes: 4 },
  { $bytes: '00' },
] // prettier-ignore
const METHOD_CALLS = [
  { kind: 'call', id: 1, method: 'circuit.close', argument: 4 },
  {
    kind: 'call',
    id: 2,
    method: 'site.set-policy',
    argument: { site: 'a.example', isBlocked: false, exitCountry: 'de', pinForMs: null },
  },
  {
    kind: 'call',
    id: 3,
    method: 'start',
    argument: {
      dataDirectory: '/x',
      socksPort: 0,
      httpPort: 0,
      upstreamProxy: null,
      allowedPorts: [443],
      excludedCountries: ['de'],
      networkLines: [],
    },
  },
  {
    kind: 'call',
    id: 4,
    method: 'doctor.probe',
    argument: { kind: 'tcp', host: '192.0.2.1', port: 1, proxy: null },
  },
  { kind: 'call', id: 5, method: 'bridges.add', argument: LINE },
  { kind: 'call', id: 6, method: 'settings.change', argument: { theme: 'dark', socksPort: 9250 } },
] // prettier-ignore

const seedsOf = (messages: readonly unknown[]): string[] => messages.map((message) => JSON.stringify(message))

export const APP_MESSAGE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'host-messages',
    form: 'text',
    mayThrow: [],
    maxBytes: 8192,
    seeds: () => seedsOf(HOST_MESSAGES),
    words: JSON_WORDS,
    run(input) {
      const message = fromJson(input)
      const parsed = parseFromHost(message)
      if (parsed?.kind !== 'status') return
      for (const door of [parsed.status.proxies.socks, parsed.status.proxies.http])
        mustHold(door === undefined || door.host === '127.0.0.1', 'a door in another computer')
    },
  },
  {
    name: 'host-results',
    form: 'text',
    mayThrow: [],
    seeds: () =>
      seedsOf([
        { isTor: true, address: '192.0.2.1' },
        { addresses: ['::1'] },
        [{ country: 'de', exits: 1, share: 0.5, entropyLostBits: 1 }],
      ]),
    words: JSON_WORDS,
    run(input) {
      const value = fromJson(input)
      for (const name of Object.keys(METHOD_SCHEMAS)) if (isMethodName(name)) parseResult(name, value)
    },
  },
  {
    name: 'host-calls',
    form: 'text',
    mayThrow: [],
    seeds: () => seedsOf(METHOD_CALLS),
    words: JSON_WORDS,
    run(input) {
      const call = parseCall(fromJson(input))
      if (call === undefined) return
      if (isMethodName(call.method)) v.safeParse(METHOD_SCHEMAS[call.method], call.argument)
      // The page's commands go through schemas of the same kind.
      const command = Object.entries(COMMANDS).find(([name]) => name === call.method)
      if (command !== undefined) v.safeParse(command[1].argument, call.argument)
    },
  },
  {
    name: 'outside-messages',
    form: 'text',
    mayThrow: [],
    seeds: () => seedsOf(OUTSIDE_MESSAGES),
    words: JSON_WORDS,
    run(input) {
      const message = fromJson(input)
      const request = parseHostRequest(message)
      if (request?.kind === 'web')
        mustHold(new URL(request.job.url).protocol === 'https:', 'a request in the clear')
      parseOutsideAnswer(message)
      parseFromPage(message)
      parseToPeer(message)
      parseFromPeer(message)
    },
  },
]
