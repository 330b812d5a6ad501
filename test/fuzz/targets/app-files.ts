/** What the app reads from its files, and what a person pastes. */
import { readBridgeFile, unsealBridges } from '../../../electron/bridges/bridge-file.ts'
import { bridgeEmoji } from '../../../electron/bridges/bridge-emoji.ts'
import { readLibrary, writeLibrary } from '../../../electron/bridges/library-document.ts'
import { checkLine, checkPasted } from '../../../electron/bridges/line-check.ts'
import { pastedLines } from '../../../electron/bridges/pasted-lines.ts'
import { AppError } from '../../../electron/app-error.ts'
import { parseWindowState, placeWindow } from '../../../electron/desktop/window-state.ts'
import { parseDoctorTargets } from '../../../electron/doctor/doctor-targets.ts'
import { NetworkMemory } from '../../../electron/escalation/network-memory.ts'
import { readLists, writeLists } from '../../../electron/lists/lists-document.ts'
import { readSettings, withoutSecrets, writeSettings } from '../../../electron/settings/settings-document.ts'
import { formatBridgeLine } from '../../../core/index.ts'
import { mustAgree } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'
import { RSA, LINE, JSON_WORDS, allowing } from './app-words.ts'

export const APP_FILE_TARGETS: readonly FuzzTarget[] = [
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
