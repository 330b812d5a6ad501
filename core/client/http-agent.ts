/**
 * Agents with which Node's `http` and `https` go through the network. An agent belongs to one isolation, each request
 * has a stream of its own, and when that stream cannot be had the request fails: there is no other way out.
 */
import { Agent, type ClientRequestArgs } from 'node:http'
import { Agent as TlsAgent, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import { Duplex } from 'node:stream'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import type { StreamIsolation } from '../circuit-manager/isolation.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { StreamOpener } from './client-port.ts'
import { parseStreamTarget } from './stream-target.ts'
import { TorDuplex } from './tor-duplex.ts'

/** How an agent reaches a destination, and as whom. */
export interface AgentRoute {
  readonly opener: Pick<StreamOpener, 'openStream'>
  readonly clock: Clock
  readonly isolation?: StreamIsolation
}

/** What a program may say about TLS; that certificates are verified is not up to it. */
export type AgentTlsOptions = Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'minVersion' | 'maxVersion'>

type OnCreated = (error: Error | null, stream: Duplex) => void

/** Keep-alive would lend one request's stream to another, and that is for the caller's isolation to decide. */
const NO_POOL = { keepAlive: false }

export class TorHttpAgent extends Agent {
  readonly #route: AgentRoute

  constructor(route: AgentRoute) {
    super(NO_POOL)
    this.#route = route
  }

  override createConnection(options: ClientRequestArgs, onCreated?: OnCreated): undefined {
    void openFor(this.#route, options, 80).then(
      (stream) => onCreated?.(null, stream),
      (error: unknown) => onCreated?.(toTorError(error), new Duplex()),
    )
  }
}

export class TorHttpsAgent extends TlsAgent {
  readonly #route: AgentRoute
  readonly #tls: AgentTlsOptions

  constructor(route: AgentRoute, tls: AgentTlsOptions = {}) {
    // A session ticket is a cookie that TLS sets: none is kept.
    super({ ...NO_POOL, maxCachedSessions: 0 })
    this.#route = route
    this.#tls = tls
  }

  override createConnection(options: RequestOptions, onCreated?: OnCreated): undefined {
    void this.#connect(options).then(
      (stream) => onCreated?.(null, stream),
      (error: unknown) => onCreated?.(toTorError(error), new Duplex()),
    )
  }

  async #connect(options: RequestOptions): Promise<Duplex> {
    if (options.rejectUnauthorized === false || options.checkServerIdentity !== undefined) {
      throw new TorError(
        'bad-config',
        'certificates are always verified: behind an exit anybody could answer',
      )
    }
    const host = hostOf(options)
    const servername = options.servername ?? (isIP(host) === 0 ? host : undefined)
    const socket = await openFor(this.#route, options, 443)
    return connectTls({
      ...this.#tls,
      socket,
      host,
      ...(servername !== undefined && servername !== '' && { servername }),
      // Said here, the environment has no say (NODE_TLS_REJECT_UNAUTHORIZED).
      rejectUnauthorized: true,
      ALPNProtocols: ['http/1.1'],
    })
  }
}

/** Rejects with `bad-config` for options that would lead around the network, with the stream's error otherwise. */
async function openFor(
  { opener, clock, isolation }: AgentRoute,
  options: ClientRequestArgs,
  defaultPort: number,
): Promise<IdleTimedDuplex> {
  for (const name of ['socketPath', 'localAddress', 'lookup'] as const) {
    const value = options[name]
    if (value !== undefined && value !== null) {
      throw new TorError('bad-config', `${name} has no meaning for a connection through the network`)
    }
  }
  const port = Number(options.port ?? options.defaultPort ?? defaultPort)
  const target = parseStreamTarget(hostOf(options), port)
  const { signal } = options
  const stream = await opener.openStream(target, {
    ...(isolation !== undefined && { isolation }),
    ...(signal !== undefined && { signal }),
  })
  return new IdleTimedDuplex(stream, clock)
}

function hostOf({ host, hostname }: ClientRequestArgs): string {
  const chosen = hostname ?? host
  if (chosen === undefined || chosen === null) throw new TorError('bad-target', 'the request names no host')
  return chosen.startsWith('[') && chosen.endsWith(']') ? chosen.slice(1, -1) : chosen
}

/** With what `http` expects of a socket besides reading and writing. */
class IdleTimedDuplex extends TorDuplex {
  readonly #clock: Clock
  #limitMs = 0
  #lastUseMs = 0
  #timer: Timer | undefined

  constructor(stream: ByteStream, clock: Clock) {
    super(stream)
    this.#clock = clock
  }

  /** Emits `timeout` once nothing was read or written for so long, and again after the next use; 0 turns it off. */
  setTimeout(limitMs: number, callback?: () => void): this {
    this.#limitMs = limitMs
    this.#timer?.cancel()
    this.#timer = undefined
    if (callback !== undefined && limitMs > 0) this.once('timeout', callback)
    this.#noteUse()
    return this
  }

  /** There is no Nagle and no TCP below a stream. */
  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  override onData(chunk: Buffer): boolean {
    this.#noteUse()
    return super.onData(chunk)
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#noteUse()
    super._write(chunk, encoding, callback)
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.setTimeout(0)
    super._destroy(error, callback)
  }

  #noteUse(): void {
    this.#lastUseMs = this.#clock.monotonicMs()
    if (this.#limitMs > 0 && this.#timer === undefined && !this.destroyed) this.#watch(this.#limitMs)
  }

  #watch(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      this.#timer = undefined
      const idleMs = this.#clock.monotonicMs() - this.#lastUseMs
      if (idleMs < this.#limitMs) return this.#watch(this.#limitMs - idleMs)
      this.emit('timeout')
    })
  }
}
