/** Certificates and keys, and the replies of relays to our handshakes. */
import { DER_INTEGER, DER_SEQUENCE, DerReader } from '../../../core/crypto/der.ts'
import { startCreateFast } from '../../../core/crypto/handshake/create-fast.ts'
import { startNtor } from '../../../core/crypto/handshake/ntor.ts'
import { startNtorV3 } from '../../../core/crypto/handshake/ntor-v3.ts'
import { checkNtorCrosscert } from '../../../core/crypto/ntor-crosscert.ts'
import { parseRsaPublicKey } from '../../../core/crypto/rsa.ts'
import {
  parseEd25519Certificate,
  parseRsaCrossCertificate,
  verifyEd25519Certificate,
} from '../../../core/crypto/tor-certificate.ts'
import { parseRsaIdentityCertificate } from '../../../core/crypto/x509.ts'
import { decodeField } from '../../../core/crypto/field25519.ts'
import { x25519KeyPairFromPrivate } from '../../../core/crypto/x25519.ts'
import { capturedCertificate } from '../../support/captured-certs.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import certs from '../../vectors/tor_certs.json' with { type: 'json' }
import kdf from '../../vectors/kdf.json' with { type: 'json' }
import ntorVectors from '../../vectors/ntor.json' with { type: 'json' }
import ntorV3Vectors from '../../vectors/ntor_v3.json' with { type: 'json' }
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const KEY_BYTES = 72

/** Elements inside elements, as deep as the reader's users go and further. */
function walkDer(reader: DerReader, depth: number): number {
  let elements = 0
  for (let tag = reader.peekTag(); tag !== undefined; tag = reader.peekTag()) {
    elements++
    if (tag === DER_INTEGER) reader.readUnsigned()
    else if (tag === DER_SEQUENCE && depth < 20) elements += walkDer(reader.readInside(tag), depth + 1)
    else if (reader.readWhole(tag).length < 2) mustHold(false, 'an element without a header')
  }
  reader.end()
  return elements
}

export const CERTIFICATE_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'der',
    form: 'binary',
    mayThrow: ['malformed'],
    seeds: () => [capturedCertificate(2), hex(certs.rsa_crosscert_type7.rsa_pk_der)],
    run: (input) => walkDer(new DerReader(input, 'fuzz'), 0),
  },
  {
    name: 'rsa-key',
    form: 'binary',
    mayThrow: ['malformed'],
    unitRuns: 300,
    seeds: () => [hex(certs.rsa_crosscert_type7.rsa_pk_der)],
    run(input) {
      const key = parseRsaPublicKey(input)
      mustHold(key.der.equals(input), 'the key is not what was read')
      mustHold(!key.verifyRaw(Buffer.alloc(20), Buffer.alloc(Math.ceil(key.modulusBits / 8))), 'zero signs')
    },
  },
  {
    name: 'x509',
    form: 'binary',
    mayThrow: ['malformed'],
    unitRuns: 300,
    seeds: () => [capturedCertificate(2)],
    run(input) {
      const { notBeforeMs, notAfterMs } = parseRsaIdentityCertificate(input)
      mustHold(Number.isFinite(notBeforeMs) && Number.isFinite(notAfterMs), 'dates are moments')
      // No byte of a self-signed certificate is free but those of its signature's own form.
      mustHold(input.equals(capturedCertificate(2)), 'another certificate was signed without the key')
    },
  },
  {
    name: 'ed25519-certificate',
    form: 'binary',
    mayThrow: ['malformed'],
    seeds: () => [capturedCertificate(4), capturedCertificate(5), hex(certs.ed_type4.cert)],
    run(input) {
      const cert = parseEd25519Certificate(input)
      mustHold(cert.signedBytes.length + cert.signature.length === input.length, 'bytes that nobody signed')
    },
  },
  {
    name: 'ed25519-certificate-proof',
    form: 'binary',
    mayThrow: ['malformed'],
    unitRuns: 200,
    seeds: () => [capturedCertificate(4)],
    run(input) {
      const cert = parseEd25519Certificate(input)
      const key = parseEd25519Certificate(capturedCertificate(4)).signingKey
      mustHold(key !== undefined, 'the captured certificate names who signed it')
      if (key === undefined || !verifyEd25519Certificate(cert, key)) return
      mustHold(input.equals(capturedCertificate(4)), 'another certificate was signed without the key')
    },
  },
  {
    name: 'rsa-cross-certificate',
    form: 'binary',
    mayThrow: ['malformed'],
    seeds: () => [capturedCertificate(7), hex(certs.rsa_crosscert_type7.cert)],
    run(input) {
      const cert = parseRsaCrossCertificate(input)
      mustHold(
        cert.signedBytes.length + cert.signature.length + 1 === input.length,
        'bytes that nobody signed',
      )
    },
  },
  {
    name: 'ntor-crosscert',
    form: 'binary',
    mayThrow: ['malformed'],
    unitRuns: 100,
    seeds: () => [Buffer.concat([Buffer.alloc(64, 9), capturedCertificate(4)])],
    run: (input) =>
      checkNtorCrosscert(
        input.subarray(64),
        Buffer.concat([input.subarray(0, 32), Buffer.alloc(32)]).subarray(0, 32),
        1,
        input.subarray(32, 64),
      ),
  },
  {
    name: 'created-fast',
    form: 'binary',
    mayThrow: ['malformed', 'wrong-identity'],
    seeds: () => kdf.create_fast.vectors.map(({ created_fast_y_kh40: reply }) => hex(reply)),
    maxBytes: 600,
    run(input) {
      const [vector] = kdf.create_fast.vectors
      const handshake = startCreateFast({
        fill: (bytes) => (bytes.set(hex(vector?.x_client20 ?? '')), bytes),
      })
      const { keyMaterial } = handshake.finish(input, KEY_BYTES)
      mustHold(keyMaterial.length === KEY_BYTES, 'keys of another length')
      mustHold(
        input.equals(hex(vector?.created_fast_y_kh40 ?? '')),
        'a reply was accepted that proves nothing',
      )
    },
  },
  {
    name: 'ntor-reply',
    form: 'binary',
    mayThrow: ['malformed', 'wrong-identity'],
    maxBytes: 600,
    unitRuns: 100,
    seeds: () => ntorVectors.vectors.map(({ server_handshake: reply }) => hex(reply)),
    run(input) {
      const [vector] = ntorVectors.vectors
      if (vector === undefined) return
      const params = { rsaIdentity: hex(vector.id_rsa20), ntorKey: hex(vector.b_pk) }
      const handshake = startNtor(params, { fill: (bytes) => (bytes.set(hex(vector.x_sk)), bytes) })
      handshake.finish(input, KEY_BYTES)
      mustHold(input.equals(hex(vector.server_handshake)), 'a reply was accepted that proves nothing')
    },
  },
  {
    name: 'ntor-v3-reply',
    form: 'binary',
    mayThrow: ['malformed', 'wrong-identity'],
    maxBytes: 600,
    unitRuns: 100,
    seeds: () => ntorV3Vectors.vectors.map(({ server_handshake: reply }) => hex(reply)),
    run(input) {
      const [vector] = ntorV3Vectors.vectors
      if (vector === undefined) return
      const handshake = startNtorV3(
        {
          ed25519Identity: hex(vector.id_ed25519),
          ntorKey: hex(vector.B_pk),
          clientMessage: hex(vector.client_message),
          verification: hex(vector.verification),
        },
        { fill: (bytes) => (bytes.set(hex(vector.x_sk)), bytes) },
      )
      handshake.finish(input, KEY_BYTES)
      mustHold(input.equals(hex(vector.server_handshake)), 'a reply was accepted that proves nothing')
    },
  },
  {
    name: 'field25519',
    form: 'binary',
    mayThrow: [],
    maxBytes: 32,
    unitRuns: 200,
    seeds: () => [Buffer.alloc(32, 0xff), Buffer.alloc(32), seededRandom(1).fill(Buffer.alloc(32))],
    run(input) {
      const bytes = Buffer.alloc(32)
      bytes.set(input)
      const value = decodeField(bytes)
      mustHold(value >= 0n && value < 2n ** 256n, 'no element of a field')
      mustHold(x25519KeyPairFromPrivate(bytes).publicKey.length === 32, 'a key of another length')
    },
  },
]
