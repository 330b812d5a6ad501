/**
 * KCP's segments: 24 bytes of header, little-endian, and the data of those that carry any. A packet holds one or more.
 * Numbers and times are 32 bits that wrap around.
 */

export const KCP_HEADER_BYTES = 24

export const KCP_DATA = 81
export const KCP_ACK = 82
/** Asks how large the window is, and tells it: without these, an update that was lost would end a connection. */
export const KCP_WINDOW_ASK = 83
export const KCP_WINDOW_TELL = 84

export interface KcpHeader {
  readonly command: number
  /** How many segments the sender of this one takes beyond those that its reader has not taken. */
  readonly window: number
  /** When it was sent, by its sender's clock; in an acknowledgement when what it acknowledges was sent. */
  readonly sentMs: number
  readonly number: number
  /** All before this number have arrived at the sender of this segment. */
  readonly unacknowledged: number
}

export interface KcpSegment extends KcpHeader {
  /** A view of the packet. */
  readonly data: Buffer
}

/** The distance from `earlier` to `later`, negative when it is the other way around. */
export function kcpDistance(later: number, earlier: number): number {
  return (later - earlier) | 0
}

/** Writes a header at `offset`; the data follow it. */
export function writeKcpHeader(
  target: Buffer,
  offset: number,
  conversation: number,
  header: KcpHeader,
  dataBytes: number,
): void {
  target.writeUInt32LE(conversation, offset)
  target.writeUInt8(header.command, offset + 4)
  // Which piece of a message it is, counted down: 0, because a stream has no messages.
  target.writeUInt8(0, offset + 5)
  target.writeUInt16LE(header.window, offset + 6)
  target.writeUInt32LE(header.sentMs, offset + 8)
  target.writeUInt32LE(header.number, offset + 12)
  target.writeUInt32LE(header.unacknowledged, offset + 16)
  target.writeUInt32LE(dataBytes, offset + 20)
}

/**
 * The segments of a packet, up to the first that is damaged: as with any packet that is lost, what is missing comes
 * again. One of another conversation is damaged, too.
 */
export function* readKcpSegments(packet: Buffer, conversation: number): Generator<KcpSegment> {
  for (let at = 0; packet.length - at >= KCP_HEADER_BYTES; ) {
    const command = packet.readUInt8(at + 4)
    const dataBytes = packet.readUInt32LE(at + 20)
    const start = at + KCP_HEADER_BYTES
    if (packet.readUInt32LE(at) !== conversation) return
    if (command < KCP_DATA || command > KCP_WINDOW_TELL || dataBytes > packet.length - start) return
    yield {
      command,
      window: packet.readUInt16LE(at + 6),
      sentMs: packet.readUInt32LE(at + 8),
      number: packet.readUInt32LE(at + 12),
      unacknowledged: packet.readUInt32LE(at + 16),
      data: packet.subarray(start, start + dataBytes),
    }
    at = start + dataBytes
  }
}

/** The conversation that a packet claims to be of; undefined when it is no packet. */
export function conversationOf(packet: Buffer): number | undefined {
  return packet.length < KCP_HEADER_BYTES ? undefined : packet.readUInt32LE(0)
}
