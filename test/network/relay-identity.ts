/** Everything a relay proves itself with: its keys, made anew for each test run, and certificates over them. */
import {
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  privateEncrypt,
  sign,
} from 'node:crypto'
import { type X25519KeyPair, x25519KeyPairFromPrivate } from '../../core/crypto/x25519.ts'
import {
  type Ed25519Identity,
  ed25519IdentityFromBytes,
  type RsaIdentity,
  rsaIdentityFromBytes,
} from '../../core/linkspec/relay-ids.ts'
import { selfSignedCertificate } from './der-writer.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const CROSS_CERT_PREFIX = 'Tor TLS RSA/Ed25519 cross-certificate'

/** What makes a relay the one that it is. */
export interface RelayKeys {
  readonly rsa: RsaIdentity
  readonly ed25519: Ed25519Identity
  readonly rsaKey: KeyObject
  readonly ed25519Key: KeyObject
  readonly signingKey: KeyObject
  readonly ntorKey: X25519KeyPair
  /** The same secret as an ed25519 key, as cross-certificates are signed with it. */
  readonly ntorSigningKey: KeyObject
}

export interface RelayIdentity extends RelayKeys {
  readonly tlsKey: KeyObject
  /** DER. */
  readonly tlsCertificate: Buffer
}

export function createRelayIdentity(nowMs: number): RelayIdentity {
  const tlsKey = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
  return {
    ...createRelayKeys(),
    tlsKey,
    tlsCertificate: selfSignedCertificate(tlsKey, {
      commonName: 'www.example.net',
      notBeforeMs: nowMs - DAY_MS,
      notAfterMs: nowMs + 365 * DAY_MS,
    }),
  }
}

/** RSA keys take long to make: where many are needed they come from elsewhere. */
export function createRelayKeys(
  rsaKey: KeyObject = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey,
): RelayKeys {
  const ed25519Key = generateKeyPairSync('ed25519').privateKey
  const rsaDer = createPublicKey(rsaKey).export({ type: 'pkcs1', format: 'der' })
  return {
    rsa: rsaIdentityFromBytes(createHash('sha1').update(rsaDer).digest()),
    ed25519: ed25519IdentityFromBytes(rawPublicKey(ed25519Key)),
    rsaKey,
    ed25519Key,
    signingKey: generateKeyPairSync('ed25519').privateKey,
    ...createOnionKey(),
  }
}

export function createOnionKey(): Pick<RelayKeys, 'ntorKey' | 'ntorSigningKey'> {
  const ntorSigningKey = generateKeyPairSync('ed25519').privateKey
  return { ntorKey: x25519KeyPairFromPrivate(secretScalar(ntorSigningKey)), ntorSigningKey }
}

/** The 32 bytes of an ed25519 public key. */
export function rawPublicKey(privateKey: KeyObject): Buffer {
  return createPublicKey(privateKey).export({ type: 'spki', format: 'der' }).subarray(-32)
}

/** The secret number of an ed25519 key (RFC 8032 5.1.5), before it is clamped. */
function secretScalar(privateKey: KeyObject): Buffer {
  const seed = privateKey.export({ type: 'pkcs8', format: 'der' }).subarray(-32)
  return createHash('sha512').update(seed).digest().subarray(0, 32)
}

export interface Ed25519CertFields {
  readonly certType: number
  readonly expiresMs: number
  readonly keyType: number
  readonly certifiedKey: Buffer
  /** Whole extensions: length 2, type 1, flags 1, data. */
  readonly extensions: readonly Buffer[]
  readonly signer: KeyObject
}

/** cert-spec 2.1. */
export function ed25519Cert(fields: Ed25519CertFields): Buffer {
  const header = Buffer.alloc(7)
  header[0] = 1
  header[1] = fields.certType
  header.writeUInt32BE(Math.floor(fields.expiresMs / HOUR_MS), 2)
  header[6] = fields.keyType
  const count = Buffer.of(fields.extensions.length)
  const signed = Buffer.concat([header, fields.certifiedKey, count, ...fields.extensions])
  return Buffer.concat([signed, sign(null, signed, fields.signer)])
}

export function certExtension(type: number, flags: number, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.of(data.length >> 8, data.length & 255, type, flags), data])
}

/** Type 4: the identity vouches for the signing key, and says who it is. */
export function signingKeyCert(
  identity: RelayKeys,
  nowMs: number,
  changes: Partial<Ed25519CertFields> = {},
): Buffer {
  return ed25519Cert({
    certType: 4,
    expiresMs: nowMs + 30 * DAY_MS,
    keyType: 1,
    certifiedKey: rawPublicKey(identity.signingKey),
    extensions: [certExtension(4, 0, rawPublicKey(identity.ed25519Key))],
    signer: identity.ed25519Key,
    ...changes,
  })
}

/** Type 5: the signing key vouches for the TLS certificate. */
export function tlsLinkCert(
  identity: RelayKeys & Pick<RelayIdentity, 'tlsCertificate'>,
  nowMs: number,
  changes: Partial<Ed25519CertFields> = {},
): Buffer {
  return ed25519Cert({
    certType: 5,
    expiresMs: nowMs + 2 * DAY_MS,
    keyType: 3,
    certifiedKey: createHash('sha256').update(identity.tlsCertificate).digest(),
    extensions: [],
    signer: identity.signingKey,
    ...changes,
  })
}

/** Type 2: the self-signed X.509 certificate of the RSA identity. */
export function rsaIdentityCert(
  identity: RelayKeys,
  nowMs: number,
  changes: { readonly notBeforeMs?: number; readonly notAfterMs?: number; readonly signer?: KeyObject } = {},
): Buffer {
  return selfSignedCertificate(identity.rsaKey, {
    commonName: 'www.example.com',
    notBeforeMs: nowMs - DAY_MS,
    notAfterMs: nowMs + 365 * DAY_MS,
    ...changes,
  })
}

export interface CrossCertFields {
  readonly ed25519Key: Buffer
  readonly expiresMs: number
  readonly signer: KeyObject
}

/** Type 7: the RSA identity vouches for the ed25519 one. */
export function rsaCrossCert(
  identity: RelayKeys,
  nowMs: number,
  changes: Partial<CrossCertFields> = {},
): Buffer {
  const fields: CrossCertFields = {
    ed25519Key: rawPublicKey(identity.ed25519Key),
    expiresMs: nowMs + 180 * DAY_MS,
    signer: identity.rsaKey,
    ...changes,
  }
  const hours = Buffer.alloc(4)
  hours.writeUInt32BE(Math.floor(fields.expiresMs / HOUR_MS))
  const signed = Buffer.concat([fields.ed25519Key, hours])
  const digest = createHash('sha256').update(CROSS_CERT_PREFIX).update(signed).digest()
  const signature = privateEncrypt({ key: fields.signer, padding: constants.RSA_PKCS1_PADDING }, digest)
  return Buffer.concat([signed, Buffer.of(signature.length), signature])
}
