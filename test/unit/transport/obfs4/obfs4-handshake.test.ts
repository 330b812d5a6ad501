import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { generateRepresentableKeyPair } from '../../../../core/crypto/elligator2.ts'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { type Obfs4Handshake, startObfs4Handshake } from '../../../../core/transport/obfs4/obfs4-handshake.ts'
import { randomBytes } from '../../../../core/util/random.ts'
import { Obfs4Server } from '../../../support/obfs4-server.ts'

const HOUR_MS = 3_600_000
const NOW = 500_000.5 * HOUR_MS
let server: Obfs4Server
let handshake: Obfs4Handshake

beforeEach(() => {
  server = new Obfs4Server()
  server.wallMs = NOW
  handshake = begin()
})

function begin(wallMs = NOW): Obfs4Handshake {
  const identity = { nodeId: server.nodeId, publicKey: server.identity.publicKey }
  return startObfs4Handshake(identity, systemRandom, wallMs)
}

/** What the server says to our request. */
function answer(paddingBytes?: number): Buffer {
  const session = server.accept(handshake.request, paddingBytes)
  if (session === undefined) throw new Error('the server did not take the request')
  return session.answer
}

describe('a request', () => {
  test('has every length that others have, and none besides', () => {
    const lengths = Array.from({ length: 100 }, () => begin().request.length)
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(141)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(8192)
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeGreaterThan(4000)
  })

  test.each([
    [-1, true],
    [1, true],
    [-2, false],
    [2, false],
  ])('from a clock that is %i hours off is taken: %s', (hours, isTaken) => {
    const session = server.accept(begin(NOW + hours * HOUR_MS).request)
    expect(session !== undefined).toBe(isTaken)
  })
})

describe('an answer', () => {
  test.each([0, 1, 8051])('with %i bytes of padding is read, and what follows is left', (paddingBytes) => {
    const bytes = answer(paddingBytes)
    const session = handshake.onAnswer(Buffer.concat([bytes, Buffer.alloc(45)]))
    expect(session?.usedBytes).toBe(bytes.length)
    expect(session?.toBridge.equals(session.fromBridge)).toBe(false)
  })

  test('holds in the hour after the one in which the request was made', () => {
    handshake = begin(NOW - HOUR_MS)
    expect(handshake.onAnswer(answer())).toBeDefined()
  })

  test('that has not all come is waited for', () => {
    const bytes = answer()
    for (let end = 0; end < bytes.length; end++) {
      expect(handshake.onAnswer(bytes.subarray(0, end))).toBeUndefined()
    }
    expect(handshake.onAnswer(bytes)).toBeDefined()
  })

  test('with any part of its proof changed is from somebody else', () => {
    const bytes = answer(10)
    const places = [32, 50, 63, 64, 70, bytes.length - 16, bytes.length - 1]
    for (const place of places) {
      const changed = Buffer.from(bytes)
      changed[place] = (changed[place] ?? 0) ^ 1
      expect(() => handshake.onAnswer(changed)).toThrow(/did not prove/)
      expect(() => handshake.onAnswer(changed)).toThrow(expect.objectContaining({ kind: 'wrong-identity' }))
    }
  })

  test('of another bridge with the same address is never an answer', () => {
    const other = new Obfs4Server()
    other.wallMs = NOW
    const identity = { nodeId: other.nodeId, publicKey: other.identity.publicKey }
    const request = startObfs4Handshake(identity, systemRandom, NOW).request
    const bytes = other.accept(request, 8000)?.answer ?? Buffer.alloc(0)
    expect(handshake.onAnswer(bytes)).toBeUndefined()
    expect(() => handshake.onAnswer(Buffer.concat([bytes, Buffer.alloc(200)]))).toThrow(
      expect.objectContaining({ kind: 'channel-failed' }),
    )
  })

  test('with a key of small order is from nobody', () => {
    const key = { ...generateRepresentableKeyPair(systemRandom), representative: Buffer.alloc(32) }
    const bytes = server.accept(handshake.request, 0, key)?.answer ?? Buffer.alloc(0)
    expect(() => handshake.onAnswer(bytes)).toThrow(expect.objectContaining({ kind: 'wrong-identity' }))
  })

  test('whose mark lies one byte too far is none', () => {
    expect(handshake.onAnswer(answer(8192 - 96))).toBeDefined()
    expect(() => handshake.onAnswer(answer(8193 - 96))).toThrow(
      expect.objectContaining({ kind: 'channel-failed' }),
    )
  })

  test('of noise is waited for up to the limit, then given up', () => {
    fc.assert(
      fc.property(fc.nat(8191), (length) => {
        expect(handshake.onAnswer(randomBytes(systemRandom, length))).toBeUndefined()
      }),
      { numRuns: 50 },
    )
    expect(() => handshake.onAnswer(randomBytes(systemRandom, 8192))).toThrow(/no obfs4 handshake/)
  })

  test('changed in any way at all never throws what is not ours, and is never believed', () => {
    const bytes = answer(20)
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), fc.nat(60), (at, xor, cut) => {
        const changed = Buffer.from(bytes.subarray(0, bytes.length - (at % 2 === 0 ? 0 : cut)))
        if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ xor
        try {
          expect(handshake.onAnswer(changed)).toBeUndefined()
        } catch (error) {
          expect(error).toMatchObject({ kind: 'wrong-identity' })
        }
      }),
    )
  })
})
