/**
 * The primitives that the data path and ntor-v3 stand on, as interfaces, so that `calibration.ts` can put node:crypto
 * or the portable implementation behind them. Node's own Cipher and Hash objects satisfy them without a wrapper.
 */

/** A running key stream: AES in counter mode, never restarted. */
export interface StreamCipher {
  /** Returns the bytes XORed with the next stretch of the key stream, in new memory that the caller owns. */
  update(bytes: Uint8Array): Buffer
  /** Frees the key schedule; `update` must not be called after it. */
  final(): unknown
}

/** A hash that goes on running while digests of it so far are taken from copies. */
export interface RunningHash {
  update(bytes: Uint8Array): unknown
  /** An independent hash in the same state. */
  copy(): RunningHash
  /** Ends this object: nothing but garbage collection may follow. The caller owns the result. */
  digest(): Buffer
  /** The same as a string, one character a byte, which costs half: no Buffer is made. */
  digest(encoding: 'binary'): string
}

/** Makes a cipher over `key` (16 or 32 bytes) with a zero IV, `byteOffset` bytes into its key stream. */
export type AesCtrFactory = (key: Uint8Array, byteOffset: number) => StreamCipher

export type RunningSha1Factory = () => RunningHash

/** SHA3-256 and SHAKE-256: one family, one choice. */
export interface Sha3Functions {
  readonly sha3_256: (parts: readonly Uint8Array[]) => Buffer
  readonly shake256: (length: number, parts: readonly Uint8Array[]) => Buffer
}

/** One implementation of each. */
export interface Primitives {
  readonly createAesCtr: AesCtrFactory
  readonly createRunningSha1: RunningSha1Factory
  readonly sha3: Sha3Functions
}
