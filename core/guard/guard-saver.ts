/** Writes the guard choice in the background: one write at a time, the last state wins, and a failure is said once. */
import type { StateStore } from '../persist/state-store.ts'
import type { Clock, Timer } from '../util/clock.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { saveGuardState } from './guard-files.ts'
import type { GuardState } from './guard-state.ts'

/**
 * A choice that a full disk kept from being saved is lost with the next crash, and others are drawn then; without a timer
 * it would wait for the next change of the sample, which can take weeks.
 */
export const SAVE_RETRY_MS = 10 * 60_000

export type GuardContent = Omit<GuardState, 'serial'>

export interface GuardSaverParts {
  readonly store: StateStore
  readonly clock: Clock
  readonly log: Logger
}

export class GuardSaver {
  readonly #parts: GuardSaverParts
  #serial: number
  #wanted: GuardContent | undefined
  #saving: Promise<void> | undefined
  #retry: Timer | undefined
  #hasSaidFailure = false
  #isClosed = false

  /** `serial` is that of the state on disk. */
  constructor(parts: GuardSaverParts, serial: number) {
    this.#parts = parts
    this.#serial = serial
  }

  /** Begins to write, unless it is being written; what could not be written is tried again with the next call or later. */
  save(content: GuardContent | undefined): void {
    this.#wanted = content ?? this.#wanted
    this.#retry?.cancel()
    this.#retry = undefined
    if (this.#wanted !== undefined) this.#saving ??= this.#writeUntilSaved()
  }

  /** Waits until everything is on disk, or until writing it failed. */
  async flush(): Promise<void> {
    this.save(undefined)
    await this.#saving
  }

  /** Flushes; what cannot be written then is not tried again. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.flush()
  }

  async #writeUntilSaved(): Promise<void> {
    while (this.#wanted !== undefined) {
      const content = this.#wanted
      // It ends there rather than in a file that cannot be read; both copies are the same, so nothing depends on it.
      const serial = Math.min(this.#serial + 1, Number.MAX_SAFE_INTEGER)
      try {
        await saveGuardState(this.#parts.store, { ...content, serial })
      } catch (error) {
        this.#noteFailure(error)
        break
      }
      this.#serial = serial
      this.#hasSaidFailure = false
      if (this.#wanted === content) this.#wanted = undefined
    }
    // In the same breath as the last look at what is wanted: a call in between would be lost.
    this.#saving = undefined
  }

  #noteFailure(error: unknown): void {
    const { log, clock } = this.#parts
    if (!this.#hasSaidFailure) {
      log.warn('The choice of guards cannot be saved: ', toTorError(error, 'state').message)
    }
    this.#hasSaidFailure = true
    if (!this.#isClosed) this.#retry = clock.setTimer(SAVE_RETRY_MS, () => this.save(undefined))
  }
}
