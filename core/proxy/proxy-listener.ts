/**
 * A listening front door: accepts applications on one address, holds them to the limits, and closes all of them when it closes.
 */
import { type Server, type Socket, createServer, isIP } from 'node:net'
import type { StreamOpener } from '../client/client-port.ts'
import { type Endpoint, formatEndpoint } from '../linkspec/relay-target.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { ApplicationRules } from './application-rules.ts'
import { AppConnection, type FrontDoor } from './app-connection.ts'
import type { HandshakeParser } from './app-request.ts'
import { AppSocket, MAX_READ_BYTES, type ReadMode, WRITE_BUFFER_BYTES } from './app-socket.ts'
import { HttpConnectParser, MAX_HTTP_HEAD_BYTES } from './http-connect.ts'
import type { ListenerOptions } from './listener-options.ts'
import { SocksParser } from './socks-detect.ts'

/** Applications open at once on one listener; each costs about 15 KiB here and a stream in the network. */
const MAX_CONNECTIONS = 4_096
/** Requests that wait for an answer at once: they are what a stalled network piles up. */
const MAX_WAITING_REQUESTS = 2_048
/** Connections the kernel may queue while a turn is busy; a browser that restores its tabs opens hundreds. */
const ACCEPT_BACKLOG = 1_024
/** The longest SOCKS5 handshake: greeting 257, user and password 513, request 262. */
const MAX_SOCKS_HANDSHAKE_BYTES = 1_032

/** What a listener works with. */
export interface ListenerDeps {
  readonly opener: StreamOpener
  readonly clock: Clock
  readonly log: Logger
  readonly rules: ApplicationRules
  /** How long one request may take in all, milliseconds (SocksTimeout). */
  readonly requestLimitMs: number
  /** Smaller limits, for tests. */
  readonly maxConnections?: number
  readonly maxWaitingRequests?: number
  readonly readMode?: ReadMode
}

export class ProxyListener {
  readonly #options: ListenerOptions
  readonly #deps: ListenerDeps
  readonly #server: Server
  readonly #door: FrontDoor
  readonly #connections = new Set<AppConnection>()
  #endpoint: Endpoint
  #waiting = 0
  #isClosed = false

  private constructor(options: ListenerOptions, deps: ListenerDeps, endpoint: Endpoint) {
    this.#options = options
    this.#deps = deps
    this.#endpoint = endpoint
    this.#door = this.#makeDoor()
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true, highWaterMark: WRITE_BUFFER_BYTES },
      (socket) => this.#accept(socket),
    )
  }

  /** Binds and listens. Throws `bad-config` when the address is not an IP literal or cannot be had. */
  static async listen(options: ListenerOptions, deps: ListenerDeps): Promise<ProxyListener> {
    const { address } = options
    if (address.kind === 'unix') throw new TorError('bad-config', 'unix sockets are not supported')
    if (isIP(address.endpoint.host) === 0) throw new TorError('bad-config', 'a listener needs an IP address')
    const listener = new ProxyListener(options, deps, address.endpoint)
    await listener.#bind()
    return listener
  }

  /** Where it listens, with the real port. */
  get endpoint(): Endpoint {
    return this.#endpoint
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  /** Stops listening and ends every connection. Idempotent; resolves when the port is free. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const connection of this.#connections) connection.destroy()
    await closed
  }

  #makeDoor(): FrontDoor {
    const { opener, clock, log, requestLimitMs, maxWaitingRequests } = this.#deps
    const { isolation } = this.#options
    return {
      ...{ opener, clock, log, isolation, requestLimitMs },
      enterWaiting: () => {
        if (this.#waiting >= (maxWaitingRequests ?? MAX_WAITING_REQUESTS)) return false
        this.#waiting++
        return true
      },
      leaveWaiting: () => {
        this.#waiting--
      },
    }
  }

  #bind(): Promise<void> {
    const { host, port } = this.#endpoint
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => {
        const where = formatEndpoint(this.#endpoint)
        reject(toTorError(error, 'bad-config', `cannot listen on ${where}`))
      }
      this.#server.once('error', onError)
      // exclusive: a cluster's worker must not share the port. ipv6Only: "::" is not to open IPv4 as well.
      this.#server.listen({ host, port, backlog: ACCEPT_BACKLOG, exclusive: true, ipv6Only: true }, () => {
        this.#server.off('error', onError)
        this.#server.on('error', (error) => this.#deps.log.warn('Cannot accept: ', error.message))
        const address = this.#server.address()
        if (address !== null && typeof address === 'object') this.#endpoint = { host, port: address.port }
        resolve()
      })
    })
  }

  #accept(accepted: Socket): void {
    const { log, maxConnections, readMode } = this.#deps
    if (this.#isClosed || this.#connections.size >= (maxConnections ?? MAX_CONNECTIONS)) {
      if (!this.#isClosed) log.warn('Too many connections from applications: refused one')
      accepted.destroy()
      return
    }
    const socket = new AppSocket(accepted, readMode)
    const connection = new AppConnection(this.#door, socket, this.#makeParser(), () => {
      this.#connections.delete(connection)
    })
    this.#connections.add(connection)
  }

  /** What comes behind the request in the same read must fit as well. */
  #makeParser(): HandshakeParser {
    switch (this.#options.protocol) {
      case 'socks':
        return new SocksParser(MAX_SOCKS_HANDSHAKE_BYTES + MAX_READ_BYTES)
      case 'http':
        return new HttpConnectParser(MAX_HTTP_HEAD_BYTES + MAX_READ_BYTES)
    }
  }
}
