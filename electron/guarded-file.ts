/**
 * A file of the person's own: read at start, written whole and atomically later. What lies there is not written over
 * before it was read, or is kept under a dated name: what this start cannot read may be good at the next.
 */
import { copyFile, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { Clock } from './clock.ts'
import type { FileTrouble } from './ipc/file-trouble.ts'
import type { AppLog } from './parts.ts'
import { privateTextFile } from './private-text-file.ts'

/** A virus scanner that holds a file lets it go within moments. */
const READ_TRIES = 3
const TRY_AGAIN_AFTER_MS = 100

export interface GuardedFileParts {
  readonly path: string
  /** For the log. */
  readonly name: string
  /** What holds without the file, for the log. */
  readonly without: string
  /** A larger one is none of ours. */
  readonly maxBytes: number
  /** Of damaged ones: a fault that comes back must not fill the disk, and older ones are of no use. */
  readonly keepsNewestOnly: boolean
  readonly clock: Pick<Clock, 'wallMs' | 'setTimer'>
  readonly log: AppLog
}

export class GuardedFile {
  readonly #parts: GuardedFileParts
  #trouble: FileTrouble | undefined
  /** Why what lies there may not be written over yet. */
  #guard: 'unread' | 'not-copied' | undefined

  constructor(parts: GuardedFileParts) {
    this.#parts = parts
  }

  get trouble(): FileTrouble | undefined {
    return this.#trouble
  }

  /** Undefined when there is none, or none that can be read; empty when it is too large. Never rejects. */
  async read(): Promise<string | undefined> {
    const { path, maxBytes, name, without, log } = this.#parts
    let code = ''
    for (let tries = 1; tries <= READ_TRIES; tries++) {
      if (tries > 1) await this.#wait()
      try {
        return (await stat(path)).size > maxBytes ? '' : await readFile(path, 'utf8')
      } catch (error) {
        code = codeOf(error)
        if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
      }
    }
    this.#guard = 'unread'
    this.#trouble = { backupName: undefined }
    log('warn', `${name} cannot be read (${code}); it is left where it is, and ${without}`)
    return undefined
  }

  /** It was read, and not all of it is good: `what` says so for the log. Never rejects. */
  async keepBroken(what: string): Promise<void> {
    const { name, without, log } = this.#parts
    try {
      const backupName = await this.#copy()
      log('warn', `${name} ${what}; it is kept as ${backupName}, and ${without}`)
    } catch {
      this.#guard = 'not-copied'
      this.#trouble = { backupName: undefined }
      log('warn', `${name} ${what} and could not be copied; it is left where it is, and ${without}`)
    }
  }

  /** Rejects also where what lies there could not be kept first. */
  async write(text: string): Promise<void> {
    const { path, maxBytes } = this.#parts
    const moved = await this.#keepFirst()
    try {
      await privateTextFile(path, maxBytes).write(text)
    } catch (error) {
      if (moved !== undefined) await this.#putBack(moved)
      throw error
    }
  }

  /** Before anything is written in its place. The name under which it is, where it was moved for that. */
  async #keepFirst(): Promise<string | undefined> {
    const { name, log } = this.#parts
    const isUnread = this.#guard === 'unread'
    let backupName: string | undefined
    if (this.#guard !== undefined) {
      try {
        backupName = isUnread ? await this.#move() : await this.#copy()
        log('warn', `${name} of before is kept as ${backupName}`)
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error
      }
      this.#guard = undefined
    }
    return isUnread ? backupName : undefined
  }

  /** Of what was read. */
  async #copy(): Promise<string> {
    const { path, keepsNewestOnly } = this.#parts
    const backupName = this.#nameFor('broken')
    await copyFile(path, join(dirname(path), backupName))
    this.#trouble = { backupName }
    if (keepsNewestOnly) await this.#removeOlder(backupName).catch(() => undefined)
    return backupName
  }

  /** What cannot be read can still be moved. It may be the only good one: nothing removes it as an older copy. */
  async #move(): Promise<string> {
    const { path } = this.#parts
    const backupName = this.#nameFor('unread')
    await rename(path, join(dirname(path), backupName))
    this.#trouble = { backupName }
    return backupName
  }

  /** With nothing in its place, the next start would find no file and no trouble. Never rejects. */
  async #putBack(backupName: string): Promise<void> {
    const { path, name, log } = this.#parts
    try {
      await rename(join(dirname(path), backupName), path)
      this.#guard = 'unread'
      this.#trouble = { backupName: undefined }
      log('warn', `${name} could not be written; what was there is back in its place`)
    } catch {
      log('warn', `${name} could not be written, and what was there stays at ${backupName}`)
    }
  }

  #nameFor(what: 'broken' | 'unread'): string {
    const date = new Date(this.#parts.clock.wallMs()).toISOString().replaceAll(/[:.]/g, '-')
    return `${this.#prefix(what)}${date}.json`
  }

  #prefix(what: 'broken' | 'unread'): string {
    return `${basename(this.#parts.path, '.json')}.${what}-`
  }

  async #removeOlder(newest: string): Promise<void> {
    const folder = dirname(this.#parts.path)
    const prefix = this.#prefix('broken')
    const older = (await readdir(folder)).filter((name) => name.startsWith(prefix) && name !== newest)
    await Promise.all(older.map((name) => rm(join(folder, name), { force: true })))
  }

  #wait(): Promise<void> {
    return new Promise((resolve) => void this.#parts.clock.setTimer(TRY_AGAIN_AFTER_MS, resolve))
  }
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : 'unknown'
}
