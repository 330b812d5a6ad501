/**
 * The journal's file: readable by its owner alone, replaced as a whole, and on the disk for good before anybody goes on.
 * A link, somebody else's file or one that others may write is not read at all: its values would be given to the system.
 */
import { constants } from 'node:fs'
import { mkdir, open, rename, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { JournalDisk } from './journal.ts'

/** A hundred times what a system with many network services needs. */
const MAX_JOURNAL_BYTES = 4_000_000
const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

export class PrivateJournalFile implements JournalDisk {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  async read(): Promise<string | undefined> {
    let handle
    try {
      // Windows has no such flag, and links there need rights that a local program does not have.
      handle = await open(this.#path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
    try {
      const about = await handle.stat()
      if (!about.isFile()) throw new Error('it is no file')
      if (about.size > MAX_JOURNAL_BYTES) throw new Error('it is far too large')
      const owner = process.getuid?.()
      if (owner !== undefined && about.uid !== owner) throw new Error('it belongs to somebody else')
      if (owner !== undefined && (about.mode & 0o022) !== 0) throw new Error('others may write it')
      return await handle.readFile('utf8')
    } finally {
      await handle.close()
    }
  }

  async write(text: string): Promise<void> {
    await mkdir(dirname(this.#path), { recursive: true, mode: PRIVATE_FOLDER })
    const draft = `${this.#path}.new`
    // A draft of a run that crashed, or a link that somebody put there: neither is written through.
    await this.#unlink(draft)
    const handle = await open(draft, 'wx', PRIVATE_FILE)
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(draft, this.#path)
    await this.#syncFolder()
  }

  async remove(): Promise<void> {
    await this.#unlink(this.#path)
    await this.#syncFolder()
  }

  async setAside(): Promise<string> {
    const name = `${this.#path}.broken`
    await rename(this.#path, name)
    await this.#syncFolder()
    return join(basename(dirname(name)), basename(name))
  }

  async #unlink(path: string): Promise<void> {
    try {
      await unlink(path)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  /** So that the name, too, survives a loss of power; Windows cannot do it, and does not need it. */
  async #syncFolder(): Promise<void> {
    if (process.platform === 'win32') return
    const folder = await open(dirname(this.#path), constants.O_RDONLY)
    try {
      await folder.sync()
    } finally {
      await folder.close()
    }
  }
}
