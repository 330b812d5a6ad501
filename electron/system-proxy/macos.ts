/**
 * The proxy setting of macOS, through `networksetup`. Every network service has its own, so all that are enabled are
 * changed, whichever is in use at the moment. The web and the secure web proxy lead to the door; SOCKS, proxy scripts
 * and proxy discovery are turned off, for they would win over them.
 */
import { AppError } from '../app-error.ts'
import type { ProxyAddress } from '../ipc/snapshot.ts'
import { type CommandRunner, runChecked } from './command-runner.ts'
import { exceptionRanges } from './exceptions.ts'
import {
  parseAutoDiscovery,
  parseAutoProxy,
  parseBypassDomains,
  parseServiceProxy,
  parseServices,
} from './macos-output.ts'
import type { ProxyBackend, ProxyExceptions, ProxyUnit, ProxyValues, ProxyWrites } from './proxy-backend.ts'

/** In the order in which they are written: first what leads to us, then what would lead elsewhere is turned off. */
const KINDS = ['bypass', 'web', 'secureweb', 'socks', 'script', 'discovery'] as const
type Kind = (typeof KINDS)[number]

/** The three that are switched, and lead to a host and port. */
const PROXIES = { web: 'webproxy', secureweb: 'securewebproxy', socks: 'socksfirewallproxy' } as const
type ProxyKind = keyof typeof PROXIES

/** `on HOST PORT`, `off HOST PORT`; HOST may be empty. */
const PROXY_VALUE = /^(on|off) ([^\s]{0,255}) (\d{1,5})$/
const SCRIPT_VALUE = /^(on|off) ([^\s]{0,10000})$/
const SWITCH_VALUE = /^(?:on|off)$/
/** One a line; a dash in front would be an option, `Empty` alone means none. */
const BYPASS_VALUE = /^(?:[^\s-][^\s]{0,254}(?:\n[^\s-][^\s]{0,254}){0,999})?$/
/** Not a value of the system, but what decides whether a service is changed. */
const ENABLED = 'enabled'

interface Place {
  readonly kind: Kind
  readonly service: string
}

/** `kind:service`. */
function placeOf(name: string): Place | undefined {
  const colon = name.indexOf(':')
  const kind = KINDS.find((each) => each === name.slice(0, colon))
  const service = name.slice(colon + 1)
  // networksetup would take it for an option.
  return kind === undefined || service === '' || service.startsWith('-') ? undefined : { kind, service }
}

function isProxyKind(kind: Kind): kind is ProxyKind {
  return Object.hasOwn(PROXIES, kind)
}

export class MacosProxy implements ProxyBackend {
  readonly kind = 'macos'
  readonly #runner: CommandRunner

  constructor(runner: CommandRunner) {
    this.#runner = runner
  }

  isPresent(): Promise<boolean> {
    return this.#runner.has('networksetup')
  }

  async read(): Promise<ProxyValues> {
    const values: Record<string, string | null> = {}
    const services = parseServices(await this.#ask('-listallnetworkservices'))
    for (const { name, isEnabled } of services) {
      if (name.startsWith('-')) throw new AppError('proxy-unreadable', 'a network service begins with a dash')
      values[`${ENABLED}:${name}`] = isEnabled ? 'yes' : 'no'
      for (const kind of KINDS) values[`${kind}:${name}`] = await this.#readKind(kind, name)
    }
    return values
  }

  wanted(current: ProxyValues, door: ProxyAddress, exceptions: ProxyExceptions): ProxyWrites {
    return enabledServices(current).flatMap((service): [string, string][] => [
      [`bypass:${service}`, exceptionRanges(exceptions).join('\n')],
      [`web:${service}`, `on ${door.host} ${door.port}`],
      [`secureweb:${service}`, `on ${door.host} ${door.port}`],
      [`socks:${service}`, switchedOff(current[`socks:${service}`])],
      [`script:${service}`, switchedOff(current[`script:${service}`])],
      [`discovery:${service}`, 'off'],
    ])
  }

  direct(current: ProxyValues): ProxyWrites {
    return Object.keys(current)
      .filter((name) => name.startsWith('web:') || name.startsWith('secureweb:'))
      .map((name) => [name, 'off  0'])
  }

  /** One that is off leads nowhere: the tool keeps its last address, and cannot always forget it. */
  leadsTo(values: ProxyValues, doors: readonly ProxyAddress[]): boolean {
    const ours = doors.map((door) => `on ${door.host} ${door.port}`)
    return Object.values(values).some((value) => value !== null && ours.includes(value))
  }

  isAcceptable(name: string, value: string | null): boolean {
    const place = placeOf(name)
    if (place === undefined || value === null) return false
    if (isProxyKind(place.kind)) return PROXY_VALUE.test(value) && Number(value.split(' ')[2]) <= 65_535
    if (place.kind === 'script') return SCRIPT_VALUE.test(value)
    return (place.kind === 'discovery' ? SWITCH_VALUE : BYPASS_VALUE).test(value)
  }

  isSame(name: string, left: string | null, right: string | null): boolean {
    if (left === right) return true
    const kind = placeOf(name)?.kind
    const isSwitched = kind !== undefined && (isProxyKind(kind) || kind === 'script')
    return isSwitched && left?.startsWith('off ') === true && right?.startsWith('off ') === true
  }

  /** Giving a proxy its address turns it on. */
  passedThrough(_name: string, value: string | null): readonly string[] {
    return value?.startsWith('off ') === true ? [value.replace(/^off /, 'on ')] : []
  }

  units(names: readonly string[]): readonly ProxyUnit[] {
    return names.map((name) => ({ names: [name], keptWith: [] }))
  }

  async write(writes: ProxyWrites): Promise<void> {
    for (const [name, value] of writes) {
      const place = placeOf(name)
      if (place === undefined || value === null || !this.isAcceptable(name, value)) {
        throw new AppError('proxy-unreadable', `no value for ${name}`)
      }
      for (const args of commandsFor(place, value)) await this.#ask(...args)
    }
  }

  /** The system's configuration daemon tells everybody. */
  async announce(): Promise<void> {}

  /** What is in force just now, in one quick command; it changes, too, when another service takes over. */
  fingerprint(): Promise<string> {
    return runChecked(this.#runner, 'scutil', ['--proxy'])
  }

  async #readKind(kind: Kind, service: string): Promise<string> {
    switch (kind) {
      case 'bypass':
        return parseBypassDomains(await this.#ask('-getproxybypassdomains', service)).join('\n')
      case 'discovery':
        return parseAutoDiscovery(await this.#ask('-getproxyautodiscovery', service)) ? 'on' : 'off'
      case 'script': {
        const { isOn, url } = parseAutoProxy(await this.#ask('-getautoproxyurl', service))
        return `${isOn ? 'on' : 'off'} ${url}`
      }
      default: {
        const proxy = parseServiceProxy(await this.#ask(`-get${PROXIES[kind]}`, service))
        // Its password lies in the keychain, from which we could not put it back.
        if (proxy.isOn && proxy.hasPassword) {
          throw new AppError('proxy-managed', `a proxy with a password is set for ${service}`)
        }
        return `${proxy.isOn ? 'on' : 'off'} ${proxy.host} ${proxy.port}`
      }
    }
  }

  /** networksetup complains on its standard output, and not always with an exit code. */
  async #ask(...args: readonly string[]): Promise<string> {
    const text = await runChecked(this.#runner, 'networksetup', args)
    const complaint = /^\*\* Error.*$|^.* is not a recognized network service\.?.*$/m.exec(text)?.[0]
    if (complaint === undefined) return text
    const kind = /privilege|denied|authoriz/i.test(complaint) ? 'proxy-denied' : 'proxy-tool-failed'
    throw new AppError(kind, `networksetup: ${complaint.slice(0, 200)}`)
  }
}

function enabledServices(current: ProxyValues): readonly string[] {
  return Object.entries(current)
    .filter(([name, value]) => name.startsWith(`${ENABLED}:`) && value === 'yes')
    .map(([name]) => name.slice(ENABLED.length + 1))
}

function switchedOff(value: string | null | undefined): string {
  return (value ?? 'off ').replace(/^on /, 'off ')
}

/** Setting an address turns a proxy on, so that the switch comes after it. */
function commandsFor({ kind, service }: Place, value: string): readonly (readonly string[])[] {
  if (kind === 'bypass') {
    return [['-setproxybypassdomains', service, ...(value === '' ? ['Empty'] : value.split('\n'))]]
  }
  if (kind === 'discovery') return [['-setproxyautodiscovery', service, value]]
  const [state = 'off', address = '', port = '0'] = value.split(' ')
  if (kind === 'script') {
    const set = address === '' ? [] : [['-setautoproxyurl', service, address]]
    return [...set, ['-setautoproxystate', service, state]]
  }
  const set = address === '' ? [] : [[`-set${PROXIES[kind]}`, service, address, port]]
  return [...set, [`-set${PROXIES[kind]}state`, service, state]]
}
