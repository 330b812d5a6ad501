/** Which listeners the settings ask for, each as a value that can be compared with what is open. */
import { formatEndpoint } from '../linkspec/relay-target.ts'
import type { ApplicationRules } from '../proxy/application-rules.ts'
import type { DnsListenerOptions } from '../proxy/dns-listener.ts'
import type { ListenAddress, ListenerOptions } from '../proxy/listener-options.ts'
import { joinPolicy } from './options/front-doors.ts'
import type { PortSetting } from './options/port.ts'
import { OPTIONS } from './options/table.ts'
import type { Settings } from './settings.ts'

/** What a listener is made of. */
type DoorMaking =
  | { readonly kind: 'proxy'; readonly options: ListenerOptions }
  | { readonly kind: 'dns'; readonly options: DnsListenerOptions }

export interface DoorPlan {
  /** C tor's name for it, as its log has it. */
  readonly name: 'Socks' | 'HTTP tunnel' | 'DNS'
  readonly address: ListenAddress
  readonly making: DoorMaking
  /** Equal for plans that make the same listener. */
  readonly key: string
}

/** C tor's port where SocksPort is not set. */
const DEFAULT_SOCKS_PORT = '9050'

export function planDoors(settings: Settings): readonly DoorPlan[] {
  const usualSocks = [OPTIONS.socksPort.parse(DEFAULT_SOCKS_PORT, 'SocksPort')]
  const planner = new Planner(settings.single(OPTIONS.unixSocksGroupWritable))
  planner.add('Socks', settings.list(OPTIONS.socksPort) ?? usualSocks, settings.list(OPTIONS.extraSocksPort))
  planner.add(
    'HTTP tunnel',
    settings.list(OPTIONS.httpTunnelPort),
    settings.list(OPTIONS.extraHttpTunnelPort),
  )
  planner.add('DNS', settings.list(OPTIONS.dnsPort), settings.list(OPTIONS.extraDnsPort))
  return planner.plans
}

/** What all listeners hold their applications to. */
export function planRules(settings: Settings): ApplicationRules {
  return {
    socksPolicy: joinPolicy(settings.list(OPTIONS.socksPolicy), 'SocksPolicy'),
    refusesUnsafeSocks: settings.single(OPTIONS.safeSocks),
    reportsSocksSafety: settings.single(OPTIONS.testSocks),
    requestLimitMs: settings.single(OPTIONS.socksTimeout),
  }
}

class Planner {
  readonly plans: DoorPlan[] = []
  readonly #isGroupWritable: boolean
  readonly #ownGroups = new Map<string, number>()

  constructor(isGroupWritable: boolean) {
    this.#isGroupWritable = isGroupWritable
  }

  add(name: DoorPlan['name'], ...lists: readonly (readonly PortSetting[] | undefined)[]): void {
    for (const port of lists.flatMap((list) => list ?? [])) this.#addOne(name, port)
  }

  #addOne(name: DoorPlan['name'], port: PortSetting): void {
    if (port.address === undefined) return
    const address = this.#share(name, port.address)
    const making = makingOf(name, address, port, this.#sessionGroup(name, port))
    this.plans.push({ name, address, making, key: JSON.stringify(making) })
  }

  #share(name: DoorPlan['name'], address: ListenAddress): ListenAddress {
    const isShared = this.#isGroupWritable && name === 'Socks' && address.kind === 'unix'
    return isShared && address.access === 'owner' ? { ...address, access: 'group' } : address
  }

  /** By its address, so that a listener keeps its group when others come and go. */
  #sessionGroup(name: DoorPlan['name'], { address, sessionGroup }: PortSetting): string {
    if (sessionGroup !== undefined) return `group ${sessionGroup}`
    const place = `own ${name} ${address === undefined ? '' : describeAddress(address)}`
    const count = this.#ownGroups.get(place) ?? 0
    this.#ownGroups.set(place, count + 1)
    return `${place} ${count}`
  }
}

function makingOf(
  name: DoorPlan['name'],
  address: ListenAddress,
  port: PortSetting,
  sessionGroup: string,
): DoorMaking {
  const isolation = { ...port.isolation, sessionGroup }
  if (name === 'DNS' && address.kind === 'tcp') {
    return { kind: 'dns', options: { endpoint: address.endpoint, isolation } }
  }
  const { traffic, extendedErrors, prefersNoAuth } = port
  const protocol = name === 'HTTP tunnel' ? 'http' : 'socks'
  return { kind: 'proxy', options: { protocol, address, isolation, traffic, extendedErrors, prefersNoAuth } }
}

/** As C tor's log names it. */
export function describeAddress(address: ListenAddress): string {
  return address.kind === 'unix' ? address.path : formatEndpoint(address.endpoint)
}
