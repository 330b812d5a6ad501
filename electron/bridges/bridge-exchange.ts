/**
 * Bridges to a file and back. Where the file lies is asked by main in the system's own dialog, so that the page never
 * names a path; what comes in is only text for the person to look at, added by the same command as pasted lines.
 */
import { readFile, stat } from 'node:fs/promises'
import writeFileAtomic from 'write-file-atomic'
import { AppError } from '../app-error.ts'
import type { BridgeFileContent, BridgeView } from '../ipc/snapshot-bridges.ts'
import type { BridgeFilesPart } from '../parts.ts'
import {
  MAX_BRIDGE_FILE_BYTES,
  plainFileText,
  readBridgeFile,
  type SealedBridges,
  sealBridges,
  unsealBridges,
} from './bridge-file.ts'

/** The system's dialogs; undefined when the person gives up. */
export interface FileDialogs {
  saveTo(name: string): Promise<string | undefined>
  open(): Promise<string | undefined>
}

export interface BridgeExchangeParts {
  readonly dialogs: FileDialogs
  readonly bridges: () => readonly BridgeView[]
}

/** Says what it is to whoever looks for it; the person can name it otherwise in the dialog. */
const SEALED_NAME = 'bridges.json'
const PLAIN_NAME = 'bridges.txt'

export class BridgeExchange implements BridgeFilesPart {
  readonly #parts: BridgeExchangeParts
  /** Chosen, and waiting for its passphrase. */
  #locked: SealedBridges | undefined
  /** Two dialogs at once would only confuse; two derivations of a key take twice the memory. */
  #isBusy = false

  constructor(parts: BridgeExchangeParts) {
    this.#parts = parts
  }

  save(ids: readonly string[], passphrase: string | null): Promise<'saved' | 'cancelled'> {
    return this.#alone(async () => {
      const wanted = new Set(ids)
      const lines = this.#parts.bridges().flatMap(({ id, line }) => (wanted.has(id) ? [line] : []))
      if (lines.length === 0) throw new AppError('no-bridges', 'none of these bridges is there')
      const path = await this.#parts.dialogs.saveTo(passphrase === null ? PLAIN_NAME : SEALED_NAME)
      if (path === undefined) return 'cancelled'
      await write(path, passphrase === null ? plainFileText(lines) : await sealBridges(lines, passphrase))
      return 'saved'
    })
  }

  open(): Promise<BridgeFileContent> {
    return this.#alone(async () => {
      this.#locked = undefined
      const path = await this.#parts.dialogs.open()
      if (path === undefined) return { kind: 'cancelled' }
      const file = readBridgeFile(await read(path))
      if (file.kind === 'text') return file
      this.#locked = file.sealed
      return { kind: 'locked' }
    })
  }

  /** May be tried again with another passphrase until the file is open. */
  unlock(passphrase: string): Promise<string> {
    return this.#alone(async () => {
      if (this.#locked === undefined) throw new AppError('aborted', 'no file waits for a passphrase')
      const text = await unsealBridges(this.#locked, passphrase)
      this.#locked = undefined
      return text
    })
  }

  async #alone<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.#isBusy) throw new AppError('too-many', 'a file with bridges is being chosen or read already')
    this.#isBusy = true
    try {
      return await work()
    } finally {
      this.#isBusy = false
    }
  }
}

async function write(path: string, text: string): Promise<void> {
  try {
    await writeFileAtomic(path, text, { mode: 0o600 })
  } catch (error) {
    throw new AppError('bridge-file-not-written', 'the file could not be written there', { cause: error })
  }
}

async function read(path: string): Promise<Uint8Array> {
  try {
    const file = await stat(path)
    // A pipe or a device would never end.
    if (!file.isFile()) throw new Error('it is no file')
    if (file.size > MAX_BRIDGE_FILE_BYTES) return new Uint8Array(MAX_BRIDGE_FILE_BYTES + 1)
    return await readFile(path)
  } catch (error) {
    throw new AppError('bridge-file-unreadable', 'the file could not be read', { cause: error })
  }
}
