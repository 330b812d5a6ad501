/**
 * The file with the bridges: private to the user, written whole and atomically. A broken one is kept under a dated name
 * and said: its bridges may be the only way out that somebody has.
 */
import { copyFile, mkdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import writeFileAtomic from 'write-file-atomic'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import type { AppLog } from '../parts.ts'
import {
  EMPTY_LIBRARY,
  type LibraryDocument,
  MAX_LIBRARY_BYTES,
  readLibrary,
  writeLibrary,
} from './library-document.ts'

/** Where the library lies. */
export interface LibraryStore {
  /** Never rejects: what cannot be read is empty, and was said. */
  load(): Promise<LibraryDocument>
  /** Rejects with an AppError. */
  save(document: LibraryDocument): Promise<void>
}

export interface LibraryFileParts {
  readonly path: string
  readonly clock: Pick<Clock, 'wallMs'>
  readonly log: AppLog
}

export class LibraryFile implements LibraryStore {
  readonly #parts: LibraryFileParts
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(parts: LibraryFileParts) {
    this.#parts = parts
  }

  async load(): Promise<LibraryDocument> {
    const text = await this.#read()
    if (text === undefined) return EMPTY_LIBRARY
    const document = readLibrary(text)
    if (document === undefined) await this.#keepBroken()
    return document ?? EMPTY_LIBRARY
  }

  /** In the order of the calls. */
  save(document: LibraryDocument): Promise<void> {
    const done = this.#lastWrite.then(() => this.#write(writeLibrary(document)))
    this.#lastWrite = done.catch(() => {})
    return done
  }

  /** Undefined when there is none; empty, and so no library, when it cannot be read. */
  async #read(): Promise<string | undefined> {
    const { path } = this.#parts
    try {
      const { size } = await stat(path)
      return size > MAX_LIBRARY_BYTES ? '' : await readFile(path, 'utf8')
    } catch (error) {
      return error instanceof Error && Reflect.get(error, 'code') === 'ENOENT' ? undefined : ''
    }
  }

  async #write(text: string): Promise<void> {
    const { path } = this.#parts
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFileAtomic(path, text, { mode: 0o600 })
    } catch (error) {
      throw new AppError('bridges-not-written', 'the file with the bridges could not be written', {
        cause: error,
      })
    }
  }

  async #keepBroken(): Promise<void> {
    const { path, clock, log } = this.#parts
    const date = new Date(clock.wallMs()).toISOString().replaceAll(/[:.]/g, '-')
    const backup = `${basename(path, '.json')}.broken-${date}.json`
    try {
      await copyFile(path, join(dirname(path), backup))
      log(
        'warn',
        `the file with the bridges is not readable; it is kept as ${backup}, and there are no bridges now`,
      )
    } catch {
      log(
        'warn',
        'the file with the bridges is not readable and could not be copied; there are no bridges now',
      )
    }
  }
}
