/**
 * Snowflake's framing of packets in a stream of bytes. A chunk is a prefix of one to three bytes, which says how long it
 * is and whether it is a packet or padding, and its contents. The stream of each proxy begins anew, with who we are.
 */
import { TorError } from '../../util/errors.ts'

/**
 * The longest packet that is of use. The reference implementation keeps so much of a longer one and drops the rest, and
 * a packet that was cut is a damaged one: we drop it whole.
 */
export const MAX_PACKET_BYTES = 1_500

/** The server tells by it that packets follow, and not one bare connection as in Snowflake's first version. */
const TURBO_TUNNEL_TOKEN = Buffer.from('1293605d278175f5', 'hex')

/** By which the server knows that a new proxy carries a session on. */
export const CLIENT_ID_BYTES = 8

const DATA_BIT = 0x80
const FIRST_MORE_BIT = 0x40
const MORE_BIT = 0x80
const MAX_PREFIX_BYTES = 3
const MAX_CHUNK_BYTES = 2 ** 20 - 1

/** What a connection to a proxy begins with. */
export function streamStart(clientId: Uint8Array): Buffer {
  return Buffer.concat([TURBO_TUNNEL_TOKEN, clientId])
}

/** Reads the start at the server; undefined when it is another one. For tests and measurements. */
export function clientIdOfStreamStart(start: Buffer): Buffer | undefined {
  const token = start.subarray(0, TURBO_TUNNEL_TOKEN.length)
  if (!token.equals(TURBO_TUNNEL_TOKEN)) return undefined
  return start.subarray(TURBO_TUNNEL_TOKEN.length, TURBO_TUNNEL_TOKEN.length + CLIENT_ID_BYTES)
}

export const STREAM_START_BYTES = TURBO_TUNNEL_TOKEN.length + CLIENT_ID_BYTES

/** The shortest prefix of a packet of `length` bytes. */
export function packetPrefix(length: number): Buffer {
  if (length < 0 || length > MAX_CHUNK_BYTES) {
    throw new TorError('internal', `a packet of ${length} bytes cannot be encapsulated`)
  }
  if (length < 2 ** 6) return Buffer.of(DATA_BIT | length)
  if (length < 2 ** 13) return Buffer.of(DATA_BIT | FIRST_MORE_BIT | (length >> 7), length & 0x7f)
  return Buffer.of(
    DATA_BIT | FIRST_MORE_BIT | (length >> 14),
    MORE_BIT | ((length >> 7) & 0x7f),
    length & 0x7f,
  )
}

/** Takes the packets out of a stream, however it is cut. Holds one packet at most. */
export class PacketDecoder {
  readonly #onPacket: (packet: Buffer) => void
  readonly #packet = Buffer.allocUnsafeSlow(MAX_PACKET_BYTES)
  /** Of the prefix that has begun. */
  #prefixBytes = 0
  #isData = false
  #length = 0
  /** Of the contents: what is still to come, and what has been kept. */
  #missing = 0
  #kept = 0

  /** `packet` is the decoder's own: valid during the call. */
  constructor(onPacket: (packet: Buffer) => void) {
    this.#onPacket = onPacket
  }

  /** Throws `malformed` for a prefix that is too long; the stream cannot be read on then. */
  decode(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length) {
      if (this.#missing > 0) at += this.#takeContents(bytes.subarray(at))
      else this.#takePrefixByte(bytes[at++] ?? 0)
    }
  }

  #takePrefixByte(byte: number): void {
    const isFirst = this.#prefixBytes === 0
    if (isFirst) this.#isData = (byte & DATA_BIT) !== 0
    this.#length = isFirst ? byte & 0x3f : (this.#length << 7) | (byte & 0x7f)
    this.#prefixBytes++
    if ((byte & (isFirst ? FIRST_MORE_BIT : MORE_BIT)) === 0) return this.#beginContents()
    if (this.#prefixBytes === MAX_PREFIX_BYTES) {
      throw new TorError('malformed', 'the length of a Snowflake packet has more than three bytes')
    }
  }

  #beginContents(): void {
    this.#prefixBytes = 0
    this.#missing = this.#length
    this.#kept = 0
    if (this.#missing === 0) this.#endContents()
  }

  #takeContents(bytes: Uint8Array): number {
    const taken = bytes.subarray(0, this.#missing)
    if (this.#isData && this.#length <= MAX_PACKET_BYTES) {
      this.#packet.set(taken, this.#kept)
      this.#kept += taken.length
    }
    this.#missing -= taken.length
    if (this.#missing === 0) this.#endContents()
    return taken.length
  }

  #endContents(): void {
    if (!this.#isData || this.#length > MAX_PACKET_BYTES) return
    this.#onPacket(this.#packet.subarray(0, this.#length))
  }
}
