import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requireWholeZstdFrames } from '../../../core/directory/zstd-frames.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { packZstd, zstdBomb } from '../../support/zstd.ts'

const MANY = 1_000
/** By the reference program: `hello hello hello` with size and checksum, without both; 700,000 zeros. */
const FRAMES: readonly (readonly [string, Buffer])[] = [
  ['with size and checksum', '28b52ffd24116500003068656c6c6f200100314a11a2ed1e0c'],
  ['without', '28b52ffd00006500003068656c6c6f200100314a11'],
  ['of many blocks', '28b52ffd04884c000008000100fcff39100202001000020010000200100002001000037305007c09cd83'],
].map(([what = '', hex = '']) => [what, Buffer.from(hex, 'hex')])

function kindOf(bytes: Buffer, maxFrames = MANY): string | undefined {
  try {
    requireWholeZstdFrames(bytes, maxFrames)
    return undefined
  } catch (error) {
    return isTorError(error) ? error.kind : String(error)
  }
}

describe.each(FRAMES)('a zstd frame %s', (_, frame) => {
  it('is whole, alone and in a row, and nothing else is (TROVE-2026-021)', () => {
    expect(kindOf(frame)).toBeUndefined()
    expect(kindOf(Buffer.concat([frame, frame, frame]))).toBeUndefined()
    for (let length = 1; length < frame.length; length++) {
      expect(kindOf(frame.subarray(0, length))).toBe('malformed')
      expect(kindOf(Buffer.concat([frame, frame.subarray(0, length)]))).toBe('malformed')
    }
    expect(kindOf(Buffer.concat([frame, Buffer.from('\n')]))).toBe('malformed')
  })
})

describe('zstd frames', () => {
  it('are as many as documents are asked for, and not more', () => {
    const [[, frame] = ['', Buffer.alloc(0)]] = FRAMES
    expect(kindOf(Buffer.concat([frame, frame, frame]), 2)).toBe('limit')
  })

  it('have blocks of known types and of at most 128 KiB', () => {
    const bomb = zstdBomb(1)
    const withBlock = (header: number): Buffer => {
      const changed = Buffer.from(bomb)
      changed.writeUIntLE(header, bomb.length - 4, 3)
      return changed
    }
    expect(kindOf(withBlock(1 | (3 << 1) | (1 << 3)))).toBe('malformed')
    expect(kindOf(withBlock(1 | (1 << 1) | ((128 * 1024 + 1) << 3)))).toBe('malformed')
  })

  it('are whole when this Node packed them, where it does', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(packZstd === undefined ? undefined : kindOf(packZstd(Buffer.from(bytes)))).toBeUndefined()
      }),
      { numRuns: 50 },
    )
  })

  it('are told from everything else by the typed error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const headed = Buffer.concat([Buffer.from('28b52ffd', 'hex'), bytes])
        expect(['malformed', 'limit', undefined]).toContain(kindOf(headed))
      }),
    )
  })
})
