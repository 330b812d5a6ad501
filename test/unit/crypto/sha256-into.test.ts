import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../core/crypto/hash.ts'
import { sha256Into } from '../../../core/crypto/sha256-into.ts'

describe('SHA-256 of a part of a document', () => {
  it('is the hash of that part, written where it was asked to be and nowhere else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), fc.nat(300), (bytes, a, b) => {
        const start = Math.min(a, b, bytes.length)
        const end = Math.min(Math.max(a, b), bytes.length)
        // A view into larger memory, whose offset must not be lost.
        const document = Buffer.concat([Buffer.alloc(7), bytes]).subarray(7)
        const out = Buffer.alloc(48)
        sha256Into(document, start, end, out, 8)
        expect(out.subarray(8, 40)).toEqual(sha256(bytes.subarray(start, end)))
        expect(Buffer.concat([out.subarray(0, 8), out.subarray(40)])).toEqual(Buffer.alloc(16))
      }),
    )
  })
})
