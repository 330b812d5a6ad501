/**
 * tor1 relay crypto, the client's side of one hop (tor-spec 5.5 and 6.1): AES-128-CTR and SHA-1, both running, over v0
 * relay cells. All of a batch goes through one cipher call, and on the way in one digest authenticates a whole segment.
 */
import { TorError, protocolViolation } from '../util/errors.ts'
import { noteSpentBuffer } from '../util/spent-buffers.ts'
import { createAesCtr } from './aes-ctr.ts'
import { createRunningSha1 } from './hash.ts'
import type { RunningHash, StreamCipher } from './primitives.ts'
import type { OpenedBatch, OriginatedBatch, PeeledBatch, RelayCrypto, TagPlan } from './relay-crypto.ts'

/** Df 20, Db 20, Kf 16, Kb 16: what a handshake must give for one hop. */
export const TOR1_KEY_BYTES = 72

const SEED_BYTES = 20
const KEY_BYTES = 16
const TAG_BYTES = 20

const CELL_BYTES = 509
/** The v0 header: command 1, recognized 2, stream 2, digest 4, length 2. */
const DIGEST_OFFSET = 5
const AFTER_DIGEST_OFFSET = 9
const DATA_COMMAND = 2

const ZERO_DIGEST = Buffer.alloc(AFTER_DIGEST_OFFSET - DIGEST_OFFSET)
const NONE: readonly never[] = []

/** Takes 72 bytes (`TOR1_KEY_BYTES`) of key material and wipes them. */
export function createTor1RelayCrypto(keyMaterial: Buffer): RelayCrypto {
  if (keyMaterial.length !== TOR1_KEY_BYTES) {
    throw new TorError('internal', `tor1 takes ${TOR1_KEY_BYTES} bytes of keys, not ${keyMaterial.length}`)
  }
  const forwardKeyStart = 2 * SEED_BYTES
  const backwardKeyStart = forwardKeyStart + KEY_BYTES
  const crypto = new Tor1RelayCrypto(
    {
      digest: seededSha1(keyMaterial.subarray(0, SEED_BYTES)),
      cipher: createAesCtr(keyMaterial.subarray(forwardKeyStart, backwardKeyStart)),
    },
    {
      digest: seededSha1(keyMaterial.subarray(SEED_BYTES, forwardKeyStart)),
      cipher: createAesCtr(keyMaterial.subarray(backwardKeyStart)),
    },
  )
  keyMaterial.fill(0)
  return crypto
}

/** The running state of one direction. */
interface Tor1Direction {
  digest: RunningHash
  readonly cipher: StreamCipher
}

class Tor1RelayCrypto implements RelayCrypto {
  readonly tagBytes = TAG_BYTES
  readonly #forward: Tor1Direction
  readonly #backward: Tor1Direction
  #isUsable = true

  constructor(forward: Tor1Direction, backward: Tor1Direction) {
    this.#forward = forward
    this.#backward = backward
  }

  originate(cells: Buffer, count: number, _cellCommand: number, tagAt: readonly number[]): OriginatedBatch {
    const batch = this.#batchOf(cells, count)
    const running = this.#forward.digest
    const tags: Buffer[] = []
    let at = 0
    for (let index = 0; index < count; index++) {
      running.update(batch.subarray(at, at + CELL_BYTES))
      // Each cell carries its own digest: as a string it costs half of what a Buffer does, and that is most of an upload.
      const digest = running.copy().digest('binary')
      writeDigest(batch, at + DIGEST_OFFSET, digest)
      if (tagAt[tags.length] === index) tags.push(Buffer.from(digest, 'binary'))
      at += CELL_BYTES
    }
    return { cells: runCipher(this.#forward.cipher, batch), tags }
  }

  encrypt(cells: Buffer, count: number, _cellCommand: number): Buffer {
    return runCipher(this.#forward.cipher, this.#batchOf(cells, count))
  }

  peel(cells: Buffer, count: number): PeeledBatch {
    const plain = runCipher(this.#backward.cipher, this.#batchOf(cells, count))
    let recognized: number[] | undefined
    let at = 0
    for (let index = 0; index < count; index++) {
      // One foreign cell in 65536 gets past the first test by chance.
      if (isRecognizedZero(plain, at) && this.#acceptIfOwn(plain, at)) {
        recognized ??= []
        recognized.push(index)
      }
      at += CELL_BYTES
    }
    return { cells: plain, recognized: recognized ?? NONE }
  }

  /**
   * The running digest covers every earlier cell of this hop, so the digest of the last cell of a segment speaks for the
   * whole segment: whoever changes, drops, adds or swaps a cell must guess 32 bits, as if each had been checked. Segments
   * end where a SENDME needs the full digest, and with the batch. The digest fields of the other cells are not looked
   * at: they come out as zero, so nobody can see through them what was done to them.
   */
  open(cells: Buffer, count: number, plan: TagPlan): OpenedBatch {
    const plain = runCipher(this.#backward.cipher, this.#batchOf(cells, count))
    const running = this.#backward.digest
    const tags: Buffer[] = []
    let dataUntilTag = plan.first
    let segmentStart = 0
    let wrongBits = 0
    for (let at = 0; at < plain.length; ) {
      const start = at
      at += CELL_BYTES
      wrongBits |= (plain[start + 1] as number) | (plain[start + 2] as number)
      const isTagged = plain[start] === DATA_COMMAND && --dataUntilTag === 0
      if (!isTagged && at < plain.length) {
        clearDigest(plain, start + DIGEST_OFFSET)
        continue
      }
      const claimed = takeDigest(plain, start + DIGEST_OFFSET)
      running.update(plain.subarray(segmentStart, at))
      const digest = running.copy().digest()
      wrongBits |= claimed ^ firstWord(digest)
      segmentStart = at
      if (isTagged) {
        tags.push(digest)
        dataUntilTag = plan.every
      }
    }
    if (wrongBits !== 0) {
      this.destroy()
      throw protocolViolation('a relay cell came from no hop of its circuit, or was changed on the way')
    }
    return { cells: plain, tags }
  }

  destroy(): void {
    if (!this.#isUsable) return
    this.#isUsable = false
    for (const direction of [this.#forward, this.#backward]) {
      direction.cipher.final()
      direction.digest.digest()
    }
  }

  /** Checks the digest of a cell that may be this hop's; only a real match moves the running digest. */
  #acceptIfOwn(plain: Buffer, at: number): boolean {
    const candidate = this.#backward.digest.copy()
    candidate.update(plain.subarray(at, at + DIGEST_OFFSET))
    candidate.update(ZERO_DIGEST)
    candidate.update(plain.subarray(at + AFTER_DIGEST_OFFSET, at + CELL_BYTES))
    const digest = candidate.copy().digest()
    if (firstWord(digest) !== readWord(plain, at + DIGEST_OFFSET)) return false
    this.#backward.digest = candidate
    return true
  }

  #batchOf(cells: Buffer, count: number): Buffer {
    if (!this.#isUsable) throw new TorError('closed', 'the keys of this hop are gone')
    const length = count * CELL_BYTES
    if (cells.length === length) return cells
    if (cells.length < length)
      throw new TorError('internal', `${count} cells do not fit ${cells.length} bytes`)
    return cells.subarray(0, length)
  }
}

function seededSha1(seed: Uint8Array): RunningHash {
  const hash = createRunningSha1()
  hash.update(seed)
  return hash
}

function isRecognizedZero(cells: Buffer, at: number): boolean {
  return ((cells[at + 1] as number) | (cells[at + 2] as number)) === 0
}

function readWord(bytes: Buffer, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  )
}

function firstWord(digest: Buffer): number {
  return readWord(digest, 0)
}

function clearDigest(cells: Buffer, at: number): void {
  cells[at] = 0
  cells[at + 1] = 0
  cells[at + 2] = 0
  cells[at + 3] = 0
}

function takeDigest(cells: Buffer, at: number): number {
  const word = readWord(cells, at)
  clearDigest(cells, at)
  return word
}

/** The first four bytes of a digest that is given one character a byte. */
function writeDigest(cells: Buffer, at: number, digest: string): void {
  cells[at] = digest.charCodeAt(0)
  cells[at + 1] = digest.charCodeAt(1)
  cells[at + 2] = digest.charCodeAt(2)
  cells[at + 3] = digest.charCodeAt(3)
}

/** Node makes a buffer for each call, which the next layer or the application's socket has done with at once. */
function runCipher(cipher: StreamCipher, batch: Buffer): Buffer {
  noteSpentBuffer(batch.length)
  return cipher.update(batch)
}
