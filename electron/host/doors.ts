/**
 * The two front doors of the app, on this computer only: SOCKS and HTTP, each site on circuits of its own. A port that
 * somebody else has is no reason to be without a door: a free one is taken, and said.
 */
import {
  type Clock,
  DEFAULT_APPLICATION_RULES,
  DEFAULT_ISOLATION,
  DEFAULT_TRAFFIC,
  type ListenerDeps,
  type ListenerOptions,
  type Logger,
  ProxyListener,
  type ProxyProtocol,
  type StreamOpener,
  systemCodeOf,
  toTorError,
} from '../../core/index.ts'
import type { ProxiesView } from '../ipc/snapshot.ts'
import type { HostConfig } from './protocol.ts'
import { scrubText } from './scrub-text.ts'

const HOST = '127.0.0.1'

const NO_DOORS: ProxiesView = { socks: undefined, http: undefined, trouble: undefined }

export interface DoorDeps {
  readonly opener: StreamOpener
  readonly clock: Clock
  readonly log: Logger
}

type Ports = Pick<HostConfig, 'socksPort' | 'httpPort'>
type Trouble = NonNullable<ProxiesView['trouble']>

interface Door {
  readonly listener: ProxyListener
  readonly trouble: Trouble | undefined
}

export class Doors {
  readonly #deps: DoorDeps
  readonly #asked = new Map<ProxyProtocol, number>()
  readonly #doors = new Map<ProxyProtocol, Door>()
  #view = NO_DOORS

  constructor(deps: DoorDeps) {
    this.#deps = deps
  }

  /** The same value as long as nothing has changed. */
  get view(): ProxiesView {
    return this.#view
  }

  #makeView(): ProxiesView {
    const [socks, http] = [this.#doors.get('socks'), this.#doors.get('http')]
    return {
      socks: socks?.listener.endpoint,
      http: http?.listener.endpoint,
      trouble: socks?.trouble ?? http?.trouble,
    }
  }

  /**
   * Opens what was not asked for on this port before. A door that had to go elsewhere stays there until it is closed:
   * programs have been told where it is. Rejects with `bad-config` when not even a free port is to be had.
   */
  async open({ socksPort, httpPort }: Ports): Promise<void> {
    // The page that a SOCKS port shows to who speaks HTTP names the other one.
    await this.#openOne('http', httpPort)
    await this.#openOne('socks', socksPort)
  }

  async close(): Promise<void> {
    const doors = [...this.#doors.values()]
    this.#doors.clear()
    this.#asked.clear()
    this.#view = NO_DOORS
    await Promise.all(doors.map(({ listener }) => listener.close()))
  }

  async #openOne(protocol: ProxyProtocol, port: number): Promise<void> {
    if (this.#asked.get(protocol) === port) return
    const open = this.#doors.get(protocol)
    const door = await this.#listen(protocol, port)
    this.#doors.set(protocol, door)
    this.#asked.set(protocol, port)
    this.#view = this.#makeView()
    await open?.listener.close()
  }

  async #listen(protocol: ProxyProtocol, port: number): Promise<Door> {
    try {
      return { listener: await this.#bind(protocol, port), trouble: undefined }
    } catch (error) {
      const detail = systemCodeOf(error) ?? scrubText(toTorError(error).message)
      this.#deps.log.in('net').warn(`Port ${port} cannot be had (${detail}): a free one is taken`)
      return { listener: await this.#bind(protocol, 0), trouble: { port, detail } }
    }
  }

  #bind(protocol: ProxyProtocol, port: number): Promise<ProxyListener> {
    const { opener, clock, log } = this.#deps
    const options: ListenerOptions = {
      protocol,
      address: { kind: 'tcp', endpoint: { host: HOST, port } },
      isolation: { ...DEFAULT_ISOLATION, sessionGroup: `app ${protocol}` },
      traffic: DEFAULT_TRAFFIC,
      extendedErrors: false,
      prefersNoAuth: false,
    }
    const deps: ListenerDeps = {
      opener,
      clock,
      log: log.in('app'),
      rules: DEFAULT_APPLICATION_RULES,
      httpEndpoint: () => {
        const http = this.#doors.get('http')?.listener.endpoint
        return http === undefined ? undefined : `${http.host}:${http.port}`
      },
    }
    return ProxyListener.listen(options, deps)
  }
}
