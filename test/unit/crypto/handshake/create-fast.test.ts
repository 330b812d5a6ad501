import { expect, test } from 'vitest'
import { startCreateFast } from '../../../../core/crypto/handshake/create-fast.ts'
import { isTorError } from '../../../../core/util/errors.ts'
import vectors from '../../../vectors/kdf.json' with { type: 'json' }
import capture from '../../../vectors/link_handshake_tor_0_4_9_11.json' with { type: 'json' }
import { fixedRandom } from '../../../support/fixed-random.ts'
import { answerCreateFast } from '../../../support/relay-side-handshakes.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const half = Buffer.alloc(20, 3)

test.each(vectors.create_fast.vectors)('known halves give the known keys', (vector) => {
  const handshake = startCreateFast(fixedRandom(hex(vector.x_client20)))
  expect(handshake.request.toString('hex')).toBe(vector.x_client20)
  const { keyMaterial, serverMessage } = handshake.finish(hex(vector.created_fast_y_kh40), 100)
  expect(keyMaterial.toString('hex')).toBe(vector.keys_100)
  expect(serverMessage.length).toBe(0)
})

test("a real relay's answer is accepted", () => {
  const handshake = startCreateFast(fixedRandom(hex(capture.create_fast.x)))
  expect(handshake.finish(hex(capture.create_fast.created_fast), 72).keyMaterial.length).toBe(72)
})

test('a changed bit anywhere in the answer is a wrong identity', () => {
  for (let bit = 0; bit < 320; bit++) {
    const handshake = startCreateFast(fixedRandom(Buffer.alloc(20, 1)))
    const { reply } = answerCreateFast(handshake.request, half, 72)
    reply[bit >> 3] = (reply[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    try {
      handshake.finish(reply, 72)
      expect.unreachable()
    } catch (error) {
      expect(isTorError(error, 'wrong-identity')).toBe(true)
    }
  }
})

test.each([0, 39, 41])('an answer of %i bytes is malformed', (length) => {
  try {
    startCreateFast(fixedRandom(half)).finish(Buffer.alloc(length), 72)
    expect.unreachable()
  } catch (error) {
    expect(isTorError(error, 'malformed')).toBe(true)
  }
})

test('a handshake is finished only once', () => {
  const handshake = startCreateFast(fixedRandom(Buffer.alloc(20, 1)))
  const { reply, keyMaterial } = answerCreateFast(handshake.request, half, 72)
  expect(handshake.finish(reply, 72).keyMaterial).toEqual(keyMaterial)
  expect(() => handshake.finish(reply, 72)).toThrow('once')
})
