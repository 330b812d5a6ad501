/**
 * The one file with what the person chose: read at start, written whole and atomically at each change, private to the
 * user. A broken file is kept under a dated name and said, and the defaults hold.
 */
import { copyFile, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import writeFileAtomic from 'write-file-atomic'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import { type Settings, type SettingsChange, settingsChangeSchema } from '../ipc/settings.ts'
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
  readonly clock: Pick<Clock, 'wallMs'>
  readonly secrets: SecretStore
  readonly log: AppLog
  readonly hasConnectedBefore: () => boolean
}

export class SettingsFile implements SettingsPart {
  /** Set when the file was broken. */
  readonly trouble: { readonly backupName: string } | undefined
  readonly #parts: SettingsFileParts
  readonly #watchers = new Set<(now: Settings, before: Settings) => void>()
  /** As in the file, but with the password in the settings. */
  #document: SettingsDocument
  #lastWrite: Promise<unknown> = Promise.resolve()

  private constructor(
    parts: SettingsFileParts,
    document: SettingsDocument,
    trouble: SettingsFile['trouble'],
  ) {
    this.#parts = parts
    this.#document = document
    this.trouble = trouble
  }

  /** Never fails for what the file holds: without settings the app could not say what is wrong with them. */
  static async open(parts: SettingsFileParts): Promise<SettingsFile> {
    const text = await readText(parts.path)
    if (text === undefined) return new SettingsFile(parts, EMPTY_DOCUMENT, undefined)
    const read = readSettings(text)
    const isWhole = read !== undefined && read.bad.length === 0
    const trouble = isWhole ? undefined : await keepBroken(parts, read?.bad)
    if (read === undefined) return new SettingsFile(parts, EMPTY_DOCUMENT, trouble)
    return new SettingsFile(parts, await unseal(parts, read.document), trouble)
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
    const { path } = this.#parts
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFileAtomic(path, writeSettings(document), { mode: 0o600 })
    } catch (error) {
      throw new AppError('settings-not-written', 'the settings file could not be written', { cause: error })
    }
  }
}

/** Undefined when there is none; empty, and so no settings file, when it cannot be read. */
async function readText(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path)
    return size > MAX_SETTINGS_BYTES ? '' : await readFile(path, 'utf8')
  } catch (error) {
    return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT' ? undefined : ''
  }
}

/** Only the newest broken file is kept: a fault that comes back must not fill the disk. */
async function keepBroken(
  { path, clock, log }: SettingsFileParts,
  bad: readonly string[] | undefined,
): Promise<{ readonly backupName: string }> {
  const date = new Date(clock.wallMs()).toISOString().replaceAll(/[:.]/g, '-')
  const prefix = `${basename(path, '.json')}.broken-`
  const backupName = `${prefix}${date}.json`
  const what = bad === undefined ? 'is not readable' : `has bad values (${bad.join(', ')})`
  log('warn', `the settings file ${what}; it is kept as ${backupName}, and defaults hold`)
  try {
    const folder = dirname(path)
    const older = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name !== backupName)
    await copyFile(path, join(folder, backupName))
    await Promise.all(older.map((name) => rm(join(folder, name), { force: true })))
  } catch {
    log('warn', 'the broken settings file could not be copied')
  }
  return { backupName }
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
