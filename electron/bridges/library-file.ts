/**
 * The file with the bridges: private to the user, written whole and atomically. A broken one is kept under a dated name
 * and said: its bridges may be the only way out that somebody has.
 */
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import { GuardedFile } from '../guarded-file.ts'
import type { FileTrouble } from '../ipc/file-trouble.ts'
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
  /** Set when there was a library that could not be used as it lay there. */
  readonly trouble: FileTrouble | undefined
  /** Never rejects: what cannot be read is empty, and was said. */
  load(): Promise<LibraryDocument>
  /** Rejects with an AppError. */
  save(document: LibraryDocument): Promise<void>
}

export interface LibraryFileParts {
  readonly path: string
  readonly clock: Pick<Clock, 'wallMs' | 'setTimer'>
  readonly log: AppLog
}

export class LibraryFile implements LibraryStore {
  readonly #file: GuardedFile
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(parts: LibraryFileParts) {
    this.#file = new GuardedFile({
      ...parts,
      name: 'the file with the bridges',
      without: 'there are no bridges now',
      maxBytes: MAX_LIBRARY_BYTES,
      keepsNewestOnly: false,
    })
  }

  get trouble(): FileTrouble | undefined {
    return this.#file.trouble
  }

  async load(): Promise<LibraryDocument> {
    const text = await this.#file.read()
    if (text === undefined) return EMPTY_LIBRARY
    const document = readLibrary(text)
    if (document === undefined) await this.#file.keepBroken('is not readable')
    return document ?? EMPTY_LIBRARY
  }

  /** In the order of the calls. */
  save(document: LibraryDocument): Promise<void> {
    const done = this.#lastWrite.then(() => this.#write(writeLibrary(document)))
    this.#lastWrite = done.catch(() => {})
    return done
  }

  async #write(text: string): Promise<void> {
    try {
      await this.#file.write(text)
    } catch (error) {
      throw new AppError('bridges-not-written', 'the file with the bridges could not be written', {
        cause: error,
      })
    }
  }
}
