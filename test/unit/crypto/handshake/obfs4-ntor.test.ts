import { expect, test } from 'vitest'
import { publicKeyOfRepresentative } from '../../../../core/crypto/elligator2.ts'
import { finishObfs4Ntor } from '../../../../core/crypto/handshake/obfs4-ntor.ts'
import { x25519KeyPairFromPrivate } from '../../../../core/crypto/x25519.ts'
import captured from '../../../vectors/obfs4_handshake.json' with { type: 'json' }

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const { server, vector } = captured
const identity = { nodeId: hex(server.node_id), publicKey: hex(server.public_key) }
const pair = x25519KeyPairFromPrivate(hex(vector.client_private))
const x = { publicKey: hex(vector.client_public_X), agree: (peer: Uint8Array) => pair.agree(peer) }
const Y = hex(vector.server_public_Y)
const AUTH = hex(vector.auth)

test('the exchange with obfs4proxy gives the known keys', () => {
  expect(publicKeyOfRepresentative(hex(vector.client_representative))).toEqual(x.publicKey)
  expect(finishObfs4Ntor(identity, x, Y, AUTH, 144)?.toString('hex')).toBe(vector.okm144)
})

test('whoever does not have the key, or is called otherwise, or shows a key of small order, has proved nothing', () => {
  const flip = (bytes: Buffer): Buffer => Buffer.from(bytes.map((byte, at) => (at === 0 ? byte ^ 1 : byte)))
  expect(finishObfs4Ntor(identity, x, Y, flip(AUTH), 144)).toBeUndefined()
  expect(finishObfs4Ntor(identity, x, flip(Y), AUTH, 144)).toBeUndefined()
  expect(finishObfs4Ntor(identity, x, Buffer.alloc(32), AUTH, 144)).toBeUndefined()
  const otherName = { ...identity, nodeId: flip(identity.nodeId) }
  expect(finishObfs4Ntor(otherName, x, Y, AUTH, 144)).toBeUndefined()
  const otherKey = { ...identity, publicKey: flip(identity.publicKey) }
  expect(finishObfs4Ntor(otherKey, x, Y, AUTH, 144)).toBeUndefined()
})
