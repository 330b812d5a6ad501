import { expect, test } from 'vitest'
import { type NtorParams, startNtor } from '../../../../core/crypto/handshake/ntor.ts'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { generateX25519KeyPair, x25519KeyPairFromPrivate } from '../../../../core/crypto/x25519.ts'
import { type ErrorKind, isTorError } from '../../../../core/util/errors.ts'
import vectors from '../../../vectors/ntor.json' with { type: 'json' }
import { fixedRandom } from '../../../support/fixed-random.ts'
import { answerNtor } from '../../../support/relay-side-handshakes.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const onionKey = generateX25519KeyPair()
const params: NtorParams = { rsaIdentity: Buffer.alloc(20, 7), ntorKey: onionKey.publicKey }

function expectKind(kind: ErrorKind, work: () => unknown): void {
  try {
    work()
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, kind)).toBe(true)
  }
}

test.each(vectors.vectors)('the known exchange gives the known bytes and keys', (vector) => {
  const handshake = startNtor(
    { rsaIdentity: hex(vector.id_rsa20), ntorKey: hex(vector.b_pk) },
    fixedRandom(hex(vector.x_sk)),
  )
  expect(handshake.request.toString('hex')).toBe(vector.client_handshake)
  const { keyMaterial, serverMessage } = handshake.finish(
    hex(vector.server_handshake),
    vector.keys_out.length / 2,
  )
  expect(keyMaterial.toString('hex')).toBe(vector.keys_out)
  expect(serverMessage.length).toBe(0)
})

test.each(vectors.vectors)("the test's relay side answers the known exchange as known", (vector) => {
  const answer = answerNtor(
    hex(vector.client_handshake),
    x25519KeyPairFromPrivate(hex(vector.b_sk)),
    72,
    x25519KeyPairFromPrivate(hex(vector.y_sk)),
  )
  expect(answer.reply.toString('hex')).toBe(vector.server_handshake)
  expect(answer.keyMaterial.toString('hex')).toBe(vector.keys_out)
})

test.each([16, 72, 92, 160])('both sides agree on %i bytes of keys', (length) => {
  const handshake = startNtor(params, systemRandom)
  expect(handshake.request.length).toBe(84)
  const answer = answerNtor(handshake.request, onionKey, length)
  expect(handshake.finish(answer.reply, length).keyMaterial).toEqual(answer.keyMaterial)
})

test('two handshakes never share a key', () => {
  expect(startNtor(params, systemRandom).request).not.toEqual(startNtor(params, systemRandom).request)
})

test('a changed bit anywhere in the answer is a wrong identity', () => {
  // The top bit of Y (255) is ignored by X25519 but not by the authentication.
  for (let bit = 0; bit < 512; bit++) {
    const handshake = startNtor(params, systemRandom)
    const { reply } = answerNtor(handshake.request, onionKey, 72)
    reply[bit >> 3] = (reply[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expectKind('wrong-identity', () => handshake.finish(reply, 72))
  }
})

test('a relay with another onion key is a wrong identity', () => {
  const handshake = startNtor(params, systemRandom)
  const { reply } = answerNtor(handshake.request, generateX25519KeyPair(), 72)
  expectKind('wrong-identity', () => handshake.finish(reply, 72))
})

const degenerate = { publicKey: Buffer.alloc(32), agree: () => Buffer.alloc(32) }

test('an ephemeral key of small order is refused although its authentication is right', () => {
  const handshake = startNtor(params, systemRandom)
  const { reply } = answerNtor(handshake.request, onionKey, 72, degenerate)
  expectKind('wrong-identity', () => handshake.finish(reply, 72))
})

test('an onion key of small order is refused although the authentication is right', () => {
  const handshake = startNtor({ ...params, ntorKey: Buffer.alloc(32) }, systemRandom)
  const { reply } = answerNtor(handshake.request, degenerate, 72)
  expectKind('wrong-identity', () => handshake.finish(reply, 72))
})

test('lengths are exact', () => {
  for (const length of [0, 63, 65, 84]) {
    expectKind('malformed', () => startNtor(params, systemRandom).finish(Buffer.alloc(length), 72))
  }
  expectKind('malformed', () => startNtor({ ...params, rsaIdentity: Buffer.alloc(32) }, systemRandom))
  expectKind('malformed', () => startNtor({ ...params, ntorKey: Buffer.alloc(31) }, systemRandom))
})

test('a handshake is finished only once', () => {
  const handshake = startNtor(params, systemRandom)
  const { reply } = answerNtor(handshake.request, onionKey, 72)
  handshake.finish(reply, 72)
  expect(() => handshake.finish(reply, 72)).toThrow('once')
})
