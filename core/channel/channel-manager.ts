/**
 * One channel per relay, shared by all circuits and by everybody who waits for it. The manager knows nothing of
 * circuits and blames nobody: who asked learns the error and tells the guard manager.
 */
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { type ChannelTarget, type Endpoint, formatEndpoint } from '../linkspec/relay-target.ts'
import { DEFAULT_NET_PARAMS, type NetParams } from '../netdir/net-params.ts'
import type { DialTarget } from '../transport/bridge-rule.ts'
import { TransportIdentityError } from '../transport/transport-identity-error.ts'
import { abortable, abortError, throwIfAborted } from '../util/abort.ts'
import { isWithoutRoute, TorError, toTorError } from '../util/errors.ts'
import { type LinkedAbort, linkAbort } from '../util/linked-abort.ts'
import { sensitive } from '../util/log.ts'
import { type Watchable, WatchedValue } from '../util/watched-value.ts'
import { Channel, type ChannelDeps, type ChannelPhase } from './channel.ts'
import { ExpiredLinkCertificate } from './link-certs.ts'
import { type ChannelConfig, type ChannelSettings, channelSettings } from './channel-upkeep.ts'

/** What the manager shows of one channel. */
export interface ChannelView {
  readonly target: ChannelTarget
  readonly endpoint: Endpoint
  readonly state: 'connecting' | 'open'
  readonly channel: Channel | undefined
}

interface OpenChannel {
  readonly target: ChannelTarget
  readonly channel: Channel
}

interface PendingChannel {
  readonly target: ChannelTarget
  readonly controller: AbortController
  readonly promise: Promise<Channel>
  readonly phaseWatchers: Set<(phase: ChannelPhase) => void>
  phases: ChannelPhase[]
  waiters: number
}

/** A channel being opened to a bridge of which nobody knows yet who it is. */
interface Discovery {
  readonly target: DialTarget
  readonly attempt: LinkedAbort
}

export interface ChannelManagerDeps extends Omit<ChannelDeps, 'settings'> {
  readonly config: ChannelConfig
  /** Why no channel to the target may be had now, not even an open one; undefined when it may. */
  readonly refusal?: (target: DialTarget) => TorError | undefined
  /** Told how each attempt to open a channel ended; undefined is well. */
  readonly onAttempt?: (
    relay: RsaIdentity | undefined,
    error: TorError | undefined,
    bridge?: BridgeLine,
  ) => void
  /** Told of each relay's clock that a link handshake showed, in milliseconds ahead of ours. */
  readonly onClockSkew?: (skewMs: number, relay: RsaIdentity) => void
}

export class ChannelManager {
  readonly #deps: ChannelManagerDeps
  readonly #open = new Map<RsaIdentity, OpenChannel>()
  /** Open still, for the circuits on them; nobody new gets one. */
  readonly #retired = new Set<OpenChannel>()
  readonly #pending = new Map<RsaIdentity, PendingChannel>()
  readonly #discoveries = new Set<Discovery>()
  readonly #views = new WatchedValue<readonly ChannelView[]>([])
  #config: ChannelConfig
  #params: NetParams = DEFAULT_NET_PARAMS
  #isDormant = false
  #settings: ChannelSettings
  #isClosed = false

  constructor(deps: ChannelManagerDeps) {
    this.#deps = deps
    this.#config = deps.config
    this.#settings = channelSettings(this.#config, this.#params, this.#isDormant)
  }

  get views(): Watchable<readonly ChannelView[]> {
    return this.#views
  }

  /** A reload: open channels pad or stop padding as it says. */
  useConfig(config: ChannelConfig): void {
    this.#config = config
    this.#applySettings()
  }

  /** Ends every channel, open, retired and being opened, with all that is on it; what is asked for later is opened. */
  closeAll(reason: TorError): void {
    this.closeWhere(() => true, reason)
  }

  /** The same for the channels to these relays. */
  closeWhere(isMeant: (target: DialTarget) => boolean, reason: TorError): void {
    for (const { target, controller } of this.#pending.values()) if (isMeant(target)) controller.abort(reason)
    for (const { target, attempt } of this.#discoveries) if (isMeant(target)) attempt.stop(reason)
    for (const { target, channel } of [...this.#open.values(), ...this.#retired]) {
      if (isMeant(target)) channel.close(reason)
    }
  }

  /** A new consensus: its padding parameters hold from now on, for open channels too. */
  useParams(params: NetParams): void {
    this.#params = params
    this.#applySettings()
  }

  /** While dormant channels neither pad nor keep themselves alive; nobody's use of Tor is to be hidden then. */
  setDormant(isDormant: boolean): void {
    this.#isDormant = isDormant
    this.#applySettings()
  }

  /** An open channel to the relay, if there is one. */
  find(rsa: RsaIdentity): Channel | undefined {
    const entry = this.#open.get(rsa)
    return entry?.channel.isOpen === true ? entry.channel : undefined
  }

  /**
   * The channel to this relay: the open one, the one being opened, or a new one. Aborting one waiter leaves the
   * others waiting; when the last goes, the attempt ends. Rejects as `Channel.open` does.
   */
  async get(
    target: ChannelTarget,
    signal?: AbortSignal,
    onPhase?: (phase: ChannelPhase) => void,
  ): Promise<Channel> {
    throwIfAborted(signal)
    if (this.#isClosed) throw new TorError('closed', 'the client is closed')
    this.#refuseUnlessPermitted(target)
    const open = this.find(target.ids.rsa)
    if (open !== undefined) return checkIdentity(open, target)
    this.#closeUnusedRetired()
    const pending = this.#pending.get(target.ids.rsa) ?? this.#start(target)
    pending.waiters++
    if (onPhase !== undefined) {
      for (const phase of pending.phases) onPhase(phase)
      pending.phaseWatchers.add(onPhase)
    }
    try {
      return checkIdentity(await abortable(pending.promise, signal), target)
    } finally {
      if (onPhase !== undefined) pending.phaseWatchers.delete(onPhase)
      pending.waiters--
      if (pending.waiters === 0) this.#abandon(target.ids.rsa, pending)
    }
  }

  /**
   * A channel to a bridge whose identity nobody has told: whoever proves one there is it. Rejects as `Channel.open` does.
   */
  async discover(
    bridge: BridgeLine,
    signal?: AbortSignal,
    onPhase?: (phase: ChannelPhase) => void,
  ): Promise<Channel> {
    if (this.#isClosed) throw new TorError('closed', 'the client is closed')
    const target: DialTarget = { ids: undefined, endpoints: [bridge.endpoint], bridge }
    this.#refuseUnlessPermitted(target)
    const attempt = linkAbort(signal)
    const discovery = { target, attempt }
    this.#discoveries.add(discovery)
    try {
      const channel = await this.#dial(target, bridge.endpoint, attempt.signal, onPhase)
      const ids = { rsa: channel.ids.rsa, ed25519: undefined }
      return this.#keep({ ids, endpoints: [bridge.endpoint], bridge }, channel, attempt.signal)
    } finally {
      this.#discoveries.delete(discovery)
      attempt.stop()
    }
  }

  close(): void {
    this.#isClosed = true
    this.closeAll(new TorError('closed', 'the client is closed'))
  }

  /**
   * Time was lost, and whatever lies between us and a relay may have forgotten us: who asks from now on gets a new
   * channel. The old ones serve their circuits, if they still can, and close with the last of them.
   */
  retireAll(): void {
    for (const entry of this.#open.values()) this.#retired.add(entry)
    this.#open.clear()
    this.#closeUnusedRetired()
    this.#publish()
  }

  #refuseUnlessPermitted(target: DialTarget): void {
    const refusal = this.#deps.refusal?.(target)
    if (refusal !== undefined) throw refusal
  }

  #closeUnusedRetired(): void {
    for (const { channel } of [...this.#retired]) {
      if (channel.circuitCount === 0) channel.close(new TorError('closed', 'the channel is no longer used'))
    }
  }

  #applySettings(): void {
    this.#settings = channelSettings(this.#config, this.#params, this.#isDormant)
    for (const { channel } of [...this.#open.values(), ...this.#retired]) channel.useSettings(this.#settings)
  }

  /** Out of the table at once: whoever asks next must not share the end of an attempt that nobody wants. */
  #abandon(rsa: RsaIdentity, pending: PendingChannel): void {
    this.#forget(rsa, pending)
    pending.controller.abort(new TorError('aborted', 'nobody waits any more'))
  }

  #forget(rsa: RsaIdentity, pending: PendingChannel): void {
    if (this.#pending.get(rsa) === pending) this.#pending.delete(rsa)
  }

  #start(target: ChannelTarget): PendingChannel {
    const rsa = target.ids.rsa
    const controller = new AbortController()
    const phaseWatchers = new Set<(phase: ChannelPhase) => void>()
    const pending: PendingChannel = {
      target,
      controller,
      phaseWatchers,
      phases: [],
      waiters: 0,
      promise: this.#connect(target, controller.signal, (phase) => {
        pending.phases.push(phase)
        for (const watcher of phaseWatchers) watcher(phase)
      }).then(
        (channel) => {
          this.#forget(rsa, pending)
          return this.#keep(target, channel, controller.signal)
        },
        (error: unknown) => {
          this.#forget(rsa, pending)
          this.#publish()
          throw error
        },
      ),
    }
    pending.promise.catch(() => {})
    this.#pending.set(rsa, pending)
    this.#publish()
    return pending
  }

  /** Tries the relay's endpoints in order. The last error counts, unless it is that there is no way to one of them. */
  async #connect(
    target: ChannelTarget,
    signal: AbortSignal,
    onPhase: (phase: ChannelPhase) => void,
  ): Promise<Channel> {
    // The caller registers the attempt first, so that an error at once finds it in the table.
    await Promise.resolve()
    let failure: TorError | undefined
    for (const endpoint of target.endpoints) {
      try {
        return await this.#dial(target, endpoint, signal, onPhase)
      } catch (thrown) {
        throwIfAborted(signal)
        const error = toTorError(thrown, 'channel-failed', 'opening a channel')
        // That this machine has no IPv6 must not hide what the relay did over IPv4.
        if (failure === undefined || !isWithoutRoute(error)) failure = error
        // Every other endpoint lies behind the same proxy.
        if (error.kind === 'proxy-failed') break
      }
    }
    throw failure ?? new TorError('channel-failed', 'the relay has no address that we may use')
  }

  async #dial(
    target: DialTarget,
    endpoint: Endpoint,
    signal: AbortSignal,
    onPhase: ((phase: ChannelPhase) => void) | undefined,
  ): Promise<Channel> {
    const { onAttempt, log } = this.#deps
    try {
      return await Channel.open(
        target,
        endpoint,
        { ...this.#deps, settings: () => this.#settings },
        signal,
        onPhase,
      )
    } catch (error) {
      throwIfAborted(signal)
      const failure = inWordsOfBridges(toTorError(error, 'channel-failed', 'opening a channel'), target)
      onAttempt?.(target.ids?.rsa, failure, target.bridge)
      log.info('channel to ', sensitive(formatEndpoint(endpoint)), ' failed: ', failure.message)
      throw failure
    }
  }

  /**
   * The channel that all share from now on: this one, or the open one where another way of asking for the same relay,
   * a bridge line without a fingerprint, was there first. Throws, with the channel closed, when it is not wanted any more.
   */
  #keep(target: ChannelTarget, channel: Channel, signal: AbortSignal): Channel {
    const rsa = target.ids.rsa
    // Opened in the moment in which the last waiter went: somebody else may be opening another by now.
    const refusal = signal.aborted ? abortError(signal) : this.#deps.refusal?.(target)
    if (refusal !== undefined) {
      channel.close(refusal)
      this.#publish()
      throw refusal
    }
    const { clockSkewMs } = channel.identity
    this.#deps.onAttempt?.(rsa, undefined, target.bridge)
    // One relay's word is no reason to move a clock (tor-spec 4.5): whoever listens weighs it against the others'.
    if (clockSkewMs !== undefined) this.#deps.onClockSkew?.(clockSkewMs, rsa)
    const open = this.find(rsa)
    if (open !== undefined) {
      channel.close()
      this.#publish()
      return open
    }
    const entry = { target, channel }
    this.#open.set(rsa, entry)
    this.#publish()
    void channel.closed.then(() => {
      if (this.#open.get(rsa) === entry) this.#open.delete(rsa)
      this.#retired.delete(entry)
      this.#publish()
    })
    return channel
  }

  #publish(): void {
    const views: ChannelView[] = []
    for (const { target } of this.#pending.values()) {
      const endpoint = target.endpoints[0]
      if (endpoint !== undefined) views.push({ target, endpoint, state: 'connecting', channel: undefined })
    }
    for (const { target, channel } of [...this.#open.values(), ...this.#retired]) {
      views.push({ target, endpoint: channel.endpoint, state: 'open', channel })
    }
    this.#views.set(views)
  }
}

/** The user has given a fingerprint, and can look whether it is the right one. */
function inWordsOfBridges(error: TorError, { bridge }: DialTarget): TorError {
  if (bridge?.fingerprint === undefined || error.kind !== 'wrong-identity') return error
  // One tells of our clock, the other of the transport's own key: more words would hide it.
  if (error instanceof ExpiredLinkCertificate || error instanceof TransportIdentityError) return error
  const words = `who answers at the bridge's address is not the relay that the fingerprint names (${error.message})`
  return new TorError('wrong-identity', words, { cause: error, retry: 'elsewhere' })
}

/** A channel was proved for both identities; a caller who knows the ed25519 one must be meant by it too. */
function checkIdentity(channel: Channel, target: ChannelTarget): Channel {
  const wanted = target.ids.ed25519
  if (wanted !== undefined && channel.ids.ed25519 !== wanted) {
    throw new TorError('wrong-identity', 'the relay has another ed25519 identity than the directory says', {
      retry: 'elsewhere',
    })
  }
  return channel
}
