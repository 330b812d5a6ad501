/**
 * DNSPort: answers the DNS over UDP with look-ups through the network. Nothing is remembered between two questions, and
 * nothing here ever asks the system's resolver.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { BlockList, isIP } from 'node:net'
import type { StreamOpener } from '../client/client-port.ts'
import { type Endpoint, formatEndpoint } from '../linkspec/relay-target.ts'
import { createLifetime, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { codeOrName, TorError, toTorError } from '../util/errors.ts'
import { withoutZone } from '../util/ip-address.ts'
import { type Logger, sensitive } from '../util/log.ts'
import type { ApplicationRules } from './application-rules.ts'
import { lookUp, replyCodeFor, subjectOf } from './dns-lookup.ts'
import {
  type DnsAnswer,
  type DnsQuery,
  DnsReplyCode,
  type DnsReplyCodeValue,
  encodeDnsReply,
  parseDnsQuery,
} from './dns-message.ts'
import { isolateRequest, type ListenerIsolation, mapScopeOf, NO_CREDENTIALS } from './request-isolation.ts'

/** Questions that wait for an answer at once: a browser asks a few dozen, and each costs a stream in the network. */
const MAX_OUTSTANDING = 512
/** One machine on a shared listener must not take all of them. */
const MAX_OUTSTANDING_PER_CLIENT = 128

export interface DnsListenerOptions {
  /** The host is an IP literal without brackets: loopback unless somebody asked otherwise. Port 0 takes a free one. */
  readonly endpoint: Endpoint
  readonly isolation: ListenerIsolation
}

export interface DnsListenerDeps {
  readonly opener: Pick<StreamOpener, 'resolve' | 'resolveAddress'>
  readonly clock: Clock
  readonly log: Logger
  readonly rules: Pick<ApplicationRules, 'socksPolicy' | 'requestLimitMs'>
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

export class DnsListener {
  readonly #options: DnsListenerOptions
  readonly #deps: DnsListenerDeps
  readonly #socket: Socket
  readonly #lifetime = createLifetime()
  /** By asker and question: a question that is asked again while it waits is answered once. */
  readonly #outstanding = new Set<string>()
  readonly #perClient = new Map<string, number>()
  #endpoint: Endpoint
  #isClosed = false

  private constructor(options: DnsListenerOptions, deps: DnsListenerDeps) {
    this.#options = options
    this.#deps = deps
    this.#endpoint = options.endpoint
    const isIpv6 = isIP(options.endpoint.host) === 6
    // ipv6Only: "::" is not to open IPv4 as well.
    this.#socket = createSocket(isIpv6 ? { type: 'udp6', ipv6Only: true } : { type: 'udp4' })
  }

  /** Binds. Throws `bad-config` when the address is not an IP literal or cannot be had. */
  static async listen(options: DnsListenerOptions, deps: DnsListenerDeps): Promise<DnsListener> {
    if (isIP(options.endpoint.host) === 0) throw new TorError('bad-config', 'a listener needs an IP address')
    const listener = new DnsListener(options, deps)
    await listener.#bind()
    return listener
  }

  /** Where it listens, with the real port. */
  get endpoint(): Endpoint {
    return this.#endpoint
  }

  /** Questions that wait for their answer. */
  get outstandingCount(): number {
    return this.#outstanding.size
  }

  /** Stops listening; what waits is given up without an answer. Idempotent; resolves when the port is free. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#lifetime.abort(new TorError('closed', 'the DNS port is closed'))
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()))
  }

  /** As `close`: an answer can only come from the socket that was asked. */
  retire(): Promise<void> {
    return this.close()
  }

  #bind(): Promise<void> {
    const { host, port } = this.#endpoint
    return new Promise((resolve, reject) => {
      const onError = (error: Error): void => {
        this.#isClosed = true
        this.#socket.close()
        reject(toTorError(error, 'bad-config', `cannot listen on ${formatEndpoint(this.#endpoint)}`))
      }
      this.#socket.once('error', onError)
      // exclusive: a cluster's worker must not share the port.
      this.#socket.bind({ address: host, port, exclusive: true }, () => {
        this.#socket.off('error', onError)
        this.#socket.on('error', (error) => this.#deps.log.warn('DNS port: ', codeOrName(error)))
        this.#socket.on('message', (packet, from) => this.#onPacket(packet, from))
        this.#endpoint = { host, port: this.#socket.address().port }
        resolve()
      })
    })
  }

  /** The parser never throws, and neither does what follows it: any packet must leave us standing. */
  #onPacket(packet: Buffer, from: RemoteInfo): void {
    const client = withoutZone(from.address)
    if (!this.#mayAsk(client, from.port)) return
    const query = parseDnsQuery(packet)
    if (query === undefined) return
    if (query.fault !== undefined) return this.#reply(query, from, query.fault)
    const key = `${from.address} ${from.port} ${query.id} ${query.question.toString('latin1')}`
    if (this.#outstanding.has(key)) return
    const ofClient = this.#perClient.get(client) ?? 0
    if (this.#outstanding.size >= MAX_OUTSTANDING || ofClient >= MAX_OUTSTANDING_PER_CLIENT) {
      this.#deps.log.info('Too many DNS questions wait for an answer')
      return this.#reply(query, from, DnsReplyCode.SERVFAIL)
    }
    this.#outstanding.add(key)
    this.#perClient.set(client, ofClient + 1)
    void this.#serve(query, client, from).finally(() => this.#leave(key, client))
  }

  #leave(key: string, client: string): void {
    this.#outstanding.delete(key)
    const left = (this.#perClient.get(client) ?? 1) - 1
    if (left > 0) this.#perClient.set(client, left)
    else this.#perClient.delete(client)
  }

  /** A packet from elsewhere than where we listen for has a forged source; one from port 0 has no way back. */
  #mayAsk(client: string, port: number): boolean {
    const family = isIP(client)
    if (family === 0 || port === 0) return false
    if (isLoopback(this.#options.endpoint.host) && !isLoopback(client)) return false
    return this.#deps.rules.socksPolicy?.accepts(client, port) ?? true
  }

  async #serve(query: DnsQuery, client: string, from: RemoteInfo): Promise<void> {
    const subject = subjectOf(query)
    if (subject === undefined) return this.#reply(query, from, DnsReplyCode.NXDOMAIN)
    const { clock, log, opener, rules } = this.#deps
    const { isolation } = this.#options
    const requester = { clientAddress: client, credentials: NO_CREDENTIALS }
    const options = {
      isolation: isolateRequest(isolation, { ...requester, protocol: 'dns', host: subject.host, port: 0 }),
      mapScope: mapScopeOf(isolation, requester),
    }
    try {
      const { signal } = this.#lifetime
      const answers = await withTimeout(clock, rules.requestLimitMs, 'a DNS question', signal, (inner) =>
        lookUp(opener, query, subject, { ...options, signal: inner }),
      )
      this.#reply(query, from, DnsReplyCode.NOERROR, answers)
    } catch (thrown) {
      const error = toTorError(thrown, 'internal', 'answering a DNS question')
      log.info('A DNS question for ', sensitive(subject.host), ' failed (', error.kind, '): ', error.message)
      this.#reply(query, from, replyCodeFor(error))
    }
  }

  #reply(
    query: DnsQuery,
    to: RemoteInfo,
    replyCode: DnsReplyCodeValue,
    answers: readonly DnsAnswer[] = [],
  ): void {
    if (this.#isClosed) return
    const reply = encodeDnsReply(query, replyCode, answers)
    this.#socket.send(reply, to.port, to.address, (error) => {
      if (error !== null) this.#deps.log.info('Cannot answer a DNS question: ', codeOrName(error))
    })
  }
}

function isLoopback(address: string): boolean {
  return loopback.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
