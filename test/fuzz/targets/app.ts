/** The app's own doors: its page, its core host, its files, the tools of the system, what is pasted. */
import * as v from 'valibot'
import { readBridgeFile, unsealBridges } from '../../../electron/bridges/bridge-file.ts'
import { bridgeEmoji } from '../../../electron/bridges/bridge-emoji.ts'
import { readLibrary, writeLibrary } from '../../../electron/bridges/library-document.ts'
import { checkLine, checkPasted } from '../../../electron/bridges/line-check.ts'
import { pastedLines } from '../../../electron/bridges/pasted-lines.ts'
import { readQrFromScreens } from '../../../electron/bridges/screen-qr.ts'
import { AppError } from '../../../electron/app-error.ts'
import { isAppPage, isAppUrl } from '../../../electron/desktop/app-scheme.ts'
import { parseWindowState, placeWindow } from '../../../electron/desktop/window-state.ts'
import { parseDoctorTargets } from '../../../electron/doctor/doctor-targets.ts'
import { NetworkMemory } from '../../../electron/escalation/network-memory.ts'
import { isMethodName, METHOD_SCHEMAS, parseCall } from '../../../electron/host/method-schemas.ts'
import { parseFromHost, parseResult } from '../../../electron/host/parse-from-host.ts'
import { isAnswerTo } from '../../../electron/host/probes/stun-probe.ts'
import { COMMANDS } from '../../../electron/ipc/contract.ts'
import { readLists, writeLists } from '../../../electron/lists/lists-document.ts'
import { createScrub } from '../../../electron/logs/scrub.ts'
import { parseHostRequest, parseOutsideAnswer } from '../../../electron/outside/outside-messages.ts'
import { parseFromPage } from '../../../electron/outside/page-messages.ts'
import { parseFromPeer, parseToPeer } from '../../../electron/outside/peer-messages.ts'
import { readSettings, withoutSecrets, writeSettings } from '../../../electron/settings/settings-document.ts'
import { isGVariantText } from '../../../electron/system-proxy/gvariant.ts'
import { encodeJournal, parseJournal } from '../../../electron/system-proxy/journal.ts'
import { parseGsettingsList } from '../../../electron/system-proxy/linux-gnome.ts'
import {
  parseAutoDiscovery,
  parseAutoProxy,
  parseBypassDomains,
  parseServiceProxy,
  parseServices,
} from '../../../electron/system-proxy/macos-output.ts'
import { parseRegQuery } from '../../../electron/system-proxy/windows.ts'
import {
  describeConnection,
  encodeConnection,
  NEW_CONNECTION,
  parseConnection,
  readDescription,
} from '../../../electron/system-proxy/windows-connection.ts'
import { formatBridgeLine } from '../../../core/index.ts'
import { mustAgree, mustSurviveAsText } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const RSA = '0123456789ABCDEF0123456789ABCDEF01234567'
const KEY = 'mSKnfR9DdI7tE+kVEvbGuDqOTQnZNcFZUAzRpB5kPlo'
const LINE = `obfs4 192.0.2.3:80 ${RSA} cert=abc iat-mode=0`
const JSON_WORDS = [
  '"__proto__":',
  '"constructor":',
  'null',
  '1e999',
  '[]',
  '{}',
  '\\u0000',
  '{"$bytes":"00"}',
]

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

/** Errors of the app are answers, too. */
function allowing(kinds: readonly string[], work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    if (error instanceof AppError && kinds.includes(error.kind)) return undefined
    throw error
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

const scrub = createScrub({ homeFolder: '/home/somebody', userName: 'somebody', hostName: 'box.example' })

export const APP_TARGETS: readonly FuzzTarget[] = [
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
  {
    name: 'pasted-bridges',
    form: 'text',
    mayThrow: [],
    maxBytes: 8192,
    growsTo: 100_000,
    seeds: () => [
      `Bridge ${LINE}\n# comment\n192.0.2.1:443 ${RSA}\n`,
      `['${LINE}', '192.0.2.1:443']`,
      `[\n"${LINE}",\n"x\\"y"\n]`,
      'snowflake 192.0.2.3:80 url=https://x.example/\r\nnonsense',
    ],
    words: [LINE, 'Bridge ', "['", '"]', '\\"'],
    run(input) {
      const text = input.toString('utf8')
      const transports = ['obfs4', 'webtunnel', 'meek_lite', 'snowflake']
      const results = checkPasted(text, new Set(), transports)
      mustHold(results.length === pastedLines(text).length, 'a line without a verdict')
      for (const { text: line, fault } of results) {
        mustHold(bridgeEmoji(line).length === 4, 'four emoji')
        const checked = checkLine(line, transports)
        mustHold(fault !== undefined || checked.kind === 'good', 'a line that is good only in company')
        if (checked.kind === 'good')
          mustHold(!/[\r\n]/.test(formatBridgeLine(checked.line)), 'a line of two lines')
      }
    },
  },
  {
    name: 'bridge-file',
    form: 'text',
    mayThrow: [],
    unitRuns: 400,
    seeds: () => [
      `${LINE}\n`,
      JSON.stringify({ format: 'allium-bridges', version: 2 }),
      JSON.stringify({
        format: 'allium-bridges',
        version: 1,
        scrypt: { n: 16384, r: 8, p: 1, salt: 'AAAA' },
        cipher: 'aes-256-gcm',
        nonce: 'AAAAAAAAAAAAAAAA',
        sealed: 'AAAA',
        checksum: '0'.repeat(64),
      }),
    ], // prettier-ignore
    words: JSON_WORDS,
    run(input) {
      return allowing(['bridge-file-broken', 'bridge-file-newer'], () => {
        const file = readBridgeFile(input)
        if (file.kind === 'sealed' && file.sealed.scrypt.n <= 2 ** 14) return openSealed(file.sealed)
        return undefined
      })
    },
  },
  {
    name: 'bridge-library',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      JSON.stringify({
        version: 1,
        added: [LINE],
        builtIn: 'obfs4',
        disabled: [],
        health: [{ line: LINE, lastWorkedMs: 1 }],
        later: { a: 1 },
      }),
    ],
    words: JSON_WORDS,
    run(input) {
      const library = readLibrary(input.toString('utf8'))
      if (library === undefined) return
      // As text: JSON has no word for a number that is too large.
      const written = writeLibrary(library)
      mustAgree(
        writeLibrary(readLibrary(written) ?? library),
        written,
        'written and read again it is another',
      )
    },
  },
  {
    name: 'fetched-lists',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      JSON.stringify({
        version: 1,
        fetchedMs: 1,
        bridges: [LINE],
        countries: { cn: [{ transport: 'snowflake', source: 'built-in' }] },
      }),
    ],
    words: JSON_WORDS,
    run(input) {
      const lists = readLists(input.toString('utf8'))
      if (lists === undefined) return
      const written = writeLists(lists)
      mustAgree(writeLists(readLists(written) ?? lists), written, 'written and read again they are others')
    },
  },
  {
    name: 'app-settings',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      JSON.stringify({
        version: 1,
        entry: 'hide',
        useBridges: true,
        socksPort: 9250,
        country: 'de',
        upstreamProxy: { kind: 'socks5', host: 'x', port: 1, username: 'u', password: 'p' },
        upstreamProxyPassword: { kind: 'plain', value: 'x' },
        excludedCountries: ['de'],
        later: 1,
      }),
    ], // prettier-ignore
    words: JSON_WORDS,
    run(input) {
      const read = readSettings(input.toString('utf8'))
      if (read === undefined) return
      const again = readSettings(writeSettings(read.document))
      mustAgree(
        JSON.stringify(again?.document.settings),
        JSON.stringify(withoutSecrets(read.document.settings)),
        'written and read again they are other settings',
      )
      mustAgree(again?.bad, [], 'what was written is bad')
      if (read.bad.includes('entry'))
        mustHold(read.document.settings.entry === 'unasked', 'a lost choice is a choice')
    },
  },
  {
    name: 'app-files',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      JSON.stringify({ x: 1, y: 2, width: 900, height: 700, isMaximized: false }),
      JSON.stringify({
        version: 1,
        secret: 'ab'.repeat(32),
        networks: [{ id: 'cd'.repeat(16), workedMs: 1, lines: [LINE] }],
      }),
      JSON.stringify({
        portal: [],
        missingName: null,
        knownNames: [],
        torNames: [],
        servers: [],
        stun: [],
        ports: [],
        ca: null,
      }),
    ],
    words: JSON_WORDS,
    async run(input) {
      const text = input.toString('utf8')
      const placed = placeWindow(parseWindowState(text), [{ x: 0, y: 0, width: 1920, height: 1080 }])
      mustHold(placed.width <= 1920 && placed.height <= 1080, 'a window that is larger than the screen')
      parseDoctorTargets(text)
      const memory = await NetworkMemory.open({
        read: () => Promise.resolve(text),
        write: () => Promise.resolve(),
      })
      mustHold(memory.secret.length === 32 && memory.count <= 30, 'a memory of another form')
    },
  },
  {
    name: 'proxy-journal',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      JSON.stringify({
        version: 1,
        backend: 'gnome',
        startedMs: 1,
        previous: { a: null, b: "'x'" },
        applied: { a: ['y', null] },
        doors: [{ host: '127.0.0.1', port: 9 }],
      }),
    ],
    words: JSON_WORDS,
    run(input) {
      let journal: ReturnType<typeof parseJournal>
      try {
        journal = parseJournal(input.toString('utf8'))
      } catch (error) {
        mustHold(
          error instanceof Error && /^(ValiError|SyntaxError|RangeError)$/.test(error.name),
          `thrown: ${String(error)}`,
        )
        return
      }
      for (const { host } of journal.doors) mustHold(host.startsWith('127.'), 'a door in another computer')
      mustSurviveAsText(journal, encodeJournal, parseJournal)
    },
  },
  {
    name: 'windows-proxy',
    form: 'binary',
    mayThrow: [],
    seeds: () => [
      encodeConnection({ ...NEW_CONNECTION, flags: 3, server: '127.0.0.1:9251', bypass: '<local>' }, 7),
    ],
    run(input) {
      let settings: ReturnType<typeof parseConnection>
      try {
        settings = parseConnection(input)
      } catch (error) {
        mustHold(error instanceof RangeError, `thrown: ${String(error)}`)
        return
      }
      const { counter, ...rest } = settings
      // What the journal would not take cannot be put back.
      if (readDescription(describeConnection(rest)) === undefined) return
      mustHold(encodeConnection(rest, counter).equals(input), 'other bytes would be put back')
    },
  },
  {
    name: 'system-tools',
    form: 'text',
    mayThrow: [],
    seeds: () => [
      'HKEY_CURRENT_USER\\X\r\n    ProxyServer    REG_SZ    127.0.0.1:9251\r\n    ProxyEnable    REG_DWORD    0x1\r\n',
      "org.gnome.system.proxy mode 'manual'\norg.gnome.system.proxy.http port 8080\norg.gnome.system.proxy ignore-hosts ['localhost', '::1']\n",
      'An asterisk (*) denotes that a network service is disabled.\nWi-Fi\n*Thunderbolt Bridge\n',
      'Enabled: Yes\nServer: 127.0.0.1\nPort: 9251\nAuthenticated Proxy Enabled: 0\n',
      'URL: (null)\nEnabled: No\nAuto Proxy Discovery: Off\n',
      '*.local\n169.254/16\n',
    ],
    run(input) {
      const text = input.toString('utf8')
      parseRegQuery(text)
      for (const type of ['string', 'int', 'bool', 'strings'] as const) isGVariantText(type, text)
      for (const parse of [
        parseGsettingsList,
        parseServices,
        parseServiceProxy,
        parseAutoProxy,
        parseAutoDiscovery,
        parseBypassDomains,
      ])
        allowing(['proxy-unreadable'], () => parse(text))
    },
  },
  {
    name: 'scrubbed-log',
    form: 'text',
    mayThrow: [],
    maxBytes: 2000,
    growsTo: 20_000,
    seeds: () => [
      `connecting to 192.0.2.1:443 with ${LINE} failed`,
      'GET https://www.example.com/path?token=abc from /home/somebody/x at [2001:db8::1]:9001',
      `FallbackDir 192.0.2.1:80 orport=9001 id=${RSA} ed25519=${KEY} at 2001:db8::1.`,
      'somebody@example.org password: hunter2 00:11:22:33:44:55 abc.onion:80',
    ],
    run(input) {
      const text = input.toString('utf8')
      const once = scrub(text)
      for (const secret of ['192.0.2.1', '2001:db8::1', 'www.example.com', RSA, KEY]) {
        const escaped = secret.replaceAll(/[.+]/g, '\\$&')
        const alone = new RegExp(`(?:^|[ ("'=])${escaped}(?:$|[ )"',;]|\\.(?:$| ))`)
        mustHold(!alone.test(once), `${secret} is left`)
      }
      mustHold(!/[\r\n]/.test(once), 'a line could be forged')
    },
  },
  {
    name: 'app-addresses',
    form: 'text',
    mayThrow: [],
    maxBytes: 200,
    seeds: () => ['app://allium/index.html?x#y', 'app://allium@evil/', 'app://allium.example/index.html'],
    run(input) {
      const text = input.toString('utf8')
      if (isAppPage(text)) mustHold(isAppUrl(text), 'a page of another origin')
      if (!isAppUrl(text) || !URL.canParse(text)) return
      const { protocol, host } = new URL(text)
      mustHold(protocol === 'app:' && host === 'allium', 'another origin passes for ours')
    },
  },
  {
    name: 'stun-answer',
    form: 'binary',
    mayThrow: [],
    maxBytes: 100,
    seeds: () => [Buffer.from('0101000021 12a442000102030405060708090a0b'.replaceAll(' ', ''), 'hex')],
    run(input) {
      const request = Buffer.from('000100002112a442000102030405060708090a0b', 'hex')
      const expected =
        input.length >= 20 &&
        input.readUInt16BE(0) === 0x0101 &&
        input.subarray(4, 20).equals(request.subarray(4))
      mustHold(isAnswerTo(request, input) === expected, 'an answer to another question')
    },
  },
  {
    name: 'screen-picture',
    form: 'binary',
    mayThrow: [],
    unitRuns: 30,
    seeds: () => [Buffer.alloc(900, 0x55)],
    async run(input) {
      const side = 21 + ((input[0] ?? 0) % 12)
      const pixels = new Uint8Array(side * side * 4)
      for (let at = 0; at < side * side; at++) {
        const isDark = ((input[1 + (at >> 3)] ?? 0) >> (at & 7)) & 1
        pixels.fill(isDark === 1 ? 0 : 255, at * 4, at * 4 + 4)
      }
      const text = await readQrFromScreens({
        isAllowed: () => true,
        take: () => Promise.resolve([{ width: side, height: side, pixels }]),
      })
      mustHold(text === null || text.length <= 7089, 'a code of noise')
      mustHold(
        pixels.every((byte) => byte === 0),
        'the picture is left in memory',
      )
    },
  },
]

async function openSealed(sealed: Parameters<typeof unsealBridges>[0]): Promise<void> {
  try {
    await unsealBridges(sealed, 'a passphrase')
  } catch (error) {
    const isAnswer =
      error instanceof AppError && ['bridge-file-broken', 'bridge-file-wrong-passphrase'].includes(error.kind)
    if (!isAnswer) throw error
  }
}
