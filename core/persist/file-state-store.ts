/** The DataDirectory on disk as a state store: private, locked by one process, every document replaced as a whole. */
import * as fs from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Clock, systemClock } from '../util/clock.ts'
import { systemCodeOf, TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { Random } from '../util/random.ts'
import { type AtomicFileSystem, replaceFile, TEMPORARY_FILE } from './atomic-file.ts'
import { preparePrivateDirectory } from './data-directory.ts'
import { type DirectoryLock, lockDirectory } from './directory-lock.ts'
import { type ProcessTable, systemProcesses } from './process-identity.ts'
import {
  checkDocumentName,
  checkDocumentSize,
  closedStore,
  MAX_BACKUPS,
  type StateStore,
} from './state-store.ts'

export interface FileStateStoreParts {
  /** Names temporary files and this process's lock. */
  readonly random: Random
  readonly log: Logger
  readonly clock?: Clock
  /** Replaced by tests only, as the next one. */
  readonly fileSystem?: AtomicFileSystem
  readonly processes?: ProcessTable
}

/** Documents, not links to them, and no waiting on a pipe that somebody put there. */
const READ_FLAGS = fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0) | (fs.constants.O_NONBLOCK ?? 0)

/**
 * Prepares the directory, takes its lock and removes what a crash left half-written. Throws `state`, in words for the
 * user, when the directory cannot be made private or another process holds it.
 */
export async function openFileStateStore(
  dataDirectory: string,
  parts: FileStateStoreParts,
): Promise<FileStateStore> {
  const directory = resolve(dataDirectory)
  const log = parts.log.in('fs')
  await preparePrivateDirectory(directory, log)
  const lock = await lockDirectory(directory, {
    processes: parts.processes ?? systemProcesses,
    random: parts.random,
    clock: parts.clock ?? systemClock,
    log,
  })
  try {
    await removeTemporaryFiles(directory)
  } catch (error) {
    await lock.release()
    throw toTorError(error, 'state', `the DataDirectory ${directory} cannot be listed`)
  }
  return new FileStateStore(directory, lock, parts.random, parts.fileSystem ?? fs)
}

async function removeTemporaryFiles(directory: string): Promise<void> {
  for (const name of await fs.readdir(directory)) {
    if (TEMPORARY_FILE.test(name)) await fs.rm(`${directory}/${name}`, { force: true })
  }
}

/** Also for those who only look while nobody, or somebody else, holds the directory: documents are replaced as a whole. */
export async function readDocumentFile(directory: string, name: string): Promise<Uint8Array | undefined> {
  const path = `${directory}/${name}`
  const file = await openIfPresent(path)
  if (file === undefined) return undefined
  try {
    const status = await file.stat()
    if (!status.isFile()) throw new TorError('state', `${path} is not a regular file`)
    checkDocumentSize(name, status.size)
    return await file.readFile()
  } finally {
    await file.close()
  }
}

/** Made by `openFileStateStore`; owns the directory's lock until `close`. */
export class FileStateStore implements StateStore {
  readonly directory: string
  readonly #lock: DirectoryLock
  readonly #random: Random
  readonly #fileSystem: AtomicFileSystem
  /** The last operation under way for each name: operations of one name never overlap. */
  readonly #queues = new Map<string, Promise<void>>()
  #closing: Promise<void> | undefined

  constructor(directory: string, lock: DirectoryLock, random: Random, fileSystem: AtomicFileSystem) {
    this.directory = directory
    this.#lock = lock
    this.#random = random
    this.#fileSystem = fileSystem
  }

  read(name: string): Promise<Uint8Array | undefined> {
    return this.#enqueue(name, 'read', () => readDocumentFile(this.directory, name))
  }

  write(name: string, bytes: Uint8Array): Promise<void> {
    return this.#enqueue(name, 'written', async () => {
      checkDocumentSize(name, bytes.length)
      await replaceFile(this.#fileSystem, this.#random, this.directory, name, bytes)
    })
  }

  append(name: string, bytes: Uint8Array): Promise<void> {
    return this.#enqueue(name, 'extended', async (path) => {
      const flags = fs.constants.O_APPEND | fs.constants.O_CREAT | fs.constants.O_WRONLY
      const file = await fs.open(path, flags | (fs.constants.O_NOFOLLOW ?? 0), 0o600)
      try {
        const { size } = await file.stat()
        checkDocumentSize(name, size + bytes.length)
        try {
          await file.writeFile(bytes)
        } catch (error) {
          // A part that a full disk still took would stand torn in the middle once there is room for more. By its path:
          // Windows lets nobody cut a file by a handle that may only append.
          await fs.truncate(path, size).catch(() => {})
          throw error
        }
      } finally {
        await file.close()
      }
    })
  }

  remove(name: string): Promise<void> {
    return this.#enqueue(name, 'removed', (path) => fs.rm(path, { force: true }))
  }

  keepBackup(name: string): Promise<string | undefined> {
    return this.#enqueue(name, 'set aside', async (path) => {
      const backup = await this.#backupName(name)
      try {
        await fs.rename(path, `${this.directory}/${backup}`)
        return backup
      } catch (error) {
        if (systemCodeOf(error) === 'ENOENT') return undefined
        throw error
      }
    })
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all(this.#queues.values()).then(() => this.#lock.release())
    return this.#closing
  }

  /** Runs `work` after what is under way for this name, and says name and deed in its error. */
  async #enqueue<T>(name: string, deed: string, work: (path: string) => Promise<T>): Promise<T> {
    checkDocumentName(name)
    if (this.#closing !== undefined) throw closedStore()
    const path = `${this.directory}/${name}`
    const result = (this.#queues.get(name) ?? Promise.resolve()).then(() => work(path))
    const settled = result.then(
      () => {},
      () => {},
    )
    this.#queues.set(name, settled)
    try {
      return await result
    } catch (error) {
      throw toTorError(error, 'state', `${path} cannot be ${deed}`)
    } finally {
      if (this.#queues.get(name) === settled) this.#queues.delete(name)
    }
  }

  /** The first free number, or the number of the oldest backup. */
  async #backupName(name: string): Promise<string> {
    let oldest = { name: `${name}.bad-1`, modifiedMs: Number.POSITIVE_INFINITY }
    for (let n = 1; n <= MAX_BACKUPS; n++) {
      const candidate = `${name}.bad-${n}`
      const status = await statIfPresent(`${this.directory}/${candidate}`)
      if (status === undefined) return candidate
      if (status.mtimeMs < oldest.modifiedMs) oldest = { name: candidate, modifiedMs: status.mtimeMs }
    }
    return oldest.name
  }
}

async function openIfPresent(path: string): Promise<fs.FileHandle | undefined> {
  try {
    return await fs.open(path, READ_FLAGS)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function statIfPresent(path: string): Promise<{ mtimeMs: number } | undefined> {
  try {
    return await fs.lstat(path)
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}
