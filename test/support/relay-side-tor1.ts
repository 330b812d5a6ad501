/** The relays' side of tor1 relay crypto, one cell at a time as tor-spec 5.5 and 6.1 tell it, apart from the client's code. */
import { type Cipher, createCipheriv, createHash, type Hash } from 'node:crypto'

export interface SealedCell {
  readonly cell: Buffer
  /** The full running digest up to and with this cell. */
  readonly tag: Buffer
}

export interface ReceivedCell extends SealedCell {
  /** The hop that recognised the cell. */
  readonly hop: number
}

/** A v0 relay cell body of 509 bytes with `data` at most 498 long, padded with zeros. */
export function relayCellBody(command: number, streamId: number, data: Uint8Array): Buffer {
  const body = Buffer.alloc(509)
  body[0] = command
  body.writeUInt16BE(streamId, 3)
  body.writeUInt16BE(data.length, 9)
  body.set(data, 11)
  return body
}

/** One relay of a circuit. Keys are Df 20, Db 20, Kf 16, Kb 16. */
export class RelaySideHop {
  #forwardDigest: Hash
  readonly #backwardDigest: Hash
  readonly #forwardCipher: Cipher
  readonly #backwardCipher: Cipher

  constructor(keys: Uint8Array) {
    const zero = Buffer.alloc(16)
    this.#forwardDigest = createHash('sha1').update(keys.subarray(0, 20))
    this.#backwardDigest = createHash('sha1').update(keys.subarray(20, 40))
    this.#forwardCipher = createCipheriv('aes-128-ctr', keys.subarray(40, 56), zero)
    this.#backwardCipher = createCipheriv('aes-128-ctr', keys.subarray(56, 72), zero)
  }

  /** Seals a cell of this relay's own for the client. The body's digest field must be zero. */
  originate(body: Buffer): SealedCell {
    this.#backwardDigest.update(body)
    const tag = this.#backwardDigest.copy().digest()
    const cell = Buffer.from(body)
    tag.copy(cell, 5, 0, 4)
    return { cell: this.encrypt(cell), tag }
  }

  /** Adds this relay's layer to a cell on its way to the client. */
  encrypt(cell: Buffer): Buffer {
    return this.#backwardCipher.update(cell)
  }

  /** Removes this relay's layer; `tag` is set when the cell is for this relay. */
  receive(cell: Buffer): { readonly cell: Buffer; readonly tag: Buffer | undefined } {
    const plain = this.#forwardCipher.update(cell)
    if (plain.readUInt16BE(1) !== 0) return { cell: plain, tag: undefined }
    const bare = Buffer.from(plain)
    bare.fill(0, 5, 9)
    const digest = this.#forwardDigest.copy().update(bare)
    const tag = digest.copy().digest()
    if (!tag.subarray(0, 4).equals(plain.subarray(5, 9))) return { cell: plain, tag: undefined }
    this.#forwardDigest = digest
    return { cell: plain, tag }
  }
}

/** All relays of a circuit, the guard first. */
export class RelaySideCircuit {
  readonly hops: readonly RelaySideHop[]

  constructor(keys: readonly Uint8Array[]) {
    this.hops = keys.map((hopKeys) => new RelaySideHop(hopKeys))
  }

  /** What arrives at the client when relay number `from` sends this body. */
  send(from: number, body: Buffer): SealedCell {
    let { cell, tag } = this.#hop(from).originate(body)
    for (let hop = from - 1; hop >= 0; hop--) cell = this.#hop(hop).encrypt(cell)
    return { cell, tag }
  }

  /** Lets a client's cell pass until a relay recognises it. Throws when none does. */
  receive(cell: Buffer): ReceivedCell {
    let current = cell
    for (let hop = 0; hop < this.hops.length; hop++) {
      const result = this.#hop(hop).receive(current)
      if (result.tag !== undefined) return { hop, cell: result.cell, tag: result.tag }
      current = result.cell
    }
    throw new Error('no relay recognised the cell')
  }

  #hop(index: number): RelaySideHop {
    const hop = this.hops[index]
    if (hop === undefined) throw new Error(`no hop ${index}`)
    return hop
  }
}
