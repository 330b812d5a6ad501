/**
 * Where the client keeps what must survive a restart: whole documents by name. This is the only view that the layers
 * above have of the disk.
 */
import { TorError } from '../util/errors.ts'

export interface StateStore {
  /** The whole document in memory that the caller owns, or undefined when there is none. Throws `state`. */
  read(name: string): Promise<Uint8Array | undefined>
  /**
   * Replaces the document: after a crash at any moment either the old or the new one is there, whole. Writes of one
   * name happen in the order of their calls. The bytes must not change until the promise settles. Throws `state`.
   */
  write(name: string, bytes: Uint8Array): Promise<void>
  /** Adds to the document's end, making it when missing. A crash may leave a torn tail, a full disk
   * does not. Throws `state`. */
  append(name: string, bytes: Uint8Array): Promise<void>
  /** No error when the document does not exist. Throws `state`. */
  remove(name: string): Promise<void>
  /**
   * Moves the document aside as `<name>.bad-<n>` and returns that name, or undefined when there is no document. At
   * most `MAX_BACKUPS` are kept; then the oldest makes room. Throws `state`.
   */
  keepBackup(name: string): Promise<string | undefined>
  /** Waits for the writes under way and gives the store to others; calling it again does nothing. */
  close(): Promise<void>
}

/** Enough to look into what went wrong, and no way to fill a disk by failing at every start. */
export const MAX_BACKUPS = 5

/** The largest document is the microdescriptor cache, some ten megabytes; more than this is not ours to load. */
export const MAX_DOCUMENT_BYTES = 128 * 2 ** 20

/** Lower case only, for file systems that do not tell cases apart; no separator and no leading dot, so no way out. */
const DOCUMENT_NAME = /^[a-z0-9][a-z0-9._-]{0,99}$/
const RESERVED_NAME = /^lock$|\.tmp$|\.bad-[0-9]+$/

/** Throws `internal`: names are ours, so a bad one is a bug. */
export function checkDocumentName(name: string): void {
  if (!DOCUMENT_NAME.test(name) || RESERVED_NAME.test(name)) {
    throw new TorError('internal', `"${name}" is not a document name`)
  }
}

export function checkDocumentSize(name: string, sizeBytes: number): void {
  if (sizeBytes > MAX_DOCUMENT_BYTES) {
    throw new TorError(
      'state',
      `${name} has ${sizeBytes} bytes, more than the limit of ${MAX_DOCUMENT_BYTES}`,
    )
  }
}

export function closedStore(): TorError {
  return new TorError('closed', 'the state store is closed')
}
