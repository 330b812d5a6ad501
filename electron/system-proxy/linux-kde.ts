/**
 * The proxy setting of KDE Plasma: the group `Proxy Settings` of `kioslaverc`, through Plasma's own tools. Chromium
 * reads that file under `$HOME/.config` even where XDG_CONFIG_HOME says otherwise, and KDE's programs under
 * XDG_CONFIG_HOME, so both are written.
 */
import { posix } from 'node:path'
import { AppError } from '../app-error.ts'
import type { ProxyAddress } from '../ipc/snapshot.ts'
import { type CommandRunner, runChecked } from './command-runner.ts'
import { kdeExceptions } from './exceptions.ts'
import { desktopNames } from './linux-gnome.ts'
import type { ProxyBackend, ProxyExceptions, ProxyUnit, ProxyValues, ProxyWrites } from './proxy-backend.ts'

const GROUP = 'Proxy Settings'
const PROTOCOLS = ['httpProxy', 'httpsProxy', 'ftpProxy', 'socksProxy'] as const
/** In the order in which they are written: the switch is last. `ReversedException` would turn the exceptions around. */
const KEYS = [...PROTOCOLS, 'NoProxyFor', 'ReversedException', 'ProxyType'] as const

/** Plasma 6, then 5. */
const VERSIONS = ['6', '5'] as const
/** What kreadconfig answers where there is no such key: no value can be the same by chance. */
const ABSENT = '\u0001absent'
const MAX_VALUE_CHARACTERS = 100_000
/** One line, no control characters: the file has one line for each. */
// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const UNSPEAKABLE = /[\u0000-\u001f\u007f\ufffd]/

const MANUAL = '1'
const NO_PROXY = '0'

/** `home` is the file that Chromium reads, `xdg` the one of KDE's programs where that is another. */
type Place = 'home' | 'xdg'

export interface KdeFiles {
  readonly home: string
  readonly xdg: string | undefined
}

export function kdeFiles(env: NodeJS.ProcessEnv): KdeFiles | undefined {
  const folder = env['HOME'] ?? ''
  if (!posix.isAbsolute(folder)) return undefined
  const home = posix.join(folder, '.config', 'kioslaverc')
  const configHome = env['XDG_CONFIG_HOME'] ?? ''
  // A relative one counts for nothing (XDG Base Directory Specification).
  const xdg = posix.isAbsolute(configHome) ? posix.join(configHome, 'kioslaverc') : home
  return { home, xdg: xdg === home ? undefined : xdg }
}

/** KDE writes a proxy as `http://host port`. */
function kdeProxy(door: ProxyAddress): string {
  return `http://${door.host} ${door.port}`
}

export class KdeProxy implements ProxyBackend {
  readonly kind = 'kde'
  readonly #runner: CommandRunner
  readonly #env: NodeJS.ProcessEnv
  readonly #files: KdeFiles | undefined
  readonly #readFile: (path: string) => Promise<string>

  /** `readFile` gives an empty text where there is no file. */
  constructor(runner: CommandRunner, env: NodeJS.ProcessEnv, readFile: (path: string) => Promise<string>) {
    this.#runner = runner
    this.#env = env
    this.#files = kdeFiles(env)
    this.#readFile = readFile
  }

  async isPresent(): Promise<boolean> {
    if (!desktopNames(this.#env).some((name) => name === 'kde' || name.startsWith('plasma'))) return false
    return this.#files !== undefined && (await this.#version()) !== undefined
  }

  async read(): Promise<ProxyValues> {
    const values: Record<string, string | null> = {}
    for (const place of this.#places()) {
      for (const key of KEYS) values[`${place} ${key}`] = await this.#readKey(place, key)
    }
    return values
  }

  wanted(_current: ProxyValues, door: ProxyAddress, exceptions: ProxyExceptions): ProxyWrites {
    const proxy = kdeProxy(door)
    return this.#places().flatMap((place): [string, string][] => [
      [`${place} httpProxy`, proxy],
      [`${place} httpsProxy`, proxy],
      [`${place} ftpProxy`, proxy],
      [`${place} socksProxy`, ''],
      [`${place} NoProxyFor`, kdeExceptions(exceptions)],
      [`${place} ReversedException`, 'false'],
      [`${place} ProxyType`, MANUAL],
    ])
  }

  direct(): ProxyWrites {
    return this.#places().flatMap((place): [string, string | null][] => [
      ...PROTOCOLS.map((protocol): [string, null] => [`${place} ${protocol}`, null]),
      [`${place} ProxyType`, NO_PROXY],
    ])
  }

  leadsTo(values: ProxyValues, doors: readonly ProxyAddress[]): boolean {
    const ours = doors.flatMap((door) => [kdeProxy(door), `http://${door.host}:${door.port}`])
    return Object.entries(values).some(
      ([name, value]) => name.endsWith('Proxy') && ours.includes(value ?? ''),
    )
  }

  isAcceptable(name: string, value: string | null): boolean {
    const [place, key] = name.split(' ')
    if (place !== 'home' && place !== 'xdg') return false
    if (!KEYS.some((known) => known === key)) return false
    return value === null || (value.length <= MAX_VALUE_CHARACTERS && !UNSPEAKABLE.test(value))
  }

  isSame(_name: string, left: string | null, right: string | null): boolean {
    return left === right
  }

  passedThrough(): readonly string[] {
    return []
  }

  units(): readonly ProxyUnit[] {
    return this.#places().flatMap((place) => [
      ...PROTOCOLS.map((protocol) => ({ names: [`${place} ${protocol}`], keptWith: [] })),
      { names: [`${place} NoProxyFor`, `${place} ReversedException`], keptWith: [] },
      {
        names: [`${place} ProxyType`],
        keptWith: PROTOCOLS.map((protocol) => `${place} ${protocol}`),
      },
    ])
  }

  async write(writes: ProxyWrites): Promise<void> {
    const tool = `kwriteconfig${await this.#needVersion()}`
    for (const [name, value] of writes) {
      if (!this.isAcceptable(name, value)) throw new AppError('proxy-unreadable', `no value for ${name}`)
      const [place, key] = name.split(' ')
      const where = [
        '--file',
        this.#file(place === 'xdg' ? 'xdg' : 'home'),
        '--group',
        GROUP,
        '--key',
        key ?? '',
      ]
      // The value behind `--`: it may begin with a dash.
      const what = value === null ? ['--delete'] : ['--', value]
      await runChecked(this.#runner, tool, [...where, ...what])
    }
  }

  /** KDE's programs look at the file again when they hear this. */
  async announce(): Promise<void> {
    await runChecked(this.#runner, 'dbus-send', [
      '--session',
      '--type=signal',
      '/KIO/Scheduler',
      'org.kde.KIO.Scheduler.reparseSlaveConfiguration',
      'string:',
    ])
  }

  async fingerprint(): Promise<string> {
    const texts = await Promise.all(this.#places().map((place) => this.#readFile(this.#file(place))))
    return texts.join('\n\u0000\n')
  }

  #places(): readonly Place[] {
    return this.#files?.xdg === undefined ? ['home'] : ['home', 'xdg']
  }

  #file(place: Place): string {
    const path = place === 'xdg' ? this.#files?.xdg : this.#files?.home
    if (path === undefined) throw new AppError('proxy-unsupported', 'no folder for KDE settings')
    return path
  }

  async #readKey(place: Place, key: string): Promise<string | null> {
    const text = await runChecked(this.#runner, `kreadconfig${await this.#needVersion()}`, [
      ...['--file', this.#file(place), '--group', GROUP, '--key', key, '--default', ABSENT],
    ])
    const value = text.replace(/\r?\n$/, '')
    if (value === ABSENT) return null
    if (value.length > MAX_VALUE_CHARACTERS || UNSPEAKABLE.test(value)) {
      throw new AppError('proxy-unreadable', `kreadconfig: ${key} cannot be put back as it is`)
    }
    return value
  }

  async #version(): Promise<string | undefined> {
    for (const version of VERSIONS) {
      if (
        (await this.#runner.has(`kwriteconfig${version}`)) &&
        (await this.#runner.has(`kreadconfig${version}`))
      ) {
        return version
      }
    }
    return undefined
  }

  async #needVersion(): Promise<string> {
    const version = await this.#version()
    if (version === undefined) throw new AppError('proxy-tool-missing', 'kwriteconfig is not installed')
    return version
  }
}
