/**
 * A listening front door: accepts applications on one address, holds them to the limits, and closes all of them when it closes,
 * or serves them to their end when it retires.
 */
import { createServer, isIP, type ListenOptions, type Server, type Socket } from 'node:net'
import type { StreamOpener } from '../client/client-port.ts'
import { type Endpoint, formatEndpoint } from '../linkspec/relay-target.ts'
import type { Clock } from '../util/clock.ts'
import { createDeferred } from '../util/deferred.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type Logger, sensitive } from '../util/log.ts'
import { OnceNotices } from '../util/once-notices.ts'
import { type AcceptedHandle, takeHandles } from './accepted-handle.ts'
import type { ApplicationRules } from './application-rules.ts'
import { AppConnection } from './app-connection.ts'
import { AppSocket, type ReadMode, WRITE_BUFFER_BYTES } from './app-socket.ts'
import { FrontDoor } from './front-door.ts'
import { HttpConnection } from './http-connection.ts'
import type { ListenAddress, ListenerOptions } from './listener-options.ts'
import { SocksParser } from './socks-detect.ts'
import { bindForOwner, prepareUnixSocket, setUnixSocketMode } from './unix-socket.ts'

/** Applications open at once on one listener; each costs about 15 KiB here and a stream in the network. */
const MAX_CONNECTIONS = 4_096
/** Connections the kernel may queue while a turn is busy; a browser that restores its tabs opens hundreds. */
const ACCEPT_BACKLOG = 1_024

/** What a listener works with. */
export interface ListenerDeps {
  readonly opener: StreamOpener
  readonly clock: Clock
  readonly log: Logger
  readonly rules: ApplicationRules
  /** What was said to the user already; listeners that share it say things once together. */
  readonly notices?: OnceNotices
  /** Where applications can speak HTTP, for the page that a SOCKS port shows to those who do. */
  readonly httpEndpoint?: () => string | undefined
  /** Smaller limits, for tests. */
  readonly maxConnections?: number
  readonly maxWaitingRequests?: number
  readonly readMode?: ReadMode
}

interface Connection {
  retire(): void
  destroy(): void
}

export class ProxyListener {
  readonly #options: ListenerOptions
  readonly #deps: ListenerDeps
  readonly #server: Server
  readonly #door: FrontDoor
  readonly #connections = new Set<Connection>()
  readonly #drained = createDeferred<void>()
  #endpoint: Endpoint
  /** Set when it listens no more; settles when the server is gone. */
  #stopped: Promise<void> | undefined

  private constructor(options: ListenerOptions, deps: ListenerDeps, endpoint: Endpoint) {
    this.#options = options
    this.#deps = deps
    this.#endpoint = endpoint
    const { notices = new OnceNotices(deps.log) } = deps
    this.#door = new FrontDoor(options, { ...deps, notices })
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, highWaterMark: WRITE_BUFFER_BYTES },
      (socket) => this.#accept(socket),
    )
  }

  /** Binds and listens. Throws `bad-config` when the address is not an IP literal or cannot be had. */
  static async listen(options: ListenerOptions, deps: ListenerDeps): Promise<ProxyListener> {
    const { address } = options
    if (address.kind === 'unix') await prepareUnixSocket(address)
    else if (isIP(address.endpoint.host) === 0) {
      throw new TorError('bad-config', 'a listener needs an IP address')
    }
    const endpoint = address.kind === 'unix' ? { host: address.path, port: 0 } : address.endpoint
    const listener = new ProxyListener(options, deps, endpoint)
    await listener.#bind()
    return listener
  }

  /** Where it listens, with the real port; of a unix socket its path, and port 0. */
  get endpoint(): Endpoint {
    return this.#endpoint
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Stops listening and ends every connection. Idempotent; resolves when the port is free. */
  async close(): Promise<void> {
    const stopped = this.#stop()
    for (const connection of this.#connections) connection.destroy()
    await stopped
  }

  /**
   * Stops listening, and takes no request any more from who is connected; requests that were made go on, and so do the
   * streams that they opened: what they were allowed when they were judged stays allowed. The address is free for another
   * listener when this returns. Resolves when the last connection has ended; `close` ends them all.
   */
  async retire(): Promise<void> {
    const stopped = this.#stop()
    for (const connection of this.#connections) connection.retire()
    await stopped
    if (this.#connections.size > 0) await this.#drained.promise
  }

  #stop(): Promise<void> {
    this.#stopped ??= new Promise<void>((resolve) => this.#server.close(() => resolve()))
    return this.#stopped
  }

  #bind(): Promise<void> {
    const { address } = this.#options
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => {
        const where = address.kind === 'unix' ? address.path : formatEndpoint(address.endpoint)
        reject(toTorError(error, 'bad-config', `cannot listen on ${where}`))
      }
      this.#server.once('error', onError)
      const onListening = (): void => {
        this.#server.off('error', onError)
        if (this.#deps.readMode !== 'data-events') takeHandles(this.#server, (handle) => this.#accept(handle))
        this.#server.on('error', (error) => this.#deps.log.warn('Cannot accept: ', error.message))
        const bound = this.#server.address()
        if (bound !== null && typeof bound === 'object') {
          this.#endpoint = { host: this.#endpoint.host, port: bound.port }
        }
        resolve()
      }
      const bind = (): unknown => this.#server.listen(bindOptions(address), onListening)
      if (address.kind === 'unix') bindForOwner(bind)
      else bind()
      if (address.kind !== 'unix' || !this.#server.listening) return
      try {
        setUnixSocketMode(address)
      } catch (error) {
        this.#server.close()
        reject(toTorError(error))
      }
    })
  }

  #accept(accepted: AcceptedHandle | Socket): void {
    const { log, maxConnections } = this.#deps
    const socket = new AppSocket(accepted)
    if (this.#stopped !== undefined || this.#connections.size >= (maxConnections ?? MAX_CONNECTIONS)) {
      if (this.#stopped === undefined) log.warn('Too many connections from applications: refused one')
      socket.destroy()
      return
    }
    if (!this.#door.welcomes(socket.clientAddress)) {
      log.info('SocksPolicy refused an application from ', sensitive(socket.clientAddress))
      socket.destroy()
      return
    }
    const connection = this.#connect(socket, () => this.#leave(connection))
    this.#connections.add(connection)
  }

  #leave(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#stopped !== undefined && this.#connections.size === 0) this.#drained.resolve()
  }

  #connect(socket: AppSocket, onFinished: () => void): Connection {
    if (this.#options.protocol === 'http') return new HttpConnection(this.#door, socket, onFinished)
    const { extendedErrors, prefersNoAuth } = this.#options
    const httpEndpoint = this.#deps.httpEndpoint?.()
    const parser = new SocksParser({ extendedErrors, prefersNoAuth, httpEndpoint })
    return new AppConnection(this.#door, socket, parser, onFinished)
  }
}

function bindOptions(address: ListenAddress): ListenOptions {
  const common = { backlog: ACCEPT_BACKLOG, exclusive: true }
  if (address.kind === 'unix') return { ...common, path: address.path }
  // exclusive: a cluster's worker must not share the port. ipv6Only: "::" is not to open IPv4 as well.
  return { ...common, ...address.endpoint, ipv6Only: true }
}
