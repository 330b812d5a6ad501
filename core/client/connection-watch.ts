/**
 * Keeps the word "connected" true after the first time: when circuits fail, or the last one is gone, a stream is sent
 * through three hops, and the status says what became of it. Without trouble nothing is sent.
 */
import type { BuildOutcome } from '../circuit-manager/circuit-builder.ts'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { RetryDelay } from '../util/retry-delay.ts'
import type { Watchable } from '../util/watched-value.ts'
import { withConnection, withFailure } from './bootstrap-progress.ts'
import type { StatusBoard } from './status-board.ts'

/** One circuit in five times out where all is well (path-spec 2.4): fewer failures in a row are no reason to look. */
const SUSPICIOUS_FAILURES = 3
/** A check that is silent for so long is told as trouble; it goes on to its own limits. */
const SILENCE_MS = 15_000
/** Where no circuit is open there is nothing to doubt: soon, but not for the moment that a new one takes. */
const SILENCE_WITHOUT_PATH_MS = 3_000
/** Between checks that fail: soon, for a person waits, and never slower than somebody who looks again. */
const RETRY_BASE_MS = 500
const RETRY_MAX_MS = 10_000
/** Trouble that comes back sooner is met with pauses: a guard that kills what we build must not set the pace of checks. */
const QUIET_MS = 60_000

export interface ConnectionWatchParts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly board: Pick<StatusBoard, 'bootstrap' | 'setBootstrap' | 'noteVerified' | 'opened'>
  readonly outcomes: Watchable<BuildOutcome | undefined>
  /** Whether any circuit of several hops is open. */
  readonly hasOpenPath: () => boolean
  /** False while nobody wants the network: dormant, or disabled. */
  readonly mayCheck: () => boolean
  /** Sends a stream through three hops and back; rejects with what went wrong. */
  readonly check: () => Promise<void>
  /** It works again: what is being waited out after failures is over. */
  readonly onRestored: () => void
  readonly lifetime: AbortSignal
}

export class ConnectionWatch {
  readonly #parts: ConnectionWatchParts
  readonly #stops: readonly (() => void)[]
  readonly #delay: RetryDelay
  #failuresInARow = 0
  #isChecking = false
  #hasFailedBefore = false
  #lastCheckMs = Number.NEGATIVE_INFINITY
  /** Ends the pause between two checks. */
  #endPause: (() => void) | undefined

  /** Begins now: the client has just connected. */
  constructor(parts: ConnectionWatchParts) {
    this.#parts = parts
    this.#delay = new RetryDelay(parts.random, RETRY_BASE_MS, RETRY_MAX_MS)
    this.#stops = [
      parts.outcomes.watch((outcome) => outcome !== undefined && this.#note(outcome)),
      parts.board.opened.watch(() => this.#onProof()),
    ]
    parts.lifetime.addEventListener('abort', () => this.#stop(), { once: true })
  }

  /** There is a reason to look now, or to look again: other options, another network. */
  checkSoon(): void {
    this.#endPause?.()
    if (!this.#isChecking && !this.#parts.lifetime.aborted) void this.#checkUntilConnected()
  }

  /** There is hope that it works again. */
  checkIfTroubled(): void {
    if (this.#isTroubled) this.checkSoon()
  }

  /** What is known to stop everything. */
  noteTrouble(error: TorError): void {
    const { board, clock, log } = this.#parts
    if (!this.#isTroubled) log.warn('Not connected any more, trying again: ', error.message)
    board.setBootstrap(withFailure(board.bootstrap, error, clock.wallMs()))
  }

  #note(outcome: BuildOutcome): void {
    switch (outcome.kind) {
      case 'built':
        this.#failuresInARow = 0
        this.checkIfTroubled()
        return
      case 'failed':
        this.#failuresInARow++
        if (this.#failuresInARow >= SUSPICIOUS_FAILURES || !this.#parts.hasOpenPath())
          this.#suspect(outcome.error)
        return
      case 'lost':
        if (!this.#parts.hasOpenPath()) this.#suspect(outcome.error)
        return
    }
  }

  /** Unlike `checkSoon` it waits for its turn: failures set no pace. */
  #suspect(error: TorError): void {
    if (!this.#isChecking && !this.#parts.lifetime.aborted) void this.#checkUntilConnected(error)
  }

  get #isTroubled(): boolean {
    return !this.#parts.board.bootstrap.isConnected
  }

  /** Never rejects. */
  async #checkUntilConnected(reason?: TorError): Promise<void> {
    const { clock, mayCheck, lifetime } = this.#parts
    this.#isChecking = true
    if (clock.monotonicMs() - this.#lastCheckMs >= QUIET_MS) this.#delay.reset()
    else await this.#waitForTurn(reason)
    while (mayCheck() && !lifetime.aborted) {
      const error = await this.#checkOnce()
      this.#lastCheckMs = clock.monotonicMs()
      if (error === undefined || lifetime.aborted) break
      await this.#pause(this.#delay.nextMs())
    }
    this.#isChecking = false
  }

  /** What is known already is told before the wait: without a circuit nothing is connected. */
  async #waitForTurn(reason: TorError | undefined): Promise<void> {
    const { hasOpenPath, mayCheck } = this.#parts
    if (!mayCheck()) return
    if (reason !== undefined && !hasOpenPath()) this.noteTrouble(reason)
    await this.#pause(this.#delay.nextMs())
  }

  async #checkOnce(): Promise<TorError | undefined> {
    const { clock, board, check, log, lifetime, hasOpenPath } = this.#parts
    const proofs = board.opened.value
    const tell = (error: TorError): void => {
      // A stream that went through meanwhile knows better.
      if (board.opened.value !== proofs || lifetime.aborted) return
      log.info('no stream through three hops: ', error.message)
      this.noteTrouble(error)
    }
    const silence = clock.setTimer(hasOpenPath() ? SILENCE_MS : SILENCE_WITHOUT_PATH_MS, () =>
      tell(new TorError('timeout', 'no circuit answers', { retry: 'later' })),
    )
    try {
      await check()
      this.#onProof()
      board.noteVerified()
      return undefined
    } catch (thrown) {
      const error = toTorError(thrown, 'circuit-failed', 'a stream through three hops')
      // One failure beside open circuits may be one bad relay.
      if (this.#isTroubled || this.#hasFailedBefore || !hasOpenPath()) tell(error)
      this.#hasFailedBefore = true
      return error
    } finally {
      silence.cancel()
    }
  }

  #onProof(): void {
    this.#failuresInARow = 0
    this.#hasFailedBefore = false
    if (!this.#isTroubled) return
    const { board, log, onRestored } = this.#parts
    log.notice('Connected again.')
    board.setBootstrap(withConnection(board.bootstrap))
    onRestored()
  }

  /** Or until there is a reason to look again. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        this.#endPause = undefined
        resolve()
      }
      const timer = this.#parts.clock.setTimer(delayMs, end)
      this.#endPause = end
    })
  }

  #stop(): void {
    for (const stop of this.#stops) stop()
    this.#endPause?.()
  }
}
