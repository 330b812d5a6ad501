/**
 * Keeps the setting and what the system does at login one and the same: the setting is changed only once the system has
 * followed, and what a person turned off in the system's own settings is off here, too.
 */
import type { SettingsChange } from '../ipc/settings.ts'
import type { AppLog, AutostartPart, SettingsPart } from '../parts.ts'

export interface StartAtLoginParts {
  readonly autostart: AutostartPart
  readonly settings: Pick<SettingsPart, 'current' | 'change'>
  readonly log: AppLog
}

export class StartAtLogin {
  readonly #parts: StartAtLoginParts
  #last: Promise<void> = Promise.resolve()

  constructor(parts: StartAtLoginParts) {
    this.#parts = parts
  }

  /** Any change of settings. Rejects with an `AppError`, and nothing is kept, where the system does not follow. */
  change(change: SettingsChange): Promise<void> {
    const { startAtLogin } = change
    if (startAtLogin === undefined) return this.#parts.settings.change(change)
    return this.#inTurn(() => this.#change(change, startAtLogin))
  }

  /** At each start. Never rejects. */
  followSystem(): Promise<void> {
    return this.#inTurn(() => this.#followSystem())
  }

  async #change(change: SettingsChange, isWanted: boolean): Promise<void> {
    const { autostart, settings, log } = this.#parts
    const { startAtLogin: before, language } = settings.current
    await autostart.apply(isWanted, language)
    try {
      await settings.change(change)
    } catch (error) {
      await autostart
        .apply(before, language)
        .catch(() => log('warn', 'the start at login could not be put back as it was'))
      throw error
    }
  }

  async #followSystem(): Promise<void> {
    const { autostart, settings, log } = this.#parts
    if (!settings.current.startAtLogin) return
    try {
      if (await autostart.refresh(settings.current.language)) return
      log(
        'info',
        'the system does not start this program at login any more: it was turned off there, or the program was moved; so it is off here',
      )
      await settings.change({ startAtLogin: false })
    } catch {
      log('warn', 'the start at login could not be looked at')
    }
  }

  /** One after the other, so that the last wish is the one that holds. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }
}
