/**
 * The one file with what the person chose: read at start, written whole and atomically at each change, private to the
 * user. A broken file is kept under a dated name and said, and the defaults hold.
 */
import * as v from 'valibot'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import { GuardedFile } from '../guarded-file.ts'
import { type Settings, type SettingsChange, settingsChangeSchema } from '../ipc/settings.ts'
import type { FileTrouble } from '../ipc/file-trouble.ts'
import type { PasswordStorage } from '../ipc/snapshot.ts'
import type { AppLog, SettingsPart } from '../parts.ts'
import {
  EMPTY_DOCUMENT,
  MAX_SETTINGS_BYTES,
  passwordOf,
  readSettings,
  type SealedPassword,
  type SettingsDocument,
  writeSettings,
} from './settings-document.ts'
import { applyChange } from './settings-rules.ts'

/** The system's own store for secrets, where there is one. */
export interface SecretStore {
  /** False where what it "encrypts" could be read by anybody. */
  isAvailable(): Promise<boolean>
  /** To base64. */
  encrypt(text: string): Promise<string>
  decrypt(sealed: string): Promise<string>
}

export interface SettingsFileParts {
  readonly path: string
  readonly clock: Pick<Clock, 'wallMs' | 'setTimer'>
  readonly secrets: SecretStore
  readonly log: AppLog
  readonly hasConnectedBefore: () => boolean
}

export class SettingsFile implements SettingsPart {
  readonly #file: GuardedFile
  readonly #parts: SettingsFileParts
  readonly #watchers = new Set<(now: Settings, before: Settings) => void>()
  /** As in the file, but with the password in the settings. */
  #document: SettingsDocument
  #lastWrite: Promise<unknown> = Promise.resolve()

  private constructor(parts: SettingsFileParts, file: GuardedFile, document: SettingsDocument) {
    this.#parts = parts
    this.#file = file
    this.#document = document
  }

  /** Never fails for what the file holds: without settings the app could not say what is wrong with them. */
  static async open(parts: SettingsFileParts): Promise<SettingsFile> {
    const { path, clock, log } = parts
    const file = new GuardedFile({
      path,
      clock,
      log,
      name: 'the settings file',
      without: 'defaults hold',
      maxBytes: MAX_SETTINGS_BYTES,
      keepsNewestOnly: true,
    })
    const text = await file.read()
    if (text === undefined) return new SettingsFile(parts, file, EMPTY_DOCUMENT)
    const read = readSettings(text)
    if (read === undefined) await file.keepBroken('is not readable')
    else if (read.bad.length > 0) await file.keepBroken(`has bad values (${read.bad.join(', ')})`)
    const document = read === undefined ? EMPTY_DOCUMENT : await unseal(parts, read.document)
    return new SettingsFile(parts, file, document)
  }

  /** Set when there were settings that could not be used as they lay there. */
  get trouble(): FileTrouble | undefined {
    return this.#file.trouble
  }

  get current(): Settings {
    return this.#document.settings
  }

  get passwordStorage(): PasswordStorage {
    const { password, settings } = this.#document
    if (password === undefined) return 'none'
    return passwordOf(settings) === undefined ? 'locked' : password.kind
  }

  /** One change after the other, so that none writes over another's. */
  change(change: SettingsChange): Promise<void> {
    const done = this.#lastWrite.then(() => this.#change(change))
    this.#lastWrite = done.catch(() => {})
    return done
  }

  watch(watcher: (now: Settings, before: Settings) => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  async #change(change: SettingsChange): Promise<void> {
    if (!v.is(settingsChangeSchema, change)) throw new AppError('bad-setting', 'not a change of settings')
    const before = this.current
    const hasConnectedBefore = this.#parts.hasConnectedBefore()
    const settings = applyChange(before, change, { hasConnectedBefore })
    const password = await this.#seal(settings)
    const document = { ...this.#document, settings, password }
    await this.#write(document)
    this.#document = document
    for (const watcher of this.#watchers) watcher(settings, before)
  }

  async #seal(settings: Settings): Promise<SealedPassword | undefined> {
    const value = passwordOf(settings)
    const isUnchanged = settings.upstreamProxy === this.current.upstreamProxy
    // One that could not be decrypted today may be again tomorrow, with the keyring unlocked.
    if (isUnchanged && this.#document.password?.kind === 'encrypted') return this.#document.password
    if (value === undefined) return undefined
    const { secrets, log } = this.#parts
    try {
      if (await secrets.isAvailable()) return { kind: 'encrypted', value: await secrets.encrypt(value) }
    } catch {
      log('info', "the system's store for secrets failed")
    }
    log(
      'warn',
      'this system has no store for secrets: the password of the proxy is plain in the settings file',
    )
    return { kind: 'plain', value }
  }

  async #write(document: SettingsDocument): Promise<void> {
    try {
      await this.#file.write(writeSettings(document))
    } catch (error) {
      throw new AppError('settings-not-written', 'the settings file could not be written', { cause: error })
    }
  }
}

async function unseal(
  { secrets, log }: SettingsFileParts,
  document: SettingsDocument,
): Promise<SettingsDocument> {
  const { settings, password: sealed } = document
  const proxy = settings.upstreamProxy
  if (sealed === undefined || proxy === null || proxy.kind === 'socks4') return document
  try {
    const password = sealed.kind === 'plain' ? sealed.value : await secrets.decrypt(sealed.value)
    return { ...document, settings: { ...settings, upstreamProxy: { ...proxy, password } } }
  } catch {
    log('warn', 'the password of the proxy cannot be decrypted on this system: it has to be typed again')
    return document
  }
}
