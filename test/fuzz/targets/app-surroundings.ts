/** What the app meets on its computer: the system's tools, logs, addresses, the screen. */
import { readQrFromScreens } from '../../../electron/bridges/screen-qr.ts'
import { isAppPage, isAppUrl } from '../../../electron/desktop/app-scheme.ts'
import { isAnswerTo } from '../../../electron/host/probes/stun-probe.ts'
import { createScrub } from '../../../electron/logs/scrub.ts'
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
import { mustSurviveAsText } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'
import { RSA, KEY, LINE, JSON_WORDS, allowing } from './app-words.ts'

const scrub = createScrub({ homeFolder: '/home/somebody', userName: 'somebody', hostName: 'box.example' })

export const APP_SURROUNDINGS_TARGETS: readonly FuzzTarget[] = [
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
