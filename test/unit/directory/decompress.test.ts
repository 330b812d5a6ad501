import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  ACCEPTED_ENCODINGS,
  hasZstd,
  MAX_UNPACKED_BYTES,
  unpackBody,
} from '../../../core/directory/decompress.ts'
import type { ContentEncoding } from '../../../core/directory/http-reply.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { packZstd, zstdBomb } from '../../support/zstd.ts'

type Pack = (bytes: Buffer) => Buffer

const signal = new AbortController().signal
const FIRST = Buffer.from('network-status-version 3 microdesc\n'.repeat(300))
const SECOND = Buffer.from('dir-key-certificate-version 3\n'.repeat(200))

const FORMATS: [string, ContentEncoding, Pack][] = [
  ['zlib', 'deflate', (bytes) => zlib.deflateSync(bytes)],
  ['gzip', 'gzip', (bytes) => zlib.gzipSync(bytes)],
  ['gzip under the name of deflate', 'deflate', (bytes) => zlib.gzipSync(bytes)],
  ['bare deflate under the name of deflate', 'deflate', (bytes) => zlib.deflateRawSync(bytes)],
  ...(packZstd === undefined ? [] : [['zstd', 'x-zstd', packZstd] satisfies [string, ContentEncoding, Pack]]),
]

describe.each(FORMATS)('a body packed as %s', (_, encoding, pack) => {
  it('is unpacked', async () => {
    expect(await unpackBody(pack(FIRST), encoding, signal)).toEqual(FIRST)
  })

  it('may be several packed documents one after the other', async () => {
    const packed = Buffer.concat([pack(FIRST), pack(SECOND), pack(FIRST)])
    expect(await unpackBody(packed, encoding, signal)).toEqual(Buffer.concat([FIRST, SECOND, FIRST]))
  })

  it('is refused when it is cut short, in its first part or in a later one', async () => {
    const kind: unknown = expect.objectContaining({ kind: 'malformed' })
    await expect(unpackBody(pack(FIRST).subarray(0, -5), encoding, signal)).rejects.toEqual(kind)
    const two = Buffer.concat([pack(FIRST), pack(SECOND).subarray(0, -5)])
    await expect(unpackBody(two, encoding, signal)).rejects.toEqual(kind)
  })

  it('is refused when something else follows', async () => {
    const packed = Buffer.concat([pack(FIRST), Buffer.from('\x07garbage')])
    await expect(unpackBody(packed, encoding, signal)).rejects.toEqual(
      expect.objectContaining({ kind: 'malformed' }),
    )
  })

  it('may have any ratio below five megabytes', async () => {
    const zeros = Buffer.alloc(5_000_000)
    expect((await unpackBody(pack(zeros), encoding, signal)).equals(zeros)).toBe(true)
  })

  it('is a bomb when a high ratio goes on beyond five megabytes', async () => {
    const bomb = pack(Buffer.alloc(6_000_000))
    await expect(unpackBody(bomb, encoding, signal)).rejects.toEqual(
      expect.objectContaining({ kind: 'limit' }),
    )
  })

  it('is a bomb when its parts are one only together', async () => {
    const part = pack(Buffer.alloc(3_000_000))
    const bomb = Buffer.concat([part, part])
    await expect(unpackBody(bomb, encoding, signal)).rejects.toEqual(
      expect.objectContaining({ kind: 'limit' }),
    )
  })
})

describe('unpacking', () => {
  it('stops at sixteen megabytes whatever the ratio', async () => {
    const dense = Buffer.alloc(MAX_UNPACKED_BYTES + 1)
    for (let at = 0; at + 4 <= dense.length; at += 16)
      dense.writeUInt32LE(Math.imul(at, 2_654_435_761) >>> 0, at)
    const packed = zlib.deflateSync(dense)
    expect(dense.length / packed.length).toBeLessThan(25)
    await expect(unpackBody(packed, 'deflate', signal)).rejects.toEqual(
      expect.objectContaining({ kind: 'limit' }),
    )
  })

  it('leaves a plain body as it is', async () => {
    expect(await unpackBody(FIRST, 'identity', signal)).toBe(FIRST)
    expect(await unpackBody(FIRST, undefined, signal)).toBe(FIRST)
  })

  it('recognizes a packed body whose header is missing', async () => {
    expect(await unpackBody(zlib.deflateSync(FIRST), undefined, signal)).toEqual(FIRST)
  })

  it('is not begun when the signal has fired', async () => {
    const controller = new AbortController()
    controller.abort()
    const unpacking = unpackBody(zlib.deflateSync(FIRST), 'deflate', controller.signal)
    await expect(unpacking).rejects.toEqual(expect.objectContaining({ kind: 'aborted' }))
  })

  it('refuses thousands of empty parts', async () => {
    const empty = zlib.deflateSync(Buffer.alloc(0))
    const packed = Buffer.concat(Array.from({ length: 1_100 }, () => empty))
    await expect(unpackBody(packed, 'deflate', signal)).rejects.toEqual(
      expect.objectContaining({ kind: 'limit' }),
    )
  })

  it('offers zstd exactly where the runtime has it', () => {
    expect(ACCEPTED_ENCODINGS).toBe(hasZstd ? 'x-zstd, deflate, identity' : 'deflate, identity')
    expect(hasZstd).toBe(packZstd !== undefined)
  })

  it('refuses a zstd bomb of a few hundred bytes, where it reads zstd at all', async () => {
    const kind: unknown = expect.objectContaining({ kind: hasZstd ? 'limit' : 'malformed' })
    await expect(unpackBody(zstdBomb(60_000_000), 'x-zstd', signal)).rejects.toEqual(kind)
  })

  it('gives a zstd frame no window of gigabytes', async () => {
    const kind: unknown = expect.objectContaining({ kind: 'malformed' })
    await expect(unpackBody(zstdBomb(1_000, 31), 'x-zstd', signal)).rejects.toEqual(kind)
  })

  it('gives the typed error for arbitrary bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1 }), async (bytes) => {
        for (const encoding of ['deflate', 'gzip', 'x-zstd', undefined] as const) {
          const error: unknown = await unpackBody(Buffer.from(bytes), encoding, signal).then(
            () => undefined,
            (thrown: unknown) => thrown,
          )
          expect(error === undefined || isTorError(error)).toBe(true)
        }
      }),
    )
  })
})

it('keeps no more memory for a small part than it needs', async () => {
  // Found by fuzzing: 9 kB of packed parts of one byte each held 256 MB until all of them were unpacked.
  const unpacked = await unpackBody(zlib.deflateSync(Buffer.from('x')), 'deflate', signal)
  expect(unpacked.toString()).toBe('x')
  expect(unpacked.buffer.byteLength).toBeLessThanOrEqual(Buffer.poolSize)
})
