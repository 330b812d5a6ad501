/**
 * Whether a body is whole zstd frames (RFC 8878, section 3). node:zlib takes a frame that is cut off for a whole one and
 * gives what there was of it, so the lengths in it are followed here first. Nothing is unpacked.
 */
import { malformed, TorError } from '../util/errors.ts'

const MAGIC = 0xfd2fb528
const MAGIC_BYTES = 4
const BLOCK_HEADER_BYTES = 3
/** Block_Maximum_Size: no block is larger, packed or not. */
const MAX_BLOCK_BYTES = 128 * 1024
const CHECKSUM_BYTES = 4
const DICTIONARY_ID_BYTES = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES = [0, 2, 4, 8]

const BlockType = { RAW: 0, RUN: 1, PACKED: 2 } as const

/** Throws `malformed` for a body that ends within a frame or holds anything else, `limit` for more frames than that. */
export function requireWholeZstdFrames(body: Buffer, maxFrames: number): void {
  let frames = 0
  for (let at = 0; at < body.length; at = endOfFrame(body, at)) {
    if (++frames > maxFrames) throw new TorError('limit', 'a packed directory reply has too many parts')
  }
}

function endOfFrame(body: Buffer, start: number): number {
  const { blocksAt, hasChecksum } = readFrameHeader(body, start)
  let at = blocksAt
  for (;;) {
    requireBytes(body, at, BLOCK_HEADER_BYTES)
    const header = body.readUIntLE(at, BLOCK_HEADER_BYTES)
    at += BLOCK_HEADER_BYTES + blockBytes(header)
    requireBytes(body, at, 0)
    if ((header & 1) === 1) break
  }
  const end = at + (hasChecksum ? CHECKSUM_BYTES : 0)
  requireBytes(body, end, 0)
  return end
}

interface FrameHeader {
  readonly blocksAt: number
  readonly hasChecksum: boolean
}

function readFrameHeader(body: Buffer, start: number): FrameHeader {
  requireBytes(body, start, MAGIC_BYTES + 1)
  if (body.readUInt32LE(start) !== MAGIC) malformed('zstd', 'a frame')
  const descriptor = body.readUInt8(start + MAGIC_BYTES)
  const isSingleSegment = (descriptor & 0x20) !== 0
  const contentSize = descriptor >> 6
  const headerBytes =
    (isSingleSegment ? 0 : 1) +
    (DICTIONARY_ID_BYTES[descriptor & 3] ?? 0) +
    (contentSize === 0 && isSingleSegment ? 1 : (CONTENT_SIZE_BYTES[contentSize] ?? 0))
  return { blocksAt: start + MAGIC_BYTES + 1 + headerBytes, hasChecksum: (descriptor & 4) !== 0 }
}

/** How many bytes follow the header of the block. */
function blockBytes(header: number): number {
  const type = (header >> 1) & 3
  const size = header >> 3
  if (size > MAX_BLOCK_BYTES) malformed('zstd', 'blocks of at most 128 KiB')
  if (type === BlockType.RUN) return 1
  if (type === BlockType.RAW || type === BlockType.PACKED) return size
  return malformed('zstd', 'a block of a known type', type)
}

function requireBytes(body: Buffer, at: number, count: number): void {
  if (at + count > body.length) malformed('zstd', 'a frame that ends')
}
