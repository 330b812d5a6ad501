/** What a relay shows of itself on a link: its certificates over the TLS certificate that the listener uses. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import type { ChannelCert } from '../../../core/cell/channel-message-codec.ts'
import { selfSignedCertificate, toPem } from '../der-writer.ts'
import {
  type RelayKeys,
  rsaIdentityCert,
  rsaCrossCert,
  signingKeyCert,
  tlsLinkCert,
} from '../relay-identity.ts'

const DAY_MS = 86_400_000

/** A listener's, shared by all relays behind it. */
export interface LinkTls {
  readonly key: KeyObject
  /** DER. */
  readonly certificate: Buffer
}

export function createLinkTls(nowMs: number): LinkTls {
  // C tor warns of link keys that are not RSA.
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
  const certificate = selfSignedCertificate(key, {
    commonName: 'www.example.net',
    notBeforeMs: nowMs - 400 * DAY_MS,
    notAfterMs: nowMs + 400 * DAY_MS,
  })
  return { key, certificate }
}

export function tlsServerOptions({ key, certificate }: LinkTls): { key: string; cert: string } {
  return { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: toPem(certificate) }
}

/** The bodies of CERTS, by type (cert-spec A.1). */
export function linkCertificates(identity: RelayKeys, tls: LinkTls, nowMs: number): ChannelCert[] {
  const shown = { ...identity, tlsCertificate: tls.certificate }
  return [
    { type: 2, body: rsaIdentityCert(identity, nowMs) },
    { type: 4, body: signingKeyCert(identity, nowMs) },
    { type: 5, body: tlsLinkCert(shown, nowMs) },
    { type: 7, body: rsaCrossCert(identity, nowMs) },
  ]
}
