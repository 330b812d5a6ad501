import { expect, test } from 'vitest'
import { hkdfExpand, hkdfExtract } from '../../../core/crypto/hkdf.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/kdf.json' with { type: 'json' }

test.each(vectors.hkdf_rfc5869)('RFC 5869, $L bytes', ({ ikm, salt, info, L, okm }) => {
  const key = hkdfExtract(Buffer.from(salt, 'hex'), Buffer.from(ikm, 'hex'))
  expect(hkdfExpand(key, Buffer.from(info, 'hex'), L).toString('hex')).toBe(okm)
})

test.each(vectors.ntor_hkdf.vectors)(
  'the strings of ntor over "$input_ascii"',
  ({ input_ascii, output100 }) => {
    const key = hkdfExtract(Buffer.from('ntor-curve25519-sha256-1:key_extract'), Buffer.from(input_ascii))
    const output = hkdfExpand(key, Buffer.from('ntor-curve25519-sha256-1:key_expand'), 100)
    expect(output.toString('hex')).toBe(output100)
  },
)

test('more than 255 digests are refused', () => {
  expect(hkdfExpand(Buffer.alloc(32), Buffer.alloc(0), 255 * 32).length).toBe(255 * 32)
  try {
    hkdfExpand(Buffer.alloc(32), Buffer.alloc(0), 255 * 32 + 1)
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'internal')).toBe(true)
  }
})
