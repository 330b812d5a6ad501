/**
 * The descriptors of the user's bridges on disk, so that a start need not wait for them. The disk is not trusted: each
 * is proved anew, and serves only the bridge whose fingerprint its line names.
 */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import {
  MAX_DESCRIPTOR_BYTES,
  parseServerDescriptor,
  type ServerDescriptor,
} from '../netdoc/server-descriptor.ts'
import type { StateStore } from '../persist/state-store.ts'
import { asBuffer } from '../util/bytes.ts'
import { toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { isOfOurTime } from './bridge-fetch.ts'

const DOCUMENT_NAME = 'cached-bridge-descriptors'
/** Each costs some public-key operations; nobody has so many bridges. */
const MAX_DESCRIPTORS = 200

export class BridgeStore {
  readonly #store: StateStore
  readonly #log: Logger
  #writes: Promise<void> = Promise.resolve()
  #saved: string | undefined

  constructor(store: StateStore, log: Logger) {
    this.#store = store
    this.#log = log
  }

  /** Whatever is missing, damaged or not of our time is simply not in the result. Never rejects. */
  async load(nowMs: number): Promise<ReadonlyMap<RsaIdentity, ServerDescriptor>> {
    const found = new Map<RsaIdentity, ServerDescriptor>()
    try {
      const bytes = await this.#store.read(DOCUMENT_NAME)
      if (bytes === undefined || bytes.length > MAX_DESCRIPTORS * MAX_DESCRIPTOR_BYTES) return found
      const texts = asBuffer(bytes)
        .toString('latin1')
        .split(/^(?=router )/m)
      for (const text of texts.slice(0, MAX_DESCRIPTORS)) {
        const descriptor = this.#parse(text)
        if (descriptor !== undefined && isOfOurTime(descriptor, nowMs)) found.set(descriptor.rsa, descriptor)
      }
    } catch (error) {
      this.#log.info('Kept bridge descriptors cannot be read: ', toTorError(error).message)
    }
    return found
  }

  /** These and no others: what a bridge that was taken away said is not kept. */
  save(descriptors: readonly ServerDescriptor[]): void {
    const text = descriptors.map((descriptor) => descriptor.text).join('')
    if (text === this.#saved) return
    this.#saved = text
    this.#writes = this.#writes
      .then(() => this.#store.write(DOCUMENT_NAME, Buffer.from(text, 'latin1')))
      .catch((error: unknown) => {
        // The next call tries again, also with the same ones.
        if (this.#saved === text) this.#saved = undefined
        this.#log.info('Bridge descriptors cannot be kept: ', toTorError(error).message)
      })
  }

  flush(): Promise<void> {
    return this.#writes
  }

  #parse(text: string): ServerDescriptor | undefined {
    try {
      return parseServerDescriptor(text)
    } catch (error) {
      this.#log.info('A kept bridge descriptor is no good: ', toTorError(error).message)
      return undefined
    }
  }
}
