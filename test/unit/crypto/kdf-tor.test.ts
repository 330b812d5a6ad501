import { expect, test } from 'vitest'
import { kdfTor } from '../../../core/crypto/kdf-tor.ts'
import vectors from '../../vectors/kdf.json' with { type: 'json' }

test.each(vectors.kdf_tor_sha1)('KDF-TOR over "$input_ascii"', ({ input_ascii, output100 }) => {
  expect(kdfTor(Buffer.from(input_ascii), 100).toString('hex')).toBe(output100)
  expect(kdfTor(Buffer.from(input_ascii), 33).toString('hex')).toBe(output100.slice(0, 66))
})
