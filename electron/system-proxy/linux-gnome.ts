/**
 * The proxy setting of GNOME and of the desktops that keep theirs in the same place (Cinnamon, Unity, Budgie, Pantheon,
 * Deepin): the schema `org.gnome.system.proxy`, through gsettings. gsettings ends with 0 even where it could change
 * nothing, for example without a session bus: only reading back tells.
 */
import { AppError } from '../app-error.ts'
import type { ProxyAddress } from '../ipc/snapshot.ts'
import { type CommandRunner, runChecked } from './command-runner.ts'
import { exceptionRanges } from './exceptions.ts'
import { type GVariantType, gvariantString, gvariantStrings, isGVariantText } from './gvariant.ts'
import type { ProxyBackend, ProxyExceptions, ProxyUnit, ProxyValues, ProxyWrites } from './proxy-backend.ts'

const SCHEMA = 'org.gnome.system.proxy'
const MODE = `${SCHEMA} mode`
const AUTHENTICATION = `${SCHEMA}.http use-authentication`
const SAME_PROXY = `${SCHEMA} use-same-proxy`
const IGNORED = `${SCHEMA} ignore-hosts`

/** Web, secure web and FTP lead to the door; the SOCKS entry is emptied, for some programs prefer it. */
const PROTOCOLS = ['http', 'https', 'ftp', 'socks'] as const
type Protocol = (typeof PROTOCOLS)[number]
const hostOf = (protocol: Protocol): string => `${SCHEMA}.${protocol} host`
const portOf = (protocol: Protocol): string => `${SCHEMA}.${protocol} port`

/** `schema key` -> its type. Names and passwords of proxies are neither read nor changed. */
const TYPES: ReadonlyMap<string, GVariantType> = new Map<string, GVariantType>([
  ...PROTOCOLS.flatMap((protocol): [string, GVariantType][] => [
    [hostOf(protocol), 'string'],
    [portOf(protocol), 'int'],
  ]),
  [AUTHENTICATION, 'bool'],
  [SAME_PROXY, 'bool'],
  [IGNORED, 'strings'],
  [MODE, 'string'],
])

/** The desktops whose programs read this schema, as XDG_CURRENT_DESKTOP calls them, in lower case. */
const DESKTOPS = [
  'gnome',
  'gnome-classic',
  'gnome-flashback',
  'ubuntu',
  'unity',
  'x-cinnamon',
  'cinnamon',
  'budgie',
  'pantheon',
  'deepin',
  'dde',
  'ukui',
]

/** What the session calls itself, in lower case. */
export function desktopNames(env: NodeJS.ProcessEnv): readonly string[] {
  const names = env['XDG_CURRENT_DESKTOP'] ?? env['XDG_SESSION_DESKTOP'] ?? env['DESKTOP_SESSION'] ?? ''
  return names
    .toLowerCase()
    .split(':')
    .filter((name) => name !== '')
}

/** Lines `schema key value`; what we do not change is passed over, so that no password is kept anywhere. */
export function parseGsettingsList(text: string): ProxyValues {
  const values: Record<string, string> = {}
  for (const line of text.split('\n')) {
    const [, schema, key, value] = /^(\S+) (\S+) (.*)$/.exec(line) ?? []
    const name = `${schema} ${key}`
    const type = TYPES.get(name)
    if (type === undefined || value === undefined) continue
    if (!isGVariantText(type, value))
      throw new AppError('proxy-unreadable', `gsettings: ${name} is no ${type}`)
    values[name] = value
  }
  const missing = [...TYPES.keys()].find((name) => values[name] === undefined)
  if (missing !== undefined) throw new AppError('proxy-unreadable', `gsettings does not know ${missing}`)
  return values
}

export class GnomeProxy implements ProxyBackend {
  readonly kind = 'gnome'
  readonly #runner: CommandRunner
  readonly #env: NodeJS.ProcessEnv

  constructor(runner: CommandRunner, env: NodeJS.ProcessEnv) {
    this.#runner = runner
    this.#env = env
  }

  async isPresent(): Promise<boolean> {
    if (!desktopNames(this.#env).some((name) => DESKTOPS.includes(name))) return false
    if (!(await this.#runner.has('gsettings'))) return false
    const { code } = await this.#runner.run('gsettings', ['get', SCHEMA, 'mode'])
    return code === 0
  }

  async read(): Promise<ProxyValues> {
    return parseGsettingsList(await runChecked(this.#runner, 'gsettings', ['list-recursively', SCHEMA]))
  }

  wanted(_current: ProxyValues, door: ProxyAddress, exceptions: ProxyExceptions): ProxyWrites {
    const led = (['http', 'https', 'ftp'] as const).flatMap((protocol): [string, string][] => [
      [hostOf(protocol), gvariantString(door.host)],
      [portOf(protocol), String(door.port)],
    ])
    return [
      // A password for somebody else's proxy is not for us.
      [AUTHENTICATION, 'false'],
      ...led,
      [hostOf('socks'), "''"],
      [portOf('socks'), '0'],
      [SAME_PROXY, 'true'],
      [IGNORED, gvariantStrings(exceptionRanges(exceptions))],
      [MODE, "'manual'"],
    ]
  }

  direct(): ProxyWrites {
    return [
      ...PROTOCOLS.flatMap((protocol): [string, string][] => [
        [hostOf(protocol), "''"],
        [portOf(protocol), protocol === 'http' ? '8080' : '0'],
      ]),
      [MODE, "'none'"],
    ]
  }

  leadsTo(values: ProxyValues, doors: readonly ProxyAddress[]): boolean {
    return PROTOCOLS.some((protocol) =>
      doors.some(
        (door) =>
          values[hostOf(protocol)] === gvariantString(door.host) &&
          values[portOf(protocol)] === String(door.port),
      ),
    )
  }

  isAcceptable(name: string, value: string | null): boolean {
    const type = TYPES.get(name)
    return type !== undefined && value !== null && isGVariantText(type, value)
  }

  isSame(_name: string, left: string | null, right: string | null): boolean {
    return left === right
  }

  passedThrough(): readonly string[] {
    return []
  }

  units(): readonly ProxyUnit[] {
    const places = PROTOCOLS.map((protocol) => [hostOf(protocol), portOf(protocol)])
    return [
      ...places.map((names) => ({ names, keptWith: [] })),
      { names: [AUTHENTICATION], keptWith: [hostOf('http')] },
      { names: [SAME_PROXY], keptWith: [] },
      { names: [IGNORED], keptWith: [] },
      { names: [MODE], keptWith: places.flat() },
    ]
  }

  async write(writes: ProxyWrites): Promise<void> {
    for (const [name, value] of writes) {
      if (!this.isAcceptable(name, value)) throw new AppError('proxy-unreadable', `no value for ${name}`)
      const [schema, key] = name.split(' ')
      await runChecked(this.#runner, 'gsettings', ['set', schema ?? '', key ?? '', value ?? ''])
    }
  }

  /** dconf tells everybody who listens. */
  async announce(): Promise<void> {}

  async fingerprint(): Promise<string> {
    return runChecked(this.#runner, 'gsettings', ['list-recursively', SCHEMA])
  }
}
