import { expect, test } from 'vitest'
import { SipHash24, type SipWord } from '../../../core/crypto/siphash.ts'
import vectors from '../../vectors/siphash24.json' with { type: 'json' }

const KEY = Buffer.from(vectors.key, 'hex')

function word(bytes: Buffer): SipWord {
  return { low: bytes.readUInt32LE(0), high: bytes.readUInt32LE(4) }
}

function digestOf(message: Buffer): string {
  const hash = new SipHash24(KEY)
  const whole = message.length - (message.length % 8)
  for (let at = 0; at < whole; at += 8) hash.absorb(word(message.subarray(at)))
  const tail = Buffer.alloc(8)
  message.copy(tail, 0, whole)
  tail[7] = message.length % 256
  const digest = { low: 0, high: 0 }
  hash.digest(word(tail), digest)
  const bytes = Buffer.alloc(8)
  bytes.writeUInt32LE(digest.low, 0)
  bytes.writeUInt32LE(digest.high, 4)
  return bytes.toString('hex')
}

test.each(vectors.vectors)('the reference digest of $len bytes', ({ len, mac8_le }) => {
  expect(digestOf(Buffer.from(Array.from({ length: len }, (_, index) => index)))).toBe(mac8_le)
})

test('a digest leaves the hash as it was', () => {
  const hash = new SipHash24(KEY)
  const [first, second] = [0, 1].map(() => {
    const digest = { low: 0, high: 0 }
    hash.digest({ low: 0, high: 0 }, digest)
    return digest
  })
  expect(first).toEqual(second)
})
