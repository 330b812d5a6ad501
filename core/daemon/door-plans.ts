/** Which listeners the settings ask for, each as a value that can be compared with what is open. */
import { formatEndpoint } from '../linkspec/relay-target.ts'
import type { ApplicationRules } from '../proxy/application-rules.ts'
import type { ListenAddress, ListenerOptions } from '../proxy/listener-options.ts'
import { joinPolicy } from './options/front-doors.ts'
import type { PortSetting } from './options/port.ts'
import { OPTIONS } from './options/table.ts'
import type { Settings } from './settings.ts'

export interface DoorPlan {
  /** C tor's name for it, as its log has it. */
  readonly name: 'Socks' | 'HTTP tunnel'
  readonly options: ListenerOptions
  readonly requestLimitMs: number
  /** Equal for plans that make the same listener. */
  readonly key: string
}

/** C tor's port where SocksPort is not set. */
const DEFAULT_SOCKS_PORT = '9050'

export function planDoors(settings: Settings): readonly DoorPlan[] {
  const socks = settings.list(OPTIONS.socksPort) ?? [OPTIONS.socksPort.parse(DEFAULT_SOCKS_PORT, 'SocksPort')]
  const http = settings.list(OPTIONS.httpTunnelPort) ?? []
  const requestLimitMs = settings.single(OPTIONS.socksTimeout)
  const planner = new Planner(requestLimitMs, settings.single(OPTIONS.unixSocksGroupWritable))
  for (const port of [...socks, ...(settings.list(OPTIONS.extraSocksPort) ?? [])]) planner.add('Socks', port)
  for (const port of [...http, ...(settings.list(OPTIONS.extraHttpTunnelPort) ?? [])]) {
    planner.add('HTTP tunnel', port)
  }
  return planner.plans
}

/** What all listeners hold their applications to. */
export function planRules(settings: Settings): ApplicationRules {
  return {
    socksPolicy: joinPolicy(settings.list(OPTIONS.socksPolicy), 'SocksPolicy'),
    refusesUnsafeSocks: settings.single(OPTIONS.safeSocks),
    reportsSocksSafety: settings.single(OPTIONS.testSocks),
    warnPlaintextPorts: settings.single(OPTIONS.warnPlaintextPorts),
    rejectPlaintextPorts: settings.single(OPTIONS.rejectPlaintextPorts),
  }
}

class Planner {
  readonly plans: DoorPlan[] = []
  readonly #requestLimitMs: number
  readonly #isGroupWritable: boolean
  readonly #ownGroups = new Map<string, number>()

  constructor(requestLimitMs: number, isGroupWritable: boolean) {
    this.#requestLimitMs = requestLimitMs
    this.#isGroupWritable = isGroupWritable
  }

  add(name: DoorPlan['name'], port: PortSetting): void {
    if (port.address === undefined) return
    const options: ListenerOptions = {
      protocol: name === 'Socks' ? 'socks' : 'http',
      address: this.#share(name, port.address),
      isolation: { ...port.isolation, sessionGroup: this.#sessionGroup(name, port) },
      traffic: port.traffic,
      extendedErrors: port.extendedErrors,
      prefersNoAuth: port.prefersNoAuth,
    }
    const requestLimitMs = this.#requestLimitMs
    this.plans.push({ name, options, requestLimitMs, key: JSON.stringify([options, requestLimitMs]) })
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

/** As C tor's log names it. */
export function describeAddress(address: ListenAddress): string {
  return address.kind === 'unix' ? address.path : formatEndpoint(address.endpoint)
}
