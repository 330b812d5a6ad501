/** Keeps one bridge's descriptor fresh, and knows who the bridge is and how it fares. */
import { type BridgeLine, formatBridgeLine } from '../linkspec/bridge-line.ts'
import type { RelayIds, RsaIdentity } from '../linkspec/relay-ids.ts'
import type { BridgeRelay } from '../netdir/bridge-relay.ts'
import type { ServerDescriptor } from '../netdoc/server-descriptor.ts'
import { throwIfAborted } from '../util/abort.ts'
import { type Clock, sleep } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomFraction } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import { type BridgeConnector, fetchBridgeDescriptor } from './bridge-fetch.ts'
import { type BridgeHealth, noteFailure, noteSuccess, UNKNOWN_HEALTH } from './bridge-health.ts'
import type { ConnectPhase } from './directory-source.ts'
import type { Turnstile } from './turnstile.ts'

/** About hourly, so that a new onion key is known before the old one ends; never in step with others. */
const REFRESH_MS = 60 * 60 * 1000
/** While a person waits for the bridge: soon, and then ever more rarely. */
const RETRY_BASE_MS = 1_000
const RETRY_MAX_MS = 5 * 60 * 1000

export interface BridgeKeeperParts {
  readonly connector: BridgeConnector
  readonly turnstile: Turnstile
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly refusal?: (line: BridgeLine, rsa: RsaIdentity | undefined) => string | undefined
  readonly onPhase: (phase: ConnectPhase) => void
  /** Something of what the keeper shows has changed. */
  readonly onChange: () => void
  readonly onFailure: (error: TorError) => void
}

export class BridgeKeeper {
  readonly line: BridgeLine
  /** Equal for equal lines. */
  readonly key: string
  readonly #parts: BridgeKeeperParts
  /** Who answered first where the line does not say who it is: from then on nobody else will do. */
  #learned: RsaIdentity | undefined
  #descriptor: ServerDescriptor | undefined
  #health = UNKNOWN_HEALTH

  constructor(line: BridgeLine, parts: BridgeKeeperParts) {
    this.line = line
    this.key = formatBridgeLine(line)
    this.#parts = parts
  }

  get rsa(): RsaIdentity | undefined {
    return this.line.fingerprint ?? this.#learned
  }

  get descriptor(): ServerDescriptor | undefined {
    return this.#descriptor
  }

  get health(): BridgeHealth {
    return this.#health
  }

  /** The bridge as a row of a view; undefined until its identity is known. */
  get relay(): BridgeRelay | undefined {
    const { rsa, line } = this
    if (rsa === undefined) return undefined
    const descriptor = this.#descriptor
    return { line, ids: { rsa, ed25519: descriptor?.ed25519 }, descriptor }
  }

  /** A descriptor of an earlier run; one that was fetched is better. */
  useKept(descriptor: ServerDescriptor): void {
    this.#descriptor ??= descriptor
  }

  /** How an attempt to reach the bridge, by whomever, has ended; undefined is well. */
  noteAttempt(error: TorError | undefined): void {
    const nowMs = this.#parts.clock.wallMs()
    const before = this.#health
    this.#health = error === undefined ? noteSuccess(before, nowMs) : noteFailure(before, error, nowMs)
    if (this.#health !== before) this.#parts.onChange()
  }

  /** Fetches the descriptor again and again. Rejects only when the signal fires. */
  async run(signal: AbortSignal): Promise<never> {
    const { clock, random, log, onFailure } = this.#parts
    const delay = new RetryDelay(random, RETRY_BASE_MS, RETRY_MAX_MS)
    for (;;) {
      try {
        await this.#fetch(signal)
        delay.reset()
        await sleep(clock, REFRESH_MS * (0.75 + randomFraction(random) / 2), signal)
      } catch (thrown) {
        throwIfAborted(signal)
        const error = toTorError(thrown)
        log.info('A bridge gave no descriptor: ', error.message)
        this.noteAttempt(error)
        onFailure(error)
        await sleep(clock, delay.nextMs(), signal)
      }
    }
  }

  async #fetch(signal: AbortSignal): Promise<void> {
    const { line, rsa } = this
    const { turnstile, refusal, onChange } = this.#parts
    const words = refusal?.(line, rsa)
    if (words !== undefined) throw new TorError('bad-config', words)
    const known = { line, rsa, descriptor: this.#descriptor }
    const parts = { ...this.#parts, onIdentity: (ids: RelayIds) => this.#learn(ids) }
    const descriptor = await turnstile.run(signal, () => fetchBridgeDescriptor(known, parts, signal))
    this.noteAttempt(undefined)
    if (descriptor.text === this.#descriptor?.text) return
    this.#descriptor = descriptor
    onChange()
  }

  #learn({ rsa }: RelayIds): void {
    if (this.rsa !== undefined) return
    this.#learned = rsa
    this.#parts.onChange()
  }
}
