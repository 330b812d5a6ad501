import { expect, test } from 'vitest'
import { type NtorV3Params, startNtorV3 } from '../../../../core/crypto/handshake/ntor-v3.ts'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { generateX25519KeyPair, x25519KeyPairFromPrivate } from '../../../../core/crypto/x25519.ts'
import { type ErrorKind, isTorError } from '../../../../core/util/errors.ts'
import live from '../../../vectors/cgo_live_circuit_tor_0_4_9_11.json' with { type: 'json' }
import vectors from '../../../vectors/ntor_v3.json' with { type: 'json' }
import { fixedRandom } from '../../../support/fixed-random.ts'
import { answerNtorV3 } from '../../../support/relay-side-handshakes.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const onionKey = generateX25519KeyPair()
const params: NtorV3Params = {
  ed25519Identity: Buffer.alloc(32, 7),
  ntorKey: onionKey.publicKey,
  clientMessage: hex('02010003020206'),
}
const serverMessage = hex('0102011f')

function expectKind(kind: ErrorKind, work: () => unknown): void {
  try {
    work()
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, kind)).toBe(true)
  }
}

test.each(vectors.vectors)('the known exchange gives the known bytes, message and keys', (vector) => {
  const handshake = startNtorV3(
    {
      ed25519Identity: hex(vector.id_ed25519),
      ntorKey: hex(vector.B_pk),
      clientMessage: hex(vector.client_message),
      verification: hex(vector.verification),
    },
    fixedRandom(hex(vector.x_sk)),
  )
  expect(handshake.request.toString('hex')).toBe(vector.client_handshake)
  const result = handshake.finish(hex(vector.server_handshake), vector.keys_256.length / 2)
  expect(result.keyMaterial.toString('hex')).toBe(vector.keys_256)
  expect(result.serverMessage.toString('hex')).toBe(vector.server_message)
})

test.each(vectors.vectors)("the test's relay side answers the known exchange as known", (vector) => {
  const known = answerNtorV3(
    hex(vector.client_handshake),
    x25519KeyPairFromPrivate(hex(vector.b_sk)),
    () => hex(vector.server_message),
    256,
    { verification: hex(vector.verification), ephemeral: x25519KeyPairFromPrivate(hex(vector.y_sk)) },
  )
  expect(known.clientMessage.toString('hex')).toBe(vector.client_message)
  expect(known.reply.toString('hex')).toBe(vector.server_handshake)
  expect(known.keyMaterial.toString('hex')).toBe(vector.keys_256)
})

test('a circuit with a real relay: our request is its, its answer gives its extensions and keys', () => {
  const handshake = startNtorV3(
    {
      ed25519Identity: hex(live.relay_ed25519_id),
      ntorKey: hex(live.relay_ntor_onion_key),
      clientMessage: hex(live.client_extensions),
    },
    fixedRandom(hex(live.client_x_private)),
  )
  // After handshake type and length.
  expect(handshake.request.toString('hex')).toBe(live.create2_body.slice(8))
  const result = handshake.finish(hex(live.created2_reply), 160)
  expect(result.serverMessage.toString('hex')).toBe(live.server_extensions)
  expect(result.keyMaterial.toString('hex')).toBe(live.circuit_key_material_160)
})

test.each([0, 1, 7, 200, 443])('both sides agree on keys and on messages of %i bytes', (length) => {
  const clientMessage = Buffer.alloc(length, 0xc1)
  const message = Buffer.alloc(length, 0x5e)
  const handshake = startNtorV3({ ...params, clientMessage }, systemRandom)
  const answer = answerNtorV3(handshake.request, onionKey, () => message, 72)
  expect(answer.clientMessage).toEqual(clientMessage)
  const result = handshake.finish(answer.reply, 72)
  expect(result.keyMaterial).toEqual(answer.keyMaterial)
  expect(result.serverMessage).toEqual(message)
})

test('a changed bit anywhere in the answer, its message included, is a wrong identity', () => {
  for (let bit = 0; bit < (64 + serverMessage.length) * 8; bit++) {
    const handshake = startNtorV3(params, systemRandom)
    const { reply } = answerNtorV3(handshake.request, onionKey, () => serverMessage, 72)
    reply[bit >> 3] = (reply[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expectKind('wrong-identity', () => handshake.finish(reply, 72))
  }
})

test('another onion key or verification string on the other side is a wrong identity', () => {
  const first = startNtorV3(params, systemRandom)
  expect(() => answerNtorV3(first.request, generateX25519KeyPair(), () => serverMessage, 72)).toThrow('MAC')
  const verification = Buffer.from('something else')
  expect(() => answerNtorV3(first.request, onionKey, () => serverMessage, 72, { verification })).toThrow(
    'MAC',
  )
  const second = startNtorV3(params, systemRandom)
  const { reply } = answerNtorV3(second.request, onionKey, () => serverMessage, 72)
  expectKind('wrong-identity', () => first.finish(reply, 72))
})

test('an ephemeral key of small order is refused although its authentication is right', () => {
  const handshake = startNtorV3(params, systemRandom)
  const ephemeral = { publicKey: Buffer.alloc(32), agree: () => Buffer.alloc(32) }
  const { reply } = answerNtorV3(handshake.request, onionKey, () => serverMessage, 72, { ephemeral })
  expectKind('wrong-identity', () => handshake.finish(reply, 72))
})

test('nothing is encrypted to an onion key of small order', () => {
  expectKind('malformed', () => startNtorV3({ ...params, ntorKey: Buffer.alloc(32) }, systemRandom))
})

test('lengths that cannot be are malformed', () => {
  for (const length of [0, 63, 508]) {
    expectKind('malformed', () => startNtorV3(params, systemRandom).finish(Buffer.alloc(length), 72))
  }
  expectKind('malformed', () => startNtorV3({ ...params, ed25519Identity: Buffer.alloc(20) }, systemRandom))
  expectKind('malformed', () => startNtorV3({ ...params, ntorKey: Buffer.alloc(33) }, systemRandom))
})

test('a handshake is finished only once', () => {
  const handshake = startNtorV3(params, systemRandom)
  const { reply } = answerNtorV3(handshake.request, onionKey, () => serverMessage, 72)
  handshake.finish(reply, 72)
  expect(() => handshake.finish(reply, 72)).toThrow('once')
})
