import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { checkBridges, TRANSPORT_NAMES } from '../../../../core/transport/pluggable-transport.ts'
import { parseObfs4Arguments } from '../../../../core/transport/obfs4/obfs4-arguments.ts'
import captured from '../../../vectors/obfs4_handshake.json' with { type: 'json' }

const { node_id, public_key } = captured.server
const CERT = Buffer.from(node_id + public_key, 'hex')
  .toString('base64')
  .replace(/=+$/, '')
const line = (args: string): ReturnType<typeof parseBridgeLine> =>
  parseBridgeLine(`obfs4 192.0.2.1:443 ${'A'.repeat(40)} ${args}`)

test.each([
  ['iat-mode=0', 0],
  ['iat-mode=1', 1],
  ['iat-mode=2', 2],
  ['', 0],
  ['colour=blue', 0],
])('a cert with "%s" is taken apart', (rest, iatMode) => {
  const { identity, iatMode: mode } = parseObfs4Arguments(line(`cert=${CERT} ${rest}`))
  expect(Buffer.from(identity.nodeId).toString('hex')).toBe(node_id)
  expect(Buffer.from(identity.publicKey).toString('hex')).toBe(public_key)
  expect(mode).toBe(iatMode)
})

describe('a bridge line is refused, in words without any part of it,', () => {
  test.each([
    ['without a cert', 'iat-mode=0', 'no-cert'],
    ['with an empty cert', 'cert= iat-mode=0', 'bad-cert'],
    ['with a cert that lacks its last character', `cert=${CERT.slice(0, -1)}`, 'bad-cert'],
    ['with a cert that is too long', `cert=${CERT}A`, 'bad-cert'],
    ['with a padded cert', `cert=${CERT}==`, 'bad-cert'],
    ['with a cert of other digits', `cert=${CERT.slice(0, -2)}-_`, 'bad-cert'],
    ['with bits after the last byte of the cert', `cert=${CERT.slice(0, -1)}R`, 'bad-cert'],
    ['with a key of zeros', `cert=${'A'.repeat(70)}`, 'bad-cert'],
    ['with two certs', `cert=${CERT} cert=${CERT}`, 'repeated'],
    ['with two modes', `cert=${CERT} iat-mode=0 iat-mode=1`, 'repeated'],
    ['with a mode of 3', `cert=${CERT} iat-mode=3`, 'bad-iat-mode'],
    ['with a mode of -1', `cert=${CERT} iat-mode=-1`, 'bad-iat-mode'],
    ['with a mode of 01', `cert=${CERT} iat-mode=01`, 'bad-iat-mode'],
    ['with an empty mode', `cert=${CERT} iat-mode=`, 'bad-iat-mode'],
  ])('%s', (_, args, fault) => {
    const parsed = line(args)
    expect(() => parseObfs4Arguments(parsed)).toThrow(expect.objectContaining({ kind: 'bad-config', fault }))
    expect(() => checkBridges([parsed], [])).toThrow(expect.objectContaining({ fault }))
    expect(() => parseObfs4Arguments(parsed)).not.toThrow(CERT.slice(0, 10))
  })
})

test('whatever the arguments are, they are read or refused', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom('cert', 'iat-mode', 'x'), fc.string())), (args) => {
      try {
        parseObfs4Arguments({ ...line(''), args })
      } catch (error) {
        expect(error).toMatchObject({ kind: 'bad-config' })
      }
    }),
  )
})

test('obfs4 is one of the transports that there are', () => {
  expect(TRANSPORT_NAMES).toContain('obfs4')
})
