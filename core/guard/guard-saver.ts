/** Writes the guard choice in the background: one write at a time, the last state wins, and a failure is said once. */
import type { StateStore } from '../persist/state-store.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { saveGuardState } from './guard-files.ts'
import type { GuardState } from './guard-state.ts'

export type GuardContent = Omit<GuardState, 'serial'>

export class GuardSaver {
  readonly #store: StateStore
  readonly #log: Logger
  #serial: number
  #wanted: GuardContent | undefined
  #saving: Promise<void> | undefined
  #hasSaidFailure = false

  /** `serial` is that of the state on disk. */
  constructor(store: StateStore, log: Logger, serial: number) {
    this.#store = store
    this.#log = log
    this.#serial = serial
  }

  /** Begins to write, unless it is being written; what could not be written is tried again with the next call. */
  save(content: GuardContent | undefined): void {
    this.#wanted = content ?? this.#wanted
    this.#saving ??= this.#writeUntilSaved().finally(() => {
      this.#saving = undefined
    })
  }

  /** Waits until everything is on disk, or until writing it failed. */
  async flush(): Promise<void> {
    this.save(undefined)
    await this.#saving
  }

  async #writeUntilSaved(): Promise<void> {
    while (this.#wanted !== undefined) {
      const content = this.#wanted
      // It ends there rather than in a file that cannot be read; both copies are the same, so nothing depends on it.
      const serial = Math.min(this.#serial + 1, Number.MAX_SAFE_INTEGER)
      try {
        await saveGuardState(this.#store, { ...content, serial })
      } catch (error) {
        if (!this.#hasSaidFailure) {
          this.#log.warn('The choice of guards cannot be saved: ', toTorError(error, 'state').message)
        }
        this.#hasSaidFailure = true
        return
      }
      this.#serial = serial
      this.#hasSaidFailure = false
      if (this.#wanted === content) this.#wanted = undefined
    }
  }
}
