/** A state store that forgets everything when the process ends: for clients without a DataDirectory and for tests. */
import { concatBytes } from '../util/bytes.ts'
import {
  checkDocumentName,
  checkDocumentSize,
  closedStore,
  MAX_BACKUPS,
  type StateStore,
} from './state-store.ts'

export class MemoryStateStore implements StateStore {
  /** In order of creation, which stands in for the file dates. */
  readonly #documents = new Map<string, Buffer>()
  #isClosed = false

  async read(name: string): Promise<Uint8Array | undefined> {
    this.#check(name)
    const bytes = this.#documents.get(name)
    return bytes === undefined ? undefined : Buffer.from(bytes)
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    this.#check(name)
    checkDocumentSize(name, bytes.length)
    this.#documents.set(name, Buffer.from(bytes))
  }

  async append(name: string, bytes: Uint8Array): Promise<void> {
    this.#check(name)
    const whole = concatBytes(this.#documents.get(name) ?? Buffer.alloc(0), bytes)
    checkDocumentSize(name, whole.length)
    this.#documents.set(name, whole)
  }

  async remove(name: string): Promise<void> {
    this.#check(name)
    this.#documents.delete(name)
  }

  async keepBackup(name: string): Promise<string | undefined> {
    this.#check(name)
    const bytes = this.#documents.get(name)
    if (bytes === undefined) return undefined
    const backup = this.#backupName(name)
    this.#documents.delete(name)
    this.#documents.delete(backup)
    this.#documents.set(backup, bytes)
    return backup
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  /** What is there, backups too: for tests. */
  names(): string[] {
    return [...this.#documents.keys()]
  }

  /** Any document's bytes, backups too: for tests. */
  peek(name: string): Uint8Array | undefined {
    return this.#documents.get(name)
  }

  #check(name: string): void {
    checkDocumentName(name)
    if (this.#isClosed) throw closedStore()
  }

  #backupName(name: string): string {
    for (let n = 1; n <= MAX_BACKUPS; n++) {
      if (!this.#documents.has(`${name}.bad-${n}`)) return `${name}.bad-${n}`
    }
    const oldest = this.names().find((other) => other.startsWith(`${name}.bad-`))
    return oldest ?? `${name}.bad-1`
  }
}
