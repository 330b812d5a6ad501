/** SocksPort, HTTPTunnelPort and DNSPort: where applications may come in, what keeps them apart, what they may ask for. */
import { isIPv4, isIPv6 } from 'node:net'
import { DEFAULT_TRAFFIC, type ListenAddress, type TrafficRules } from '../../proxy/listener-options.ts'
import { DEFAULT_ISOLATION, type ListenerIsolation } from '../../proxy/request-isolation.ts'
import { TorError } from '../../util/errors.ts'
import { badValue, quoteForMessage } from '../torrc-line.ts'
import { path as pathValue, type ValueType } from './values.ts'

export interface PortSetting {
  /** Undefined for port 0: "do not listen". */
  readonly address: ListenAddress | undefined
  /** SessionGroup=N; undefined gives the listener a group of its own. */
  readonly sessionGroup: number | undefined
  readonly isolation: Omit<ListenerIsolation, 'sessionGroup'>
  readonly traffic: TrafficRules
  readonly extendedErrors: boolean
  readonly prefersNoAuth: boolean
}

const LOOPBACK = '127.0.0.1'
const PORT = /^0*([1-9][0-9]{0,4})$/
const MAX_PORT = 65_535
const SESSION_GROUP = /^sessiongroup=([0-9]{1,9})$/
const UNIX_PREFIX = 'unix:'
/** `unix:"path with spaces"`, with \" and \\ in it. */
const QUOTED_PATH = /^unix:"((?:[^"\\]|\\["\\])*)"(?:[ \t]+(.*))?$/

/** The flags of C tor that we take because they say what is so in any case, with the reason where they say the opposite. */
const CACHE_FLAG = /^(?:cache(?:ipv4|ipv6)?dns|use(?:ipv4|ipv6|dns)?cache)$/
const NO_CACHE = 'answers to look-ups are never kept, as they could tie one application to another'

/** `[address:]port|auto|unix:path [flags]`. */
export const socksPort: ValueType<PortSetting> = portType('stream')
export const dnsPort: ValueType<PortSetting> = portType('dns')
export const httpPort: ValueType<PortSetting> = portType('stream')

/** The DNS comes by UDP: it has no unix sockets, and nothing but names can be asked for. */
type PortKind = 'stream' | 'dns'

function portType(kind: PortKind): ValueType<PortSetting> {
  return {
    parse: (text, option) => parsePortSetting(text, option, kind),
    format: (_setting, text) => text,
    warn: warnOfFlags,
  }
}

/** Throws `bad-config`; an unknown flag is refused, as a misspelled one would keep less apart than was asked for. */
function parsePortSetting(text: string, option: string, kind: PortKind): PortSetting {
  const { where, flags } = splitPort(text, option)
  const draft = new PortDraft(option)
  for (const flag of flags) draft.take(flag)
  if (kind === 'dns') draft.refuseWithoutNames()
  if (!where.startsWith(UNIX_PREFIX)) return draft.finish(parseTcp(where, option))
  if (kind === 'dns')
    throw new TorError('bad-config', `${option}: unix sockets are not supported: name a port`)
  return draft.finish(parseUnix(where, option))
}

function splitPort(text: string, option: string): { where: string; flags: readonly string[] } {
  if (!text.startsWith(`${UNIX_PREFIX}"`)) {
    const [where = '', ...flags] = text.split(/[ \t]+/)
    return { where, flags }
  }
  const [, quoted, rest = ''] = QUOTED_PATH.exec(text) ?? []
  if (quoted === undefined) badValue(option, 'a closing quote behind the path', text)
  return {
    where: UNIX_PREFIX + quoted.replace(/\\(.)/g, '$1'),
    flags: rest.split(/[ \t]+/).filter((flag) => flag !== ''),
  }
}

function parseTcp(where: string, option: string): ListenAddress | undefined {
  if (where === '0') return undefined
  const colon = where.lastIndexOf(':')
  const hostText = colon === -1 ? LOOPBACK : where.slice(0, colon)
  const portText = where.slice(colon + 1).toLowerCase()
  const bare = /^\[.*\]$/.test(hostText) ? hostText.slice(1, -1) : hostText
  // No name is looked up; this one is fixed by RFC 6761.
  const host = bare.toLowerCase() === 'localhost' ? LOOPBACK : bare
  const isAddress = isIPv4(host) || (bare !== hostText && isIPv6(host) && !host.includes('%'))
  const port = portText === 'auto' ? 0 : Number(PORT.exec(portText)?.[1] ?? Number.NaN)
  if (!isAddress || !(port <= MAX_PORT)) {
    badValue(option, '0, auto, a port, or an IP address with a port', where)
  }
  return { kind: 'tcp', endpoint: { host, port } }
}

function parseUnix(where: string, option: string): ListenAddress {
  const path = pathValue.parse(where.slice(UNIX_PREFIX.length), option)
  return { kind: 'unix', path, access: 'owner', checksDirectory: true }
}

/** Collects the flags; each may be written with `No` before it. */
class PortDraft {
  readonly #option: string
  readonly #isolation: { -readonly [K in keyof PortSetting['isolation']]: boolean } = { ...DEFAULT_ISOLATION }
  readonly #families = { ...DEFAULT_TRAFFIC.families }
  #allowsNames = true
  #allowsOnion = true
  #allowsExit = true
  #extendedErrors = false
  #prefersNoAuth = false
  #sessionGroup: number | undefined
  #access: 'owner' | 'group' | 'world' = 'owner'
  #checksDirectory = true
  #firstUnixFlag: string | undefined

  constructor(option: string) {
    this.#option = option
  }

  take(flag: string): void {
    const lower = flag.toLowerCase()
    const group = SESSION_GROUP.exec(lower)?.[1]
    if (group !== undefined) {
      if (this.#sessionGroup !== undefined) badValue(this.#option, 'one SessionGroup', flag)
      this.#sessionGroup = Number(group)
      return
    }
    const isOn = !lower.startsWith('no')
    const name = isOn ? lower : lower.slice(2)
    if (
      !this.#isolate(name, isOn) &&
      !this.#restrict(name, isOn) &&
      !this.#share(name, isOn) &&
      !isNoted(name)
    ) {
      throw new TorError('bad-config', `${this.#option}: the flag ${quoteForMessage(flag)} is not known`)
    }
  }

  refuseWithoutNames(): void {
    if (this.#allowsNames && this.#allowsExit) return
    throw new TorError('bad-config', `${this.#option}: expected look-ups to be allowed`)
  }

  finish(address: ListenAddress | undefined): PortSetting {
    const option = this.#option
    const { allowsIpv4, allowsIpv6 } = this.#families
    if (address?.kind !== 'unix' && this.#firstUnixFlag !== undefined) {
      throw new TorError('bad-config', `${option}: ${this.#firstUnixFlag} is for unix sockets only`)
    }
    const allowsExit = this.#allowsExit && (allowsIpv4 || allowsIpv6)
    if (!allowsExit && !this.#allowsOnion) {
      throw new TorError('bad-config', `${option}: expected IPv4, IPv6 or onion traffic to be allowed`)
    }
    return {
      address:
        address?.kind === 'unix'
          ? { ...address, access: this.#access, checksDirectory: this.#checksDirectory }
          : address,
      sessionGroup: this.#sessionGroup,
      isolation: this.#isolation,
      traffic: {
        families: this.#families,
        allowsNames: this.#allowsNames,
        allowsOnion: this.#allowsOnion,
        allowsExit: this.#allowsExit,
      },
      extendedErrors: this.#extendedErrors,
      prefersNoAuth: this.#prefersNoAuth,
    }
  }

  #isolate(name: string, isOn: boolean): boolean {
    const key = ISOLATION_FLAGS.get(name)
    if (key === undefined) return false
    this.#isolation[key] = isOn
    return true
  }

  #restrict(name: string, isOn: boolean): boolean {
    switch (name) {
      case 'ipv4traffic':
        this.#families.allowsIpv4 = isOn
        return true
      case 'ipv6traffic':
        this.#families.allowsIpv6 = isOn
        return true
      case 'preferipv6':
        this.#families.prefersIpv6 = isOn
        return true
      case 'dnsrequest':
        this.#allowsNames = isOn
        return true
      case 'oniontraffic':
        this.#allowsOnion = isOn
        return true
      case 'oniontrafficonly':
        this.#allowsExit = !isOn
        return true
      default:
        return false
    }
  }

  #share(name: string, isOn: boolean): boolean {
    switch (name) {
      case 'extendederrors':
        this.#extendedErrors = isOn
        return true
      case 'prefersocksnoauth':
        this.#prefersNoAuth = isOn
        return true
      case 'groupwritable':
        this.#firstUnixFlag ??= 'GroupWritable'
        if (this.#access !== 'world') this.#access = isOn ? 'group' : 'owner'
        return true
      case 'worldwritable':
        this.#firstUnixFlag ??= 'WorldWritable'
        if (isOn) this.#access = 'world'
        return true
      case 'relaxdirmodecheck':
        this.#firstUnixFlag ??= 'RelaxDirModeCheck'
        this.#checksDirectory = !isOn
        return true
      default:
        return false
    }
  }
}

const ISOLATION_FLAGS: ReadonlyMap<string, keyof PortSetting['isolation']> = new Map([
  ['isolateclientaddr', 'isolateClientAddr'],
  ['isolatesocksauth', 'isolateSocksAuth'],
  ['isolateclientprotocol', 'isolateClientProtocol'],
  ['isolatedestport', 'isolateDestPort'],
  ['isolatedestaddr', 'isolateDestAddr'],
  // Ours.
  ['isolatesite', 'isolateSite'],
  ['keepaliveisolatesocksauth', 'keepAliveIsolateSocksAuth'],
])

function isNoted(name: string): boolean {
  return CACHE_FLAG.test(name) || name === 'preferipv6automap'
}

function warnOfFlags(text: string): string | undefined {
  const flag = text.split(/[ \t]+/).find((word) => CACHE_FLAG.test(word.toLowerCase()))
  return flag === undefined ? undefined : `the flag ${flag} has no effect: ${NO_CACHE}`
}
