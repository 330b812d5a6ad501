import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { ChannelCert } from '../../../core/cell/channel-message-codec.ts'
import { verifyLinkCerts } from '../../../core/channel/link-certs.ts'
import type { RelayIds } from '../../../core/linkspec/relay-ids.ts'
import type { WireCert } from '../../network/fake-link.ts'
import { NETWORK_TIME_MS } from '../../network/fake-network.ts'
import {
  certExtension,
  createRelayIdentity,
  rawPublicKey,
  rsaCrossCert,
  rsaIdentityCert,
  signingKeyCert,
  tlsLinkCert,
} from '../../network/relay-identity.ts'
import { capturedCertificates, capturedTlsCertificate, captureTimeMs } from '../../support/captured-certs.ts'

const HOUR_MS = 3_600_000
const NOW_MS = NETWORK_TIME_MS

const relay = createRelayIdentity(NOW_MS)
const other = createRelayIdentity(NOW_MS)
const ids: RelayIds = { rsa: relay.rsa, ed25519: relay.ed25519 }

const good: readonly WireCert[] = [
  { type: 2, body: rsaIdentityCert(relay, NOW_MS) },
  { type: 4, body: signingKeyCert(relay, NOW_MS) },
  { type: 5, body: tlsLinkCert(relay, NOW_MS) },
  { type: 7, body: rsaCrossCert(relay, NOW_MS) },
]

function withCert(type: number, body: Buffer): ChannelCert[] {
  return good.map((cert) => (cert.type === type ? { type, body } : cert))
}

function flipped(body: Buffer, at: number): Buffer {
  const copy = Buffer.from(body)
  copy.writeUInt8(copy.readUInt8(at < 0 ? body.length + at : at) ^ 1, at < 0 ? body.length + at : at)
  return copy
}

function check(certs: readonly ChannelCert[], expected: RelayIds = ids): RelayIds {
  return verifyLinkCerts(certs, relay.tlsCertificate, expected, NOW_MS)
}

const expiresMs = NOW_MS - 2 * HOUR_MS
const strangerKey = generateKeyPairSync('ed25519').privateKey
const ed25519Name = certExtension(4, 0, rawPublicKey(relay.ed25519Key))

const BAD: readonly (readonly [string, readonly ChannelCert[]])[] = [
  ...[2, 4, 5, 7].map(
    (type) => [`certificate ${type} missing`, good.filter((c) => c.type !== type)] as const,
  ),
  ...good.map((cert) => [`certificate ${cert.type} twice`, [...good, cert]] as const),
  [
    'a type that we do not know twice',
    [...good, { type: 99, body: Buffer.of(1) }, { type: 99, body: Buffer.of(1) }],
  ],
  ['an expired signing-key certificate', withCert(4, signingKeyCert(relay, NOW_MS, { expiresMs }))],
  ['an expired link certificate', withCert(5, tlsLinkCert(relay, NOW_MS, { expiresMs }))],
  ['an expired cross-certificate', withCert(7, rsaCrossCert(relay, NOW_MS, { expiresMs }))],
  [
    'an expired RSA identity certificate',
    withCert(2, rsaIdentityCert(relay, NOW_MS, { notAfterMs: NOW_MS - 1000 })),
  ],
  [
    'an RSA identity certificate of tomorrow',
    withCert(2, rsaIdentityCert(relay, NOW_MS, { notBeforeMs: NOW_MS + 1000 })),
  ],
  [
    'a link certificate for another TLS certificate',
    withCert(5, tlsLinkCert(relay, NOW_MS, { certifiedKey: Buffer.alloc(32) })),
  ],
  ['a link certificate that certifies a key', withCert(5, tlsLinkCert(relay, NOW_MS, { keyType: 1 }))],
  ['a link certificate of another type', withCert(5, tlsLinkCert(relay, NOW_MS, { certType: 6 }))],
  [
    'a link certificate signed by the identity itself',
    withCert(5, tlsLinkCert(relay, NOW_MS, { signer: relay.ed25519Key })),
  ],
  ['a signing-key certificate of another type', withCert(4, signingKeyCert(relay, NOW_MS, { certType: 5 }))],
  [
    'a signing-key certificate over no ed25519 key',
    withCert(4, signingKeyCert(relay, NOW_MS, { keyType: 3 })),
  ],
  [
    'a signing-key certificate that names nobody',
    withCert(4, signingKeyCert(relay, NOW_MS, { extensions: [] })),
  ],
  [
    'a signing-key certificate signed by a stranger',
    withCert(4, signingKeyCert(relay, NOW_MS, { signer: strangerKey })),
  ],
  [
    'an extension that we do not know and that matters',
    withCert(
      4,
      signingKeyCert(relay, NOW_MS, { extensions: [ed25519Name, certExtension(77, 1, Buffer.of(1))] }),
    ),
  ],
  [
    'a cross-certificate for another relay',
    withCert(7, rsaCrossCert(relay, NOW_MS, { ed25519Key: rawPublicKey(other.ed25519Key) })),
  ],
  [
    'a cross-certificate by another RSA key',
    withCert(7, rsaCrossCert(relay, NOW_MS, { signer: other.rsaKey })),
  ],
  ['the RSA half of another relay', [...withCert(2, rsaIdentityCert(other, NOW_MS))]],
  [
    'an RSA identity certificate signed by another key',
    withCert(2, rsaIdentityCert(relay, NOW_MS, { signer: other.rsaKey })),
  ],
  ['no certificate at all', []],
  ...good.flatMap((cert) => [
    [
      `certificate ${cert.type} with its signature changed`,
      withCert(cert.type, flipped(cert.body, -1)),
    ] as const,
    [`certificate ${cert.type} cut short`, withCert(cert.type, cert.body.subarray(0, -1))] as const,
    [
      `certificate ${cert.type} with a byte too many`,
      withCert(cert.type, Buffer.concat([cert.body, Buffer.of(0)])),
    ] as const,
    [`certificate ${cert.type} empty`, withCert(cert.type, Buffer.alloc(0))] as const,
  ]),
]

describe('certificates of a link', () => {
  it('prove both identities of a relay', () => {
    expect(check(good)).toEqual(ids)
  })

  it('prove the identities of a real relay', () => {
    const certs = [...capturedCertificates()].map(([type, body]) => ({ type, body }))
    const rsa = '1'.repeat(40) as typeof ids.rsa
    expect(() =>
      verifyLinkCerts(certs, capturedTlsCertificate, { rsa, ed25519: undefined }, captureTimeMs),
    ).toThrow(/another RSA identity/)
  })

  it('tell the ed25519 identity when only the RSA one was known', () => {
    expect(check(good, { rsa: relay.rsa, ed25519: undefined })).toEqual(ids)
  })

  it('may contain types that we have no use for, and extensions that do not matter', () => {
    const extensions = [ed25519Name, certExtension(77, 0, Buffer.of(1, 2))]
    const certs = withCert(4, signingKeyCert(relay, NOW_MS, { extensions }))
    expect(check([{ type: 1, body: Buffer.of(1) }, { type: 3, body: Buffer.of(2) }, ...certs])).toEqual(ids)
  })

  for (const [what, certs] of BAD) {
    it(`prove nothing with ${what}`, () => {
      expect(() => check(certs)).toThrow(expect.objectContaining({ kind: 'wrong-identity' }))
    })
  }

  it('prove nothing to somebody who wants another RSA identity', () => {
    expect(() => check(good, { rsa: other.rsa, ed25519: undefined })).toThrow(
      expect.objectContaining({ kind: 'wrong-identity', retry: 'elsewhere' }),
    )
  })

  it('prove nothing to somebody who wants another ed25519 identity', () => {
    expect(() => check(good, { rsa: relay.rsa, ed25519: other.ed25519 })).toThrow(
      expect.objectContaining({ kind: 'wrong-identity', retry: 'elsewhere' }),
    )
  })
})
