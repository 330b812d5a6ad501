/** Serves the applications' requests: streams and look-ups, each checked, shown in the status and bounded in time. */
import type { BeginMessage } from '../cell/relay-message.ts'
import type { AssignedCircuit } from '../circuit-manager/circuit-manager.ts'
import { networkDisabled } from '../circuit-manager/circuit-builder.ts'
import {
  type IsolationKey,
  isolationKey,
  type StreamIsolation,
  UNISOLATED,
} from '../circuit-manager/isolation.ts'
import type { ExitUsage } from '../circuit-manager/pool-entry.ts'
import { DataStream } from '../stream/data-stream.ts'
import { resolveName, resolvePointer } from '../stream/resolve-stream.ts'
import { abortable, throwIfAborted, withLimit } from '../util/abort.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { NoExit } from '../path/refusal-words.ts'
import { isTorError, TorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import { TurnShare } from '../util/turn-share.ts'
import { waitUntil } from '../util/watched-value.ts'
import {
  ANY_FAMILY,
  beginMessage,
  checkFamilies,
  checkNoExitName,
  checkTarget,
  exitUsage,
} from './begin-request.ts'
import { hasFirstHops } from './bridges.ts'
import type { ClientParts } from './client-parts.ts'
import type {
  FamilyPreference,
  ResolvedAddress,
  ResolvedName,
  StreamOpener,
  StreamOptions,
} from './client-port.ts'
import { ExitNotes } from './exit-notes.ts'
import { InitialData, MAX_INITIAL_DATA_BYTES } from './initial-data.ts'
import { NameRewriter } from './name-rewriter.ts'
import { PlaintextPorts } from './plaintext-ports.ts'
import { siteOf } from './site.ts'
import type { StreamStatus } from './status.ts'
import { parseStreamHost, type StreamHost, type StreamTarget } from './stream-target.ts'
import { tryOnCircuits } from './stream-tries.ts'

/**
 * What requests may take of a turn of the event loop, milliseconds; other work gets half of it. Where many come at once, the
 * rest of each turn goes to those who were served and leave, and the longer the others wait for theirs, the more do.
 */
const REQUESTS_SHARE_MS = 8

/** Changes the request's row in the status, or ends it. */
type ShowStream = (next?: Pick<StreamStatus, 'state' | 'circuitId'>) => void

/** What serving needs of the client's parts. */
export type StreamServiceParts = Pick<
  ClientParts,
  'config' | 'clock' | 'random' | 'log' | 'traffic' | 'lifetime' | 'policy'
> & {
  readonly circuits: Pick<ClientParts['circuits'], 'assign'>
  readonly view: ClientParts['view']
  readonly board: Pick<ClientParts['board'], 'addStream'>
  readonly countries: Pick<ClientParts['countries'], 'load'>
}

export class StreamService implements StreamOpener {
  readonly #parts: StreamServiceParts
  readonly #notes: ExitNotes
  readonly #names: NameRewriter
  /** A request costs some 50 microseconds until its BEGIN is written: a thousand at once must not stop everything else. */
  readonly #turns: TurnShare
  readonly #plaintextPorts: PlaintextPorts
  readonly #log: Logger
  /** Counts the new identities. */
  #identity = 0

  /** Throws `bad-config` for an address map or virtual networks that are no good. */
  constructor(parts: StreamServiceParts) {
    this.#parts = parts
    this.#notes = new ExitNotes(parts.clock)
    this.#log = parts.log.in('app')
    this.#turns = new TurnShare(parts.clock, REQUESTS_SHARE_MS)
    this.#plaintextPorts = new PlaintextPorts(this.#log)
    this.#names = new NameRewriter(parts.config.value, parts.random)
  }

  async openStream(asked: StreamTarget, options: StreamOptions = {}): Promise<ByteStream> {
    const initialData = initialDataOf(options)
    const { families = ANY_FAMILY } = options
    // Before all waiting: the identity is that of the moment in which it was asked.
    const isolation = this.#isolationOf(options)
    try {
      const turn = this.#turns.take()
      if (turn !== undefined) await turn
      const target = { ...this.#rewrite(asked, options), port: asked.port }
      this.#plaintextPorts.check(target, this.#parts.config.value)
      const shownTarget = `${target.host}:${target.port}`
      return await this.#request(shownTarget, target, options, (signal, show) => {
        const usage = this.#demand(exitUsage(target, isolation.key, families), target, isolation)
        return this.#tryOnCircuits(usage, target, families, signal, (assigned, inner) =>
          this.#open(target, beginMessage(target, assigned, families), initialData, assigned, inner, show),
        )
      })
    } finally {
      initialData.drop()
    }
  }

  async resolve(host: string, options: StreamOptions = {}): Promise<readonly ResolvedAddress[]> {
    const { families = ANY_FAMILY } = options
    const isolation = this.#isolationOf(options)
    const turn = this.#turns.take()
    if (turn !== undefined) await turn
    // Not all answers are waited for.
    throwIfAborted(options.signal)
    const target = this.#rewrite(parseStreamHost(host), options)
    checkFamilies(target, families)
    if (target.kind === 'ipv4' || target.kind === 'ipv6') {
      return [{ address: target.host, family: target.kind, ttlSeconds: 0 }]
    }
    checkNoExitName(target)
    const made = this.#names.virtualAddressesOf(target, families, scopeOf(options))
    if (made !== undefined) return made
    const answers = await this.#request(target.host, target, options, (signal, show) => {
      const usage = this.#demand(lookupUsage(isolation), target, isolation)
      return this.#tryOnCircuits(usage, target, families, signal, async ({ circuit, shownId }, inner) => {
        show({ state: 'connecting', circuitId: shownId })
        const found = await resolveName(circuit, target.host, this.#mayAnswerInternal, inner)
        show()
        return found
      })
    })
    return selectFamilies(answers, families)
  }

  async resolveAddress(address: string, options: StreamOptions = {}): Promise<readonly ResolvedName[]> {
    const { families = ANY_FAMILY } = options
    const isolation = this.#isolationOf(options)
    const turn = this.#turns.take()
    if (turn !== undefined) await turn
    // Not all answers are waited for.
    throwIfAborted(options.signal)
    const asked = parseStreamHost(address)
    if (asked.kind !== 'ipv4' && asked.kind !== 'ipv6') {
      throw new TorError('bad-target', 'only the names of an IP address can be looked up')
    }
    const target = this.#rewrite(asked, options)
    // The address is mapped to a name, or was made up for one.
    if (target.kind !== 'ipv4' && target.kind !== 'ipv6') return [{ name: target.host, ttlSeconds: 0 }]
    return this.#request(target.host, target, options, (signal, show) => {
      const usage = this.#demand(lookupUsage(isolation), target, isolation)
      return this.#tryOnCircuits(usage, target, families, signal, async ({ circuit, shownId }, inner) => {
        show({ state: 'connecting', circuitId: shownId })
        const names = await resolvePointer(circuit, target.host, inner)
        show()
        return names
      })
    })
  }

  nameBehind(host: string, mapScope: IsolationKey): string | undefined {
    this.#names.useOptions(this.#parts.config.value)
    return this.#names.nameBehind(host, mapScope)
  }

  destinationOf(host: StreamHost, mapScope: IsolationKey): StreamHost {
    this.#names.useOptions(this.#parts.config.value)
    return this.#names.rewrite(host, mapScope)
  }

  /**
   * What exits refused to the old identity, and the addresses made up for it, mean nothing to a new one. Requests that
   * wait still belong to the old one, and share no circuit with those to come.
   */
  forgetIdentity(): void {
    this.#identity++
    this.#notes.clear()
    this.#names.clear()
  }

  get #mayAnswerInternal(): boolean {
    return !this.#parts.config.value.rejectInternalDnsAnswers
  }

  #rewrite(host: StreamHost, options: StreamOptions): StreamHost {
    this.#names.useOptions(this.#parts.config.value)
    this.#checkSite(host)
    const rewritten = this.#names.rewrite(host, scopeOf(options))
    // A blocked site is blocked under every name that leads to it.
    this.#checkSite(rewritten)
    return rewritten
  }

  #checkSite({ host }: StreamHost): void {
    try {
      this.#parts.policy.check(host)
    } catch (error) {
      this.#noteRefusal(siteOf(host), error)
      throw error
    }
  }

  /** What a person can change by another rule; a network that is gone is none of a site's business. */
  #noteRefusal(site: string, error: unknown): void {
    const isRefusal = isTorError(error, 'blocked') || error instanceof NoExit
    if (isRefusal) this.#parts.traffic.noteRefusal(site, error.kind, this.#parts.clock.wallMs())
  }

  /** As it was asked for, within the identity of now. */
  #isolationOf({ isolation = UNISOLATED }: StreamOptions): StreamIsolation {
    if (this.#identity === 0) return isolation
    return { ...isolation, key: isolationKey([`identity ${this.#identity}`, isolation.key]) }
  }

  #demand(usage: ExitUsage, { host }: StreamHost, isolation: StreamIsolation): ExitUsage {
    return this.#parts.policy.demand(usage, host, isolation)
  }

  async #open(
    { host }: StreamHost,
    begin: BeginMessage,
    initialData: InitialData,
    assigned: AssignedCircuit,
    signal: StopSignal,
    show: ShowStream,
  ): Promise<ByteStream> {
    const { random, traffic } = this.#parts
    const { circuit, shownId } = assigned
    const meter = traffic.meterFor(circuit, siteOf(host))
    show({ state: 'connecting', circuitId: shownId })
    const deps = { random, meter, allowInternalAddresses: this.#mayAnswerInternal }
    const onBegun = (begun: DataStream): void => initialData.leaveOn(begun)
    const stream = await DataStream.open(circuit, begin, deps, { signal, onBegun })
    show({ state: 'open', circuitId: shownId })
    stream.whenClosed(() => show())
    return stream
  }

  /** One request: checked, shown, bounded in time, waiting for a directory if need be. */
  async #request<T>(
    shownTarget: string,
    target: StreamHost,
    options: StreamOptions,
    work: (signal: StopSignal, show: ShowStream) => Promise<T>,
  ): Promise<T> {
    const { config, clock, view, board, lifetime, traffic } = this.#parts
    checkTarget(target, config.value)
    checkFamilies(target, options.families ?? ANY_FAMILY)
    if (lifetime.signal.aborted) throw new TorError('closed', 'the client is closed')
    if (config.value.isNetworkDisabled) throw networkDisabled()
    const site = siteOf(target.host)
    traffic.noteUse(site, clock.wallMs())
    const show = board.addStream(shownTarget, site)
    try {
      const limitMs = config.value.streamTimeoutMs
      return await withLimit(clock, limitMs, 'the request', options.signal, (signal) =>
        isUsable(view.value)
          ? work(signal, show)
          : abortable(waitUntil(view, isUsable, signal), lifetime.signal).then(() => work(signal, show)),
      )
    } catch (error) {
      show()
      this.#noteRefusal(site, error)
      throw error
    }
  }

  #tryOnCircuits<T>(
    usage: ExitUsage,
    { host, port }: StreamHost & { readonly port?: number },
    { allowsIpv4, allowsIpv6 }: FamilyPreference,
    signal: StopSignal,
    attempt: (assigned: AssignedCircuit, signal: StopSignal) => Promise<T>,
  ): Promise<T> {
    const { circuits, clock, config, policy, countries } = this.#parts
    const { circuitStreamTimeoutMs } = config.value
    const parts = { circuits, clock, log: this.#log, notes: this.#notes, circuitStreamTimeoutMs }
    const limits = { allowsIpv4, allowsIpv6, allowsInternalAddresses: this.#mayAnswerInternal }
    const target = port === undefined ? host : `${host}:${port}`
    const serve = (): Promise<T> =>
      policy.serve(usage, host, (demanded, onServed) =>
        tryOnCircuits(parts, { usage: demanded, target, limits, onServed }, signal, attempt),
      )
    return usage.exitCountry === undefined ? serve() : abortable(countries.load(), signal).then(serve)
  }
}

function isUsable(netDir: NetDir | undefined): boolean {
  return netDir !== undefined && hasFirstHops(netDir)
}

/** Throws `limit` for more than could leave ahead of the answer. */
function initialDataOf({ initialData }: StreamOptions): InitialData {
  const data = initialData instanceof InitialData ? initialData : new InitialData(initialData)
  if (data.length <= MAX_INITIAL_DATA_BYTES) return data
  throw new TorError('limit', `more than ${MAX_INITIAL_DATA_BYTES} bytes to send ahead of the answer`)
}

function lookupUsage({ key }: StreamIsolation): ExitUsage {
  return { isolation: key, family: undefined, port: undefined }
}

function scopeOf({ mapScope, isolation = UNISOLATED }: StreamOptions): IsolationKey {
  return mapScope ?? isolation.key
}

/** RESOLVE cannot say which family is wanted: the exit answers with both. */
function selectFamilies(
  answers: readonly ResolvedAddress[],
  { allowsIpv4, allowsIpv6, prefersIpv6 }: FamilyPreference,
): readonly ResolvedAddress[] {
  const ipv4 = allowsIpv4 ? answers.filter(({ family }) => family === 'ipv4') : []
  const ipv6 = allowsIpv6 ? answers.filter(({ family }) => family === 'ipv6') : []
  if (ipv4.length + ipv6.length === 0) {
    throw new TorError('resolve-failed', 'the name has no address of a family that is allowed')
  }
  return prefersIpv6 ? [...ipv6, ...ipv4] : [...ipv4, ...ipv6]
}
