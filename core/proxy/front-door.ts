/**
 * What all connections of one listener share: which requests it takes, what keeps them apart, and the way to the client.
 * Every request of every protocol goes through here, so that no front door can forget a rule.
 */
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import type {
  FamilyPreference,
  ResolvedAddress,
  ResolvedName,
  StreamOpener,
  StreamOptions,
} from '../client/client-port.ts'
import { parseStreamHost, parseStreamTarget, type StreamHost } from '../client/stream-target.ts'
import { abortError, outOfTime } from '../util/abort.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { type Logger, sensitive } from '../util/log.ts'
import type { OnceNotices } from '../util/once-notices.ts'
import type { StopSignal, StopSource } from '../util/stop-signal.ts'
import type { AppRequest } from './app-request.ts'
import type { ApplicationRules } from './application-rules.ts'
import type { ListenerOptions } from './listener-options.ts'
import { type ClientProtocol, type Credentials, isolateRequest, mapScopeOf } from './request-isolation.ts'

/** Requests that wait for an answer at once: they are what a stalled network piles up. */
const MAX_WAITING_REQUESTS = 2_048

export interface FrontDoorDeps {
  readonly opener: StreamOpener
  readonly clock: Clock
  readonly log: Logger
  readonly notices: OnceNotices
  readonly rules: ApplicationRules
  /** A smaller limit, for tests. */
  readonly maxWaitingRequests?: number | undefined
}

/** Who asks, and how. */
export interface Requester {
  readonly clientAddress: string
  readonly protocol: ClientProtocol
  readonly credentials: Credentials
}

export interface RequestOptions {
  /** Fires when the application goes away; the front door itself fires it when the time is up. */
  readonly abort: StopSource
  readonly initialData?: StreamOptions['initialData'] | undefined
  /** Narrows what the listener allows. */
  readonly families?: FamilyPreference | undefined
}

export class FrontDoor {
  readonly clock: Clock
  readonly log: Logger
  readonly notices: OnceNotices
  readonly #options: ListenerOptions
  readonly #deps: FrontDoorDeps
  #waiting = 0

  constructor(options: ListenerOptions, deps: FrontDoorDeps) {
    this.clock = deps.clock
    this.log = deps.log
    this.notices = deps.notices
    this.#options = options
    this.#deps = deps
  }

  /** Whether applications may come from this address (SocksPolicy); from a unix socket it is empty, and they may. */
  welcomes(clientAddress: string): boolean {
    return clientAddress === '' || this.#deps.rules.socksPolicy?.accepts(clientAddress, 1) !== false
  }

  /**
   * Throws `not-allowed` for a SOCKS request that SafeSocks refuses; says what TestSocks and prudence ask to be said. An
   * address that we made up for a name, or for which the user has a MapAddress, is as good as a name (as in C tor):
   * nobody else was asked for it.
   */
  judgeSocks(requester: Requester, request: AppRequest): void {
    const { protocol, host } = request
    const namesAddress = request.namesAddress && !this.#isMapped(host, requester)
    const { refusesUnsafeSocks, reportsSocksSafety } = this.#deps.rules
    if (reportsSocksSafety) {
      const verdict = namesAddress ? 'unsafe: it names an IP address' : 'safe: it leaves the name to Tor'
      this.log.notice(`TestSocks: a ${protocol} request for `, sensitive(host), ` is ${verdict}`)
    }
    if (!namesAddress) return
    this.notices.warn(
      `unsafe ${protocol}`,
      `An application gives ${protocol} requests an IP address instead of a name. If it looked the name up itself, it ` +
        'told somebody where you connect to: let it use SOCKS4a, or SOCKS5 with names resolved by the proxy.',
    )
    if (refusesUnsafeSocks) throw notAllowed('SafeSocks refuses requests that name an IP address')
  }

  /**
   * A request failed. Where no path is to be had, it is mostly what the user chose that leaves none: that is said once
   * for each reason, in words of the path layer, which name options and countries but no destination.
   */
  reportFailure(host: string, error: TorError): void {
    this.log.info('A request for ', sensitive(host), ' failed (', error.kind, '): ', error.message)
    if (error.kind !== 'no-path') return
    // Counts and waits that differ make no other reason, and there is room for a bounded number of reasons.
    this.notices.warn(error.message.replace(/[0-9]+/g, '0'), 'A request was refused: ', error.message)
  }

  /** Rejects with a `TorError`: `bad-target`, `not-allowed`, `limit`, `timeout`, or what the client says. */
  async connect(
    requester: Requester,
    host: string,
    port: number,
    { abort, initialData, families: wanted }: RequestOptions,
  ): Promise<ByteStream> {
    const release = this.#begin(abort)
    try {
      const mapScope = this.#mapScope(requester)
      const target = { ...this.#meant(parseStreamTarget(host, port), mapScope), port }
      const families = this.#checkTraffic(this.#deps.opener.destinationOf(target, mapScope), wanted)
      const isolation = isolateRequest(this.#options.isolation, { ...requester, host: target.host, port })
      const common = { isolation, mapScope, signal: abort, families }
      const withData = initialData === undefined ? common : { ...common, initialData }
      const stream = await this.#deps.opener.openStream(target, withData)
      if (!abort.aborted) return stream
      stream.destroy()
      throw abortError(abort)
    } finally {
      release()
    }
  }

  resolve(requester: Requester, name: string, abort: StopSource): Promise<readonly ResolvedAddress[]> {
    return this.#waitFor(abort, async (signal) => {
      const mapScope = this.#mapScope(requester)
      const target = this.#meant(parseStreamHost(name), mapScope)
      const families = this.#checkTraffic(this.#deps.opener.destinationOf(target, mapScope), undefined)
      const isolation = isolateRequest(this.#options.isolation, { ...requester, host: target.host, port: 0 })
      return this.#deps.opener.resolve(target.host, { isolation, mapScope, signal, families })
    })
  }

  resolveAddress(requester: Requester, address: string, abort: StopSource): Promise<readonly ResolvedName[]> {
    return this.#waitFor(abort, async (signal) => {
      const { host } = parseStreamHost(address)
      if (!this.#options.traffic.allowsNames) throw notAllowed('NoDNSRequest forbids look-ups')
      const isolation = isolateRequest(this.#options.isolation, { ...requester, host, port: 0 })
      const mapScope = this.#mapScope(requester)
      return this.#deps.opener.resolveAddress(host, { isolation, mapScope, signal })
    })
  }

  /** Isolation looks at the name that an address was made up for, as it would had it been asked for itself. */
  #meant(asked: StreamHost, mapScope: IsolationKey): StreamHost {
    const name = this.#deps.opener.nameBehind(asked.host, mapScope)
    return name === undefined ? { host: asked.host, kind: asked.kind } : parseStreamHost(name)
  }

  #isMapped(host: string, requester: Requester): boolean {
    const asked = parseStreamHost(host)
    return this.#deps.opener.destinationOf(asked, this.#mapScope(requester)).host !== asked.host
  }

  #mapScope(requester: Requester): IsolationKey {
    return mapScopeOf(this.#options.isolation, requester)
  }

  async #waitFor<T>(abort: StopSource, work: (signal: StopSignal) => Promise<T>): Promise<T> {
    const release = this.#begin(abort)
    try {
      return await work(abort)
    } finally {
      release()
    }
  }

  /**
   * Counts a request, and aborts it when its time is up; returns what ends both. One source serves the application's
   * leaving and the limit in time. Throws `limit`.
   */
  #begin(abort: StopSource): () => void {
    const { maxWaitingRequests = MAX_WAITING_REQUESTS, rules } = this.#deps
    const { requestLimitMs } = rules
    if (this.#waiting >= maxWaitingRequests) {
      throw new TorError('limit', 'too many requests wait for an answer', { retry: 'later' })
    }
    this.#waiting++
    const timer = this.clock.setTimer(requestLimitMs, () =>
      abort.abort(outOfTime('the request of an application', requestLimitMs, abort.trouble)),
    )
    return () => {
      timer.cancel()
      this.#waiting--
    }
  }

  /**
   * Throws `not-allowed` for a destination that the flags of the listener forbid; returns what an exit may use for a
   * name. As in C tor they are for what goes out, not for what was asked: a mapped address must not become a look-up.
   */
  #checkTraffic({ kind }: Pick<StreamHost, 'kind'>, wanted: FamilyPreference | undefined): FamilyPreference {
    const { traffic } = this.#options
    const { families } = traffic
    const allowsIpv4 = families.allowsIpv4 && wanted?.allowsIpv4 !== false
    const allowsIpv6 = families.allowsIpv6 && wanted?.allowsIpv6 !== false
    const narrowed = { allowsIpv4, allowsIpv6, prefersIpv6: (wanted ?? families).prefersIpv6 }
    if (kind === 'onion') {
      if (!traffic.allowsOnion) throw notAllowed('NoOnionTraffic forbids onion services')
      return narrowed
    }
    if (!traffic.allowsExit) throw notAllowed('OnionTrafficOnly forbids everything but onion services')
    if (kind === 'name' && !traffic.allowsNames) throw notAllowed('NoDNSRequest forbids names')
    const isAllowed = { ipv4: allowsIpv4, ipv6: allowsIpv6, name: allowsIpv4 || allowsIpv6 }[kind]
    if (!isAllowed) throw notAllowed('the flags of the listener forbid this family of addresses')
    return narrowed
  }
}

function notAllowed(why: string): TorError {
  return new TorError('not-allowed', why)
}
