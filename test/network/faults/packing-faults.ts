/** Bodies whose packing is not what it should be: bombs of every kind, and what does not end. */
import { deflateSync, gzipSync } from 'node:zlib'
import { zstdBomb } from '../../support/zstd.ts'

const BOMB_BYTES = 60_000_000
/** No part of it is a bomb by itself. */
const PART_BYTES = 4_000_000
const PARTS = 15
/** More than zlib gives back before it needs the rest. */
const UNENDED_BYTES = 4_000_000
/** A window of two gigabytes. */
const ENORMOUS_WINDOW_LOG = 31

/** What takes long to make is made once, when it is first needed. */
export function once<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}

export interface PackedBody {
  readonly encoding: string
  readonly bytes: Buffer
}

export const PACKING_FAULTS = {
  /** A small body that unpacks to very much (TROVE-2026-022). */
  bomb: once(() => ({ encoding: 'deflate', bytes: deflateSync(Buffer.alloc(BOMB_BYTES, 'a')) })),
  'gzip-bomb': once(() => ({ encoding: 'gzip', bytes: gzipSync(Buffer.alloc(BOMB_BYTES, 'a')) })),
  'zstd-bomb': once(() => ({ encoding: 'x-zstd', bytes: zstdBomb(BOMB_BYTES) })),
  /** To unpack it a decoder would need as much memory as it says. */
  'zstd-window': once(() => ({ encoding: 'x-zstd', bytes: zstdBomb(1_000, ENORMOUS_WINDOW_LOG) })),
  /** Many documents, one behind the other, that are a bomb only together (TROVE-2026-022). */
  'bomb-in-parts': once(() => {
    const part = deflateSync(Buffer.alloc(PART_BYTES, 'a'))
    return { encoding: 'deflate', bytes: Buffer.concat(Array.from({ length: PARTS }, () => part)) }
  }),
  /** The packed stream is cut off before its end (TROVE-2026-021). */
  'packed-without-end': once(() => {
    const whole = deflateSync(Buffer.alloc(UNENDED_BYTES, 'a'))
    return { encoding: 'deflate', bytes: whole.subarray(0, whole.length - 100) }
  }),
  'zstd-without-end': once(() => ({ encoding: 'x-zstd', bytes: zstdBomb(UNENDED_BYTES).subarray(0, -4) })),
  /** An encoding that the client did not say it reads. */
  'other-packing': once(() => ({
    encoding: 'x-tor-lzma',
    bytes: Buffer.from('5d00008000ffffffffffffffff', 'hex'),
  })),
} satisfies Record<string, () => PackedBody>
