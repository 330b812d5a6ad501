/**
 * zstd for tests: what this Node packs with, where it has it, and frames by hand (RFC 8878) for every Node, with which a
 * relay can say more than a compressor would.
 */
import * as zlib from 'node:zlib'

const MAGIC = Buffer.from('28b52ffd', 'hex')
/** The most that one block may stand for. */
const BLOCK_BYTES = 128 * 1024
const RUN = 1
const SMALLEST_WINDOW_LOG = 10

/** Undefined where this Node has no zstd: before 22.15, and in 23 before 23.8. */
export const packZstd = findZstd()

function findZstd(): ((bytes: Buffer) => Buffer) | undefined {
  const compress: unknown = Reflect.get(zlib, 'zstdCompressSync')
  if (typeof compress !== 'function') return undefined
  return (bytes) => {
    const packed: unknown = Reflect.apply(compress, undefined, [bytes])
    if (!Buffer.isBuffer(packed)) throw new TypeError('zstd gave no Buffer')
    return packed
  }
}

/** A frame of runs of one byte: four bytes for each 128 KiB that they unpack to. */
export function zstdBomb(unpackedBytes: number, windowLog = 20): Buffer {
  const header = Buffer.concat([MAGIC, Buffer.of(0, (windowLog - SMALLEST_WINDOW_LOG) << 3)])
  const count = Math.ceil(unpackedBytes / BLOCK_BYTES)
  const blocks = Array.from({ length: count }, (_, at) => {
    const block = Buffer.alloc(4, 'a')
    block.writeUIntLE(Number(at === count - 1) | (RUN << 1) | (BLOCK_BYTES << 3), 0, 3)
    return block
  })
  return Buffer.concat([header, ...blocks])
}
