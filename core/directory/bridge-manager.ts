/**
 * The user's bridges: keeps a keeper for each, and shows them as rows for views of the network, as directories to ask,
 * and as a list with the health of each. While no bridges are used it does nothing.
 */
import { type BridgeLine, formatBridgeLine } from '../linkspec/bridge-line.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { ChannelTarget } from '../linkspec/relay-target.ts'
import { type BridgeRelay, bridgeTarget } from '../netdir/bridge-relay.ts'
import type { ServerDescriptor } from '../netdoc/server-descriptor.ts'
import type { StateStore } from '../persist/state-store.ts'
import { createLifetime } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import { type LinkedAbort, linkAbort } from '../util/linked-abort.ts'
import type { Logger } from '../util/log.ts'
import { type Random, shuffled } from '../util/random.ts'
import { type Watchable, WatchedValue, waitUntil } from '../util/watched-value.ts'
import { AwakeGate } from './awake-gate.ts'
import type { BridgeConnector } from './bridge-fetch.ts'
import type { BridgeHealth } from './bridge-health.ts'
import { BridgeKeeper } from './bridge-keeper.ts'
import { BridgeStore } from './bridge-store.ts'
import type { ConnectPhase } from './directory-source.ts'
import { Turnstile } from './turnstile.ts'

/** So many bridges are being reached at a time; one that hangs for so long makes room for the next. */
const MAX_AT_ONCE = 3
const HANG_MS = 3_000
/** What was learned of bridges that were taken away is kept for so many, in case they come back. */
const MAX_REMEMBERED = 500

export interface BridgeView {
  readonly line: BridgeLine
  /** The line's, or the one that was learned. */
  readonly rsa: RsaIdentity | undefined
  readonly health: BridgeHealth
}

export interface BridgeManagerParts {
  readonly connector: BridgeConnector
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly store: StateStore
  /** The bridges that were used before, the first choice first. */
  readonly preferred: () => readonly RsaIdentity[]
  /** Why the options forbid a bridge, in words; undefined when they do not. */
  readonly refusal?: (line: BridgeLine, rsa: RsaIdentity | undefined) => string | undefined
  readonly onPhase: (phase: ConnectPhase) => void
  readonly onFailure: (error: TorError) => void
  readonly isDormant: boolean
}

export class BridgeManager {
  readonly #parts: BridgeManagerParts
  readonly #log: Logger
  readonly #store: BridgeStore
  readonly #lifetime = createLifetime()
  readonly #gate: AwakeGate
  readonly #turnstile: Turnstile
  /** All that were ever used in this run, by their lines: an identity that was learned stays learned. */
  readonly #keepers = new Map<string, BridgeKeeper>()
  readonly #running = new Map<BridgeKeeper, LinkedAbort>()
  readonly #relays = new WatchedValue<readonly BridgeRelay[] | undefined>(undefined)
  readonly #views = new WatchedValue<readonly BridgeView[]>([])
  #kept: ReadonlyMap<RsaIdentity, ServerDescriptor> = new Map()
  /** In the order of the configuration, and in that in which to ask them. */
  #used: readonly BridgeKeeper[] | undefined
  #order: readonly BridgeKeeper[] = []
  #isStarted = false

  constructor(parts: BridgeManagerParts) {
    this.#parts = parts
    this.#log = parts.log.in('guard')
    this.#store = new BridgeStore(parts.store, this.#log)
    this.#gate = new AwakeGate(!parts.isDormant)
    this.#turnstile = new Turnstile(parts.clock, MAX_AT_ONCE, HANG_MS)
  }

  /** Undefined while no bridges are used; else those whose identity is known, each once. */
  get relays(): Watchable<readonly BridgeRelay[] | undefined> {
    return this.#relays
  }

  /** All that are used, in the order of the configuration. Sensitive: do not log. */
  get views(): Watchable<readonly BridgeView[]> {
    return this.#views
  }

  /** Where to ask for directory documents; the first choice first. */
  get directories(): readonly ChannelTarget[] {
    const targets = this.#order.flatMap(({ line, rsa }) =>
      rsa === undefined || this.#parts.refusal?.(line, rsa) !== undefined
        ? []
        : bridgeTarget({ line, ids: { rsa, ed25519: undefined } }),
    )
    const places = new Map(this.#parts.preferred().map((rsa, place) => [rsa, place]))
    const placeOf = ({ ids }: ChannelTarget): number => places.get(ids.rsa) ?? places.size
    return targets.sort((a, b) => placeOf(a) - placeOf(b))
  }

  /** Reads what an earlier run kept. Never rejects. */
  async load(): Promise<void> {
    this.#kept = await this.#store.load(this.#parts.clock.wallMs())
  }

  /** From now on these bridges are used; undefined: none. What was asked of others is given up. */
  use(lines: readonly BridgeLine[] | undefined): void {
    const used = lines === undefined ? undefined : uniqueLines(lines).map((line) => this.#keeperOf(line))
    this.#used = used
    this.#order = shuffled(this.#parts.random, used ?? [])
    for (const [keeper, scope] of this.#running)
      if (used?.includes(keeper) !== true) this.#stop(keeper, scope)
    this.#publish()
    if (this.#isStarted) this.#startAll()
  }

  /** Begins to reach the bridges. */
  start(): void {
    this.#isStarted = true
    this.#startAll()
  }

  setDormant(isDormant: boolean): void {
    this.#gate.setAwake(!isDormant)
  }

  /** The network is back, or the clock has changed: nothing waits out a pause of before. */
  reconsider(): void {
    this.#gate.restart()
  }

  /** How an attempt to open a channel to a bridge ended; undefined is well. */
  noteChannel(line: BridgeLine, error: TorError | undefined): void {
    const keeper = this.#keepers.get(formatBridgeLine(line))
    // Who opens channels and then sends no descriptor that is any good does not work.
    if (error !== undefined || keeper?.descriptor !== undefined) keeper?.noteAttempt(error)
  }

  /** Resolves when there is a bridge whom documents may and can be asked of, or when none are used. */
  async whenReachable(signal: AbortSignal): Promise<void> {
    await waitUntil(this.#views, () => this.#used === undefined || this.directories.length > 0, signal)
  }

  /** Resolves when nothing of it runs any more. Idempotent. */
  async close(): Promise<void> {
    this.#lifetime.abort(new TorError('closed', 'the client is closed'))
    for (const [keeper, scope] of this.#running) this.#stop(keeper, scope)
    await this.#store.flush()
  }

  #keeperOf(line: BridgeLine): BridgeKeeper {
    const key = formatBridgeLine(line)
    const known = this.#keepers.get(key)
    if (known !== undefined) return known
    const { connector, clock, random, refusal, onPhase, onFailure } = this.#parts
    const keeper = new BridgeKeeper(line, {
      connector,
      clock,
      random,
      ...(refusal === undefined ? {} : { refusal }),
      onPhase,
      onFailure,
      turnstile: this.#turnstile,
      log: this.#log,
      onChange: () => this.#publish(),
    })
    const kept = line.fingerprint === undefined ? undefined : this.#kept.get(line.fingerprint)
    if (kept !== undefined) keeper.useKept(kept)
    this.#keepers.set(key, keeper)
    this.#forgetOldest()
    return keeper
  }

  #forgetOldest(): void {
    for (const [key, keeper] of this.#keepers) {
      if (this.#keepers.size <= MAX_REMEMBERED) return
      if (this.#used?.includes(keeper) !== true) this.#keepers.delete(key)
    }
  }

  #startAll(): void {
    if (this.#lifetime.signal.aborted || this.#used === undefined) return
    if (this.#used.length === 0) {
      this.#parts.onFailure(new TorError('no-path', 'bridges are wanted, and there is none to connect to'))
    }
    for (const keeper of this.#order) {
      if (this.#running.has(keeper)) continue
      const scope = linkAbort(this.#lifetime.signal)
      this.#running.set(keeper, scope)
      // It ends with the scope, and with nothing else.
      this.#gate.run(scope.signal, (inner) => keeper.run(inner)).catch(() => {})
    }
  }

  #stop(keeper: BridgeKeeper, scope: LinkedAbort): void {
    this.#running.delete(keeper)
    scope.stop()
  }

  #publish(): void {
    const used = this.#used
    this.#views.set((used ?? []).map(({ line, rsa, health }) => ({ line, rsa, health })))
    const relays = used === undefined ? undefined : uniqueRelays(used.flatMap(({ relay }) => relay ?? []))
    if (!isSame(relays, this.#relays.value)) this.#relays.set(relays)
    if (relays === undefined) return
    // Who is known by nothing but an address must prove itself anew each time.
    this.#store.save(relays.flatMap(({ line, descriptor }) => (line.fingerprint && descriptor) ?? []))
  }
}

function uniqueLines(lines: readonly BridgeLine[]): BridgeLine[] {
  return [...new Map(lines.map((line) => [formatBridgeLine(line), line])).values()]
}

/** Two lines may lead to one bridge, by IPv4 and IPv6: one that has answered comes before one that has not. */
function uniqueRelays(relays: readonly BridgeRelay[]): BridgeRelay[] {
  const byIdentity = new Map<RsaIdentity, BridgeRelay>()
  for (const relay of relays) {
    const earlier = byIdentity.get(relay.ids.rsa)
    if (earlier?.descriptor === undefined) byIdentity.set(relay.ids.rsa, relay)
  }
  return [...byIdentity.values()]
}

function isSame(a: readonly BridgeRelay[] | undefined, b: readonly BridgeRelay[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return (
    a.length === b.length &&
    a.every(({ line, ids, descriptor }, place) => {
      const other = b[place]
      return line === other?.line && ids.rsa === other.ids.rsa && descriptor === other.descriptor
    })
  )
}
