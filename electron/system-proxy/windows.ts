/**
 * The proxy setting of Windows: WinINET's values in the user's registry, which Chromium, Edge, Firefox and most other
 * programs follow, through `reg.exe`; then a short PowerShell line tells running programs. The server is written as
 * `HOST:PORT`, which is an HTTP proxy for everything. Never as `socks=`: that is SOCKS4, and every name would be looked
 * up outside of Tor.
 */
import { AppError } from '../app-error.ts'
import type { ProxyAddress } from '../ipc/snapshot.ts'
import { type CommandRunner, runChecked } from './command-runner.ts'
import { windowsExceptions } from './exceptions.ts'
import type { ProxyBackend, ProxyExceptions, ProxyUnit, ProxyValues, ProxyWrites } from './proxy-backend.ts'
import {
  type ConnectionSettings,
  describeConnection,
  DIRECT_FLAG,
  encodeConnection,
  isSameConnection,
  NEW_CONNECTION,
  parseConnection,
  PROXY_FLAG,
  readDescription,
} from './windows-connection.ts'

const KEY = String.raw`HKCU\Software\Microsoft\Windows\CurrentVersion\Internet Settings`
const CONNECTIONS_KEY = String.raw`${KEY}\Connections`
const POLICY_KEY = String.raw`HKLM\Software\Policies\Microsoft\Windows\CurrentVersion\Internet Settings`
const CONNECTION = 'DefaultConnectionSettings'

const STRINGS = ['ProxyServer', 'ProxyOverride', 'AutoConfigURL'] as const
const NUMBERS = ['ProxyEnable', 'AutoDetect'] as const
const MAX_VALUE_CHARACTERS = 20_000

/**
 * `INTERNET_OPTION_SETTINGS_CHANGED` (39) and `INTERNET_OPTION_REFRESH` (37). An exit code for each, for the messages
 * come in the person's language.
 */
export const ANNOUNCE_SCRIPT = [
  "$ErrorActionPreference = 'Stop'",
  '$type = Add-Type -Namespace Allium -Name WinInet -PassThru -MemberDefinition \'[DllImport("wininet.dll", SetLastError = true)] public static extern bool InternetSetOption(IntPtr handle, int option, IntPtr buffer, int length);\'',
  'if (-not $type::InternetSetOption([IntPtr]::Zero, 39, [IntPtr]::Zero, 0)) { exit 39 }',
  'if (-not $type::InternetSetOption([IntPtr]::Zero, 37, [IntPtr]::Zero, 0)) { exit 37 }',
].join('; ')

interface RegistryValue {
  readonly type: string
  readonly data: string
}

/** `    Name    REG_SZ    data` lines; everything else is headings, in whatever language. */
export function parseRegQuery(text: string): ReadonlyMap<string, RegistryValue> {
  const values = new Map<string, RegistryValue>()
  for (const line of text.split(/\r?\n/)) {
    const [, name, type, data] = /^ {4}(.+?) {4}(REG_[A-Z_]+)(?: {4}(.*)| *)$/.exec(line) ?? []
    if (name !== undefined && type !== undefined) values.set(name, { type, data: data ?? '' })
  }
  return values
}

export class WindowsProxy implements ProxyBackend {
  readonly kind = 'windows'
  readonly #runner: CommandRunner

  constructor(runner: CommandRunner) {
    this.#runner = runner
  }

  isPresent(): Promise<boolean> {
    return this.#runner.has('reg')
  }

  async read(): Promise<ProxyValues> {
    const found = parseRegQuery(await runChecked(this.#runner, 'reg', ['query', KEY]))
    const values: Record<string, string | null> = {}
    for (const name of STRINGS) values[name] = readString(name, found.get(name))
    for (const name of NUMBERS) values[name] = readNumber(name, found.get(name))
    const connection = await this.#readConnection()
    values[CONNECTION] = connection === undefined ? null : describeConnection(connection)
    return values
  }

  wanted(current: ProxyValues, door: ProxyAddress, exceptions: ProxyExceptions): ProxyWrites {
    const server = `${door.host}:${door.port}`
    const bypass = windowsExceptions(exceptions)
    const connection = connectionOf(current) ?? NEW_CONNECTION
    const flags = DIRECT_FLAG | PROXY_FLAG
    return [
      ['ProxyServer', server],
      ['ProxyOverride', bypass],
      // A proxy script would win over the server.
      ['AutoConfigURL', null],
      ['AutoDetect', '0x0'],
      [CONNECTION, describeConnection({ ...connection, flags, server, bypass, script: '' })],
      ['ProxyEnable', '0x1'],
    ]
  }

  direct(current: ProxyValues): ProxyWrites {
    const connection = connectionOf(current) ?? NEW_CONNECTION
    const off = { ...connection, flags: connection.flags & ~PROXY_FLAG, server: '' }
    return [
      ['ProxyServer', null],
      [CONNECTION, describeConnection(off)],
      ['ProxyEnable', '0x0'],
    ]
  }

  leadsTo(values: ProxyValues, doors: readonly ProxyAddress[]): boolean {
    const connection = connectionOf(values)
    const isInForce = connection !== undefined && (connection.flags & PROXY_FLAG) !== 0
    const servers = [values['ProxyServer'] ?? '', isInForce ? connection.server : '']
    return doors.some((door) => servers.some((server) => namesDoor(server, `${door.host}:${door.port}`)))
  }

  isAcceptable(name: string, value: string | null): boolean {
    if (name === CONNECTION) return value === null || readDescription(value) !== undefined
    if (NUMBERS.some((each) => each === name)) return value === null || /^0x[0-9a-f]{1,8}$/.test(value)
    return STRINGS.some((each) => each === name) && (value === null || isWritable(value))
  }

  isSame(name: string, left: string | null, right: string | null): boolean {
    if (left === right) return true
    if (name !== CONNECTION || left === null || right === null) return false
    const [one, other] = [readDescription(left), readDescription(right)]
    return one !== undefined && other !== undefined && isSameConnection(one, other)
  }

  passedThrough(): readonly string[] {
    return []
  }

  units(): readonly ProxyUnit[] {
    return [
      { names: ['ProxyServer'], keptWith: [] },
      { names: ['ProxyOverride'], keptWith: [] },
      { names: ['AutoConfigURL', 'AutoDetect'], keptWith: [] },
      // The bytes say once more what the values say; Windows rewrites them from those.
      { names: [CONNECTION], keptWith: ['ProxyServer', 'ProxyOverride', 'AutoConfigURL', 'ProxyEnable'] },
      { names: ['ProxyEnable'], keptWith: ['ProxyServer'] },
    ]
  }

  async write(writes: ProxyWrites): Promise<void> {
    // Where an administrator decides for the whole computer, the user's values count for nothing.
    if (writes.length > 0) await this.#refuseManaged()
    for (const [name, value] of writes) {
      if (!this.isAcceptable(name, value)) throw new AppError('proxy-unreadable', `no value for ${name}`)
      await this.#writeValue(name, value)
    }
  }

  async announce(): Promise<void> {
    await runChecked(this.#runner, 'powershell', [
      ...['-NoLogo', '-NoProfile', '-NonInteractive', '-Command', ANNOUNCE_SCRIPT],
    ])
  }

  fingerprint(): Promise<string> {
    return runChecked(this.#runner, 'reg', ['query', KEY])
  }

  async #writeValue(name: string, value: string | null): Promise<void> {
    const key = name === CONNECTION ? CONNECTIONS_KEY : KEY
    if (value === null) {
      await runChecked(this.#runner, 'reg', ['delete', key, '/v', name, '/f'])
      return
    }
    let type = 'REG_SZ'
    let data = value
    if (NUMBERS.some((each) => each === name)) {
      type = 'REG_DWORD'
    } else if (name === CONNECTION) {
      type = 'REG_BINARY'
      const settings = readDescription(value)
      if (settings === undefined) throw new AppError('proxy-unreadable', 'no connection settings')
      const counter = (await this.#readConnection())?.counter ?? 0
      data = encodeConnection(settings, counter + 1).toString('hex')
    }
    await runChecked(this.#runner, 'reg', ['add', key, '/v', name, '/t', type, '/d', data, '/f'])
  }

  async #readConnection(): Promise<(ConnectionSettings & { readonly counter: number }) | undefined> {
    // Ends with 1 where there is no such key: Windows makes it when it is needed first.
    const { code, stdout } = await this.#runner.run('reg', ['query', CONNECTIONS_KEY, '/v', CONNECTION])
    const value = code === 0 ? parseRegQuery(stdout).get(CONNECTION) : undefined
    if (value === undefined) return undefined
    if (value.type !== 'REG_BINARY' || !/^(?:[0-9A-Fa-f]{2})*$/.test(value.data)) {
      throw new AppError('proxy-unreadable', `${CONNECTION} is no REG_BINARY`)
    }
    try {
      return parseConnection(Buffer.from(value.data, 'hex'))
    } catch (error) {
      throw new AppError('proxy-unreadable', `${CONNECTION}: ${String(error)}`)
    }
  }

  async #refuseManaged(): Promise<void> {
    const args = ['query', POLICY_KEY, '/v', 'ProxySettingsPerUser']
    const { code, stdout } = await this.#runner.run('reg', args)
    if (code !== 0 || parseRegQuery(stdout).get('ProxySettingsPerUser')?.data !== '0x0') return
    throw new AppError('proxy-managed', 'the proxy of this computer is set by its administrator')
  }
}

function connectionOf(values: ProxyValues): ConnectionSettings | undefined {
  return readDescription(values[CONNECTION] ?? '')
}

/** `127.0.0.1:9251`, alone or for one protocol among others: `http=127.0.0.1:9251;https=…`. */
function namesDoor(server: string, door: string): boolean {
  return server
    .split(/[; ]/)
    .some((part) => part.replace(/^[a-z]+=/i, '').replace(/^[a-z]+:\/\//i, '') === door)
}

/** What reg.exe printed in a code page that we do not know cannot be written back. */
function isWritable(text: string): boolean {
  return text.length <= MAX_VALUE_CHARACTERS && /^[\x20-\x7e]*$/.test(text)
}

function readString(name: string, value: RegistryValue | undefined): string | null {
  if (value === undefined) return null
  if (value.type === 'REG_SZ' && isWritable(value.data)) return value.data
  throw new AppError('proxy-unreadable', `${name} cannot be put back as it is`)
}

function readNumber(name: string, value: RegistryValue | undefined): string | null {
  if (value === undefined) return null
  if (value.type === 'REG_DWORD' && /^0x[0-9a-f]{1,8}$/.test(value.data)) return value.data
  throw new AppError('proxy-unreadable', `${name} is no REG_DWORD`)
}
