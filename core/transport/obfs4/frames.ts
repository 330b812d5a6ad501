/**
 * obfs4's frames and the packets in them: `mask ^ length (2) | tag (16) | type (1) | length (2) | payload | zeros`, the
 * last four encrypted. Batches go through in one call each way; nothing is kept but a frame that has not all arrived.
 */
import {
  SECRETBOX_KEY_BYTES,
  SECRETBOX_NONCE_PREFIX_BYTES,
  SECRETBOX_TAG_BYTES,
  Secretbox,
} from '../../crypto/secretbox.ts'
import { TorError } from '../../util/errors.ts'
import { type Random, randomBelow } from '../../util/random.ts'
import { DRBG_SEED_BYTES, Drbg } from './drbg.ts'

/** A TCP segment on Ethernet. */
export const MAX_SEGMENT_BYTES = 1448
const LENGTH_BYTES = 2
const PACKET_HEADER_BYTES = 3
/** What a frame has beside payload and padding. */
export const FRAME_OVERHEAD_BYTES = LENGTH_BYTES + SECRETBOX_TAG_BYTES + PACKET_HEADER_BYTES
export const MAX_PAYLOAD_BYTES = MAX_SEGMENT_BYTES - FRAME_OVERHEAD_BYTES
const MAX_PACKET_BYTES = PACKET_HEADER_BYTES + MAX_PAYLOAD_BYTES
const MIN_BOX_BYTES = SECRETBOX_TAG_BYTES
const MAX_BOX_BYTES = MAX_SEGMENT_BYTES - LENGTH_BYTES

/** Of one direction: secretbox key, nonce prefix, seed of the length masks. */
export const FRAME_KEY_BYTES = SECRETBOX_KEY_BYTES + SECRETBOX_NONCE_PREFIX_BYTES + DRBG_SEED_BYTES

const TYPE_PAYLOAD = 0
const TYPE_PRNG_SEED = 1
const NOTHING: Buffer = Buffer.alloc(0)

function cut(keys: Buffer): { box: Secretbox; masks: Drbg } {
  const prefixEnd = SECRETBOX_KEY_BYTES + SECRETBOX_NONCE_PREFIX_BYTES
  const prefix = keys.subarray(SECRETBOX_KEY_BYTES, prefixEnd)
  return {
    box: new Secretbox(keys.subarray(0, SECRETBOX_KEY_BYTES), prefix, MAX_PACKET_BYTES),
    masks: new Drbg(keys.subarray(prefixEnd, FRAME_KEY_BYTES)),
  }
}

/** The caller may wipe the keys that it gave. */
export class FrameEncoder {
  readonly #box: Secretbox
  readonly #masks: Drbg

  constructor(keys: Buffer) {
    const { box, masks } = cut(keys)
    this.#box = box
    this.#masks = masks
  }

  /** Writes one frame of payload and `paddingBytes` zeros to `into` and returns where it ends. */
  encode(payload: Uint8Array, paddingBytes: number, into: Buffer, offset: number): number {
    const packetBytes = PACKET_HEADER_BYTES + payload.length + paddingBytes
    if (packetBytes > MAX_PACKET_BYTES) throw new TorError('internal', `no frame has ${packetBytes} bytes`)
    const packet = this.#box.plaintext(packetBytes)
    packet[0] = TYPE_PAYLOAD
    packet[1] = payload.length >> 8
    packet[2] = payload.length & 0xff
    packet.set(payload, PACKET_HEADER_BYTES)
    packet.fill(0, PACKET_HEADER_BYTES + payload.length)
    const boxBytes = SECRETBOX_TAG_BYTES + packetBytes
    into.writeUInt16BE(boxBytes ^ this.#masks.nextLengthMask(), offset)
    this.#box.seal(packetBytes, into, offset + LENGTH_BYTES)
    return offset + LENGTH_BYTES + boxBytes
  }

  wipe(): void {
    this.#box.wipe()
    this.#masks.wipe()
  }
}

export interface FrameSink {
  /** A view that is valid during the call only; 24 bytes. */
  onSeed(seed: Buffer): void
}

export class FrameDecoder {
  readonly #box: Secretbox
  readonly #masks: Drbg
  readonly #sink: FrameSink
  readonly #random: Random
  #rest: Buffer = NOTHING
  /** Of the frame that comes next, when its length is known. */
  #boxBytes: number | undefined
  #isForged = false

  constructor(keys: Buffer, sink: FrameSink, random: Random) {
    const { box, masks } = cut(keys)
    this.#box = box
    this.#masks = masks
    this.#sink = sink
    this.#random = random
  }

  /** Whether the last frame that began has not all come. */
  get isInFrame(): boolean {
    return this.#rest.length > 0 || this.#boxBytes !== undefined
  }

  /**
   * The payload of all frames that are now complete: it is written over `bytes`, which are the decoder's from now on.
   * Throws `protocol-violation`; the connection ends then, because no later frame can be read.
   */
  decode(bytes: Buffer): Buffer {
    const input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let payloadBytes = 0
    let offset = 0
    for (;;) {
      if (this.#boxBytes === undefined) {
        if (input.length - offset < LENGTH_BYTES) break
        this.#boxBytes = this.#readLength(input.readUInt16BE(offset))
        offset += LENGTH_BYTES
      }
      const end = offset + this.#boxBytes
      if (input.length < end) break
      payloadBytes += this.#readFrame(input.subarray(offset, end), input, payloadBytes)
      this.#boxBytes = undefined
      offset = end
    }
    // A copy, so that a few bytes do not hold a whole read in memory.
    this.#rest = offset === input.length ? NOTHING : Buffer.from(input.subarray(offset))
    return input.subarray(0, payloadBytes)
  }

  wipe(): void {
    this.#box.wipe()
    this.#masks.wipe()
    this.#rest.fill(0)
  }

  /**
   * A length that no frame has is not complained of at once: whoever changed it would learn where the lengths are. So
   * many bytes are read as some frame might have, and then that frame is refused.
   */
  #readLength(masked: number): number {
    const length = masked ^ this.#masks.nextLengthMask()
    if (length >= MIN_BOX_BYTES && length <= MAX_BOX_BYTES) return length
    this.#isForged = true
    return MIN_BOX_BYTES + randomBelow(this.#random, MAX_BOX_BYTES - MIN_BOX_BYTES + 1)
  }

  /** Returns how many bytes of payload it has written. */
  #readFrame(boxed: Buffer, into: Buffer, offset: number): number {
    const packet = this.#box.open(boxed)
    if (packet === undefined || this.#isForged) throw violation('sent a frame that is not genuine')
    if (packet.length < PACKET_HEADER_BYTES) throw violation('sent a packet without a header')
    const [type = 0, high = 0, low = 0] = packet
    const end = PACKET_HEADER_BYTES + ((high << 8) | low)
    if (end > packet.length) throw violation('sent a packet that is shorter than it says')
    const payload = packet.subarray(PACKET_HEADER_BYTES, end)
    // Packets of a type, or a seed of a length, that a later version may have are passed over.
    if (type === TYPE_PRNG_SEED && payload.length === DRBG_SEED_BYTES) this.#sink.onSeed(Buffer.from(payload))
    if (type !== TYPE_PAYLOAD) return 0
    into.set(payload, offset)
    return payload.length
  }
}

function violation(what: string): TorError {
  return new TorError('protocol-violation', `the bridge's obfs4 ${what}`, { retry: 'elsewhere' })
}
