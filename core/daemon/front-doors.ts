/** The listeners that are open: opened, closed and changed as the settings ask, without touching those that stay. */
import type { StreamOpener } from '../client/client-port.ts'
import { type Endpoint, formatEndpoint } from '../linkspec/relay-target.ts'
import type { ApplicationRules } from '../proxy/application-rules.ts'
import { DnsListener } from '../proxy/dns-listener.ts'
import type { ListenAddress } from '../proxy/listener-options.ts'
import { ProxyListener } from '../proxy/proxy-listener.ts'
import type { Clock } from '../util/clock.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { OnceNotices } from '../util/once-notices.ts'
import { describeAddress, type DoorPlan } from './door-plans.ts'

export interface FrontDoorDeps {
  readonly opener: StreamOpener
  readonly clock: Clock
  readonly log: Logger
}

interface Listener {
  /** With the real port; of no meaning for a unix socket. */
  readonly endpoint: Endpoint
  close(): Promise<void>
  /** Frees its place at once and serves to the end what was asked for; resolves at that end. */
  retire(): Promise<void>
}

interface OpenDoor {
  readonly plan: DoorPlan
  readonly listener: Listener
}

export class FrontDoors {
  readonly #deps: FrontDoorDeps
  readonly #log: Logger
  readonly #rules: LiveRules
  readonly #notices: OnceNotices
  #doors: readonly OpenDoor[] = []
  /** No longer open; applications still use what they asked for through them. */
  readonly #retired = new Set<Listener>()

  constructor(rules: ApplicationRules, deps: FrontDoorDeps) {
    this.#deps = deps
    this.#log = deps.log.in('net')
    this.#rules = new LiveRules(rules)
    this.#notices = new OnceNotices(deps.log.in('app'))
  }

  /** Holds applications to these from their next request on. */
  setRules(rules: ApplicationRules): void {
    this.#rules.current = rules
  }

  /**
   * Brings the listeners in line with the plans. New ones are opened first: when one of them cannot be, those are
   * closed again, nothing has changed, and it rejects with `bad-config`. A listener that changes in place is closed
   * before its successor opens; when that fails it is gone, with a warning. Streams outlive their listener.
   */
  async apply(plans: readonly DoorPlan[]): Promise<void> {
    const kept = this.#doors.filter((door) => plans.some(({ key }) => key === door.plan.key))
    const ending = this.#doors.filter((door) => !kept.includes(door))
    const missing = plans.filter((plan) => !kept.some((door) => door.plan.key === plan.key))
    const isReplaced = (plan: DoorPlan): boolean => ending.some((door) => isSamePlace(door, plan))
    const opened = await this.#openAll(missing.filter((plan) => !isReplaced(plan)))
    for (const { plan, listener } of ending) {
      this.#log.notice(
        `Closing no-longer-configured ${plan.name} listener on ${describePlace(plan, listener)}`,
      )
      this.#retire(listener)
    }
    this.#doors = [...kept, ...opened]
    for (const plan of missing.filter(isReplaced)) {
      try {
        this.#doors = [...this.#doors, await this.#open(plan)]
      } catch (error) {
        this.#log.warn(`The ${plan.name} listener is closed: `, toTorError(error).message)
      }
    }
    if (this.#doors.length === 0) {
      this.#deps.log.in('config').warn('No SocksPort and no other port is open: no application can come in')
    }
  }

  async close(): Promise<void> {
    const doors = this.#doors
    this.#doors = []
    const listeners = [...doors.map(({ listener }) => listener), ...this.#retired]
    await Promise.all(listeners.map((listener) => listener.close()))
  }

  #retire(listener: Listener): void {
    this.#retired.add(listener)
    void listener.retire().then(() => this.#retired.delete(listener))
  }

  async #openAll(plans: readonly DoorPlan[]): Promise<OpenDoor[]> {
    const opened: OpenDoor[] = []
    try {
      for (const plan of plans) opened.push(await this.#open(plan))
      return opened
    } catch (error) {
      await Promise.all(opened.map(({ listener }) => listener.close()))
      throw error
    }
  }

  async #open(plan: DoorPlan): Promise<OpenDoor> {
    const { name, address } = plan
    const place = describeAddress(address)
    this.#log.notice(`Opening ${name} listener on ${place}`)
    if (isOpenToOthers(address)) {
      this.#log.warn(`Everybody who can reach ${place} can use this ${name} listener`)
    }
    const listener = await this.#listen(plan)
    this.#log.notice(`Opened ${name} listener connection (ready) on ${describePlace(plan, listener)}`)
    return { plan, listener }
  }

  #listen({ making }: DoorPlan): Promise<Listener> {
    const { opener, clock } = this.#deps
    const shared = { opener, clock, log: this.#deps.log.in('app'), rules: this.#rules }
    if (making.kind === 'dns') return DnsListener.listen(making.options, shared)
    return ProxyListener.listen(making.options, {
      ...shared,
      notices: this.#notices,
      httpEndpoint: () => this.#httpEndpoint(),
    })
  }

  /** For the page that tells who speaks HTTP to a SOCKS port where to go. */
  #httpEndpoint(): string | undefined {
    const door = this.#doors.find(({ plan }) => plan.name === 'HTTP tunnel' && plan.address.kind === 'tcp')
    return door === undefined ? undefined : formatEndpoint(door.listener.endpoint)
  }
}

/** What the listeners read their rules from; a reload changes what they read next. */
class LiveRules implements ApplicationRules {
  current: ApplicationRules

  constructor(current: ApplicationRules) {
    this.current = current
  }

  get socksPolicy(): ApplicationRules['socksPolicy'] {
    return this.current.socksPolicy
  }

  get refusesUnsafeSocks(): boolean {
    return this.current.refusesUnsafeSocks
  }

  get reportsSocksSafety(): boolean {
    return this.current.reportsSocksSafety
  }

  get requestLimitMs(): number {
    return this.current.requestLimitMs
  }
}

function describePlace({ address }: DoorPlan, listener: Listener): string {
  return address.kind === 'unix' ? address.path : formatEndpoint(listener.endpoint)
}

/** Whether the new listener could not be opened while this one is there. */
function isSamePlace({ plan, listener }: OpenDoor, next: DoorPlan): boolean {
  const { address } = next
  const open = plan.address
  if (open.kind === 'unix' || address.kind === 'unix') {
    return open.kind === 'unix' && address.kind === 'unix' && open.path === address.path
  }
  const isUdp = (name: DoorPlan['name']): boolean => name === 'DNS'
  if (isUdp(plan.name) !== isUdp(next.name)) return false
  return address.endpoint.port !== 0 && listener.endpoint.port === address.endpoint.port
}

function isOpenToOthers(address: ListenAddress): boolean {
  if (address.kind === 'unix') return address.access === 'world'
  const { host } = address.endpoint
  return host !== '::1' && !host.startsWith('127.')
}
