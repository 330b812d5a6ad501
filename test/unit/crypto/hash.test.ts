import { describe, expect, test } from 'vitest'
import { createRunningSha1, hmacSha256, sha1, sha256, sha3_256, shake256 } from '../../../core/crypto/hash.ts'
import { nodePrimitives } from '../../../core/crypto/node-primitives.ts'
import { portablePrimitives } from '../../../core/crypto/portable-primitives.ts'

const abc = [Buffer.from('a'), Buffer.from(''), Buffer.from('bc')]

describe('known answers of FIPS 180 and 202 and RFC 4231, whatever parts the input comes in', () => {
  test.each([
    ['sha1', sha1(...abc), 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha256', sha256(...abc), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['sha3_256', sha3_256(...abc), '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
    ['shake256', shake256(32), '46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762f'],
    [
      'hmacSha256',
      hmacSha256(Buffer.from('Jefe'), Buffer.from('what do ya want '), Buffer.from('for nothing?')),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
  ])('%s', (_name, digest, expected) => {
    expect(digest.toString('hex')).toBe(expected)
  })
})

describe.each([
  ['node:crypto', nodePrimitives],
  ['portable', portablePrimitives],
])('%s', (_name, primitives) => {
  test('SHA3-256 and SHAKE-256 give the known answers', () => {
    expect(primitives.sha3.sha3_256(abc).toString('hex')).toBe(sha3_256(...abc).toString('hex'))
    expect(primitives.sha3.shake256(400, abc).toString('hex')).toBe(shake256(400, ...abc).toString('hex'))
    expect(primitives.sha3.shake256(400, abc).subarray(0, 32)).toEqual(shake256(32, ...abc))
  })

  test('a running SHA-1 goes on undisturbed after digests were taken from copies', () => {
    const running = primitives.createRunningSha1()
    let fed = Buffer.alloc(0)
    for (let round = 0; round < 20; round++) {
      const piece = Buffer.alloc(round * 7, round)
      running.update(piece)
      fed = Buffer.concat([fed, piece])
      expect(running.copy().digest()).toEqual(sha1(fed))
    }
    const branch = running.copy()
    branch.update(Buffer.from('elsewhere'))
    expect(running.digest()).toEqual(sha1(fed))
    expect(branch.digest()).toEqual(sha1(fed, Buffer.from('elsewhere')))
  })
})

test('the running SHA-1 in use starts empty', () => {
  expect(createRunningSha1().digest().toString('hex')).toBe('da39a3ee5e6b4b0d3255bfef95601890afd80709')
})
