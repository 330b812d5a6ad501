/**
 * What an application sent before it had an answer (optimistic data, proposal 174): kept as a copy for the next exit
 * while the first may still fail, and dropped as soon as one has connected.
 */
import { TorError } from '../util/errors.ts'

/** More than a stream's window of 500 cells could not leave before CONNECTED anyway. */
export const MAX_INITIAL_DATA_BYTES = 249_000

export class InitialData {
  #bytes: Buffer | undefined

  /** Throws `limit` for more than could leave ahead of the answer. */
  constructor(bytes: Uint8Array | undefined) {
    if (bytes !== undefined && bytes.length > MAX_INITIAL_DATA_BYTES) {
      throw new TorError('limit', `more than ${MAX_INITIAL_DATA_BYTES} bytes to send ahead of the answer`)
    }
    this.#bytes = bytes === undefined || bytes.length === 0 ? undefined : Buffer.from(bytes)
  }

  /** For one more try. */
  get bytes(): Buffer | undefined {
    return this.#bytes
  }

  /** An exit has connected, or none will. */
  drop(): void {
    this.#bytes = undefined
  }
}
