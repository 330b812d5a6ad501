/** Writes server descriptors as a relay does, with whatever a test wants to be wrong in them. */
import { constants, createHash, createPublicKey, type KeyObject, privateEncrypt, sign } from 'node:crypto'
import { formatObject, formatTime } from '../support/test-authority.ts'
import { ed25519Cert, type RelayKeys, rawPublicKey, signingKeyCert } from './relay-identity.ts'

export interface DescriptorFields {
  readonly nickname: string
  readonly address: string
  readonly orPort: number
  readonly publishedMs: number
  /** As in the `proto` line. */
  readonly protocols: string
  readonly family: string
  /** Lines that stand before the signatures. */
  readonly extraLines: readonly string[]
  readonly certificate: Buffer
  readonly ntorCrosscert: Buffer
  readonly ntorSignBit: string
  /** Changes the text that is signed. */
  readonly edit: (unsigned: string) => string
  readonly rsaSigner: KeyObject
  readonly ed25519Signer: KeyObject
}

export function writeDescriptor(
  relay: RelayKeys,
  nowMs: number,
  changes: Partial<DescriptorFields> = {},
): string {
  const cross = ntorCrosscert(relay, nowMs)
  const fields: DescriptorFields = {
    nickname: 'bridge',
    address: '127.0.0.1',
    orPort: 9001,
    publishedMs: nowMs - 3_600_000,
    protocols: 'Link=1-5 Relay=1-6',
    family: '',
    extraLines: [],
    certificate: signingKeyCert(relay, nowMs),
    ntorCrosscert: cross.certificate,
    ntorSignBit: String(cross.signBit),
    edit: (text) => text,
    rsaSigner: relay.rsaKey,
    ed25519Signer: relay.signingKey,
    ...changes,
  }
  const unsigned = fields.edit(unsignedText(relay, fields))
  const forEd25519 = `${unsigned}router-sig-ed25519 `
  const digest = createHash('sha256')
    .update('Tor router descriptor signature v1')
    .update(forEd25519, 'latin1')
    .digest()
  const ed25519Signature = sign(null, digest, fields.ed25519Signer).toString('base64').replace(/=+$/, '')
  const forRsa = `${forEd25519}${ed25519Signature}\nrouter-signature\n`
  const rsaDigest = createHash('sha1').update(forRsa, 'latin1').digest()
  return `${forRsa}${formatObject('SIGNATURE', signRaw(fields.rsaSigner, rsaDigest))}\n`
}

function unsignedText(relay: RelayKeys, fields: DescriptorFields): string {
  const rsaDer = createPublicKey(relay.rsaKey).export({ type: 'pkcs1', format: 'der' })
  const lines = [
    `router ${fields.nickname} ${fields.address} ${fields.orPort} 0 0`,
    'identity-ed25519',
    formatObject('ED25519 CERT', fields.certificate),
    `master-key-ed25519 ${relay.ed25519}`,
    'platform Tor 0.4.9.11 on Linux',
    `proto ${fields.protocols}`,
    `published ${formatTime(fields.publishedMs)}`,
    `fingerprint ${relay.rsa.match(/.{4}/g)?.join(' ')}`,
    'bandwidth 1000 1000 1000',
    'signing-key',
    formatObject('RSA PUBLIC KEY', rsaDer),
    `ntor-onion-key-crosscert ${fields.ntorSignBit}`,
    formatObject('ED25519 CERT', fields.ntorCrosscert),
    `ntor-onion-key ${relay.ntorKey.publicKey.toString('base64').replace(/=+$/, '')}`,
    ...(fields.family === '' ? [] : [`family ${fields.family}`]),
    'reject *:*',
    ...fields.extraLines,
  ]
  return `${lines.join('\n')}\n`
}

/** The old onion key with its crosscert, as lines; `ids` are the two identities that it vouches for. */
export function tapLines(relay: RelayKeys, onionKey: KeyObject, ids = identitiesOf(relay)): string[] {
  return [
    'onion-key',
    formatObject('RSA PUBLIC KEY', createPublicKey(onionKey).export({ type: 'pkcs1', format: 'der' })),
    'onion-key-crosscert',
    formatObject('CROSSCERT', signRaw(onionKey, ids)),
  ]
}

function identitiesOf(relay: RelayKeys): Buffer {
  return Buffer.concat([Buffer.from(relay.rsa, 'hex'), rawPublicKey(relay.ed25519Key)])
}

/** Type 10, signed with the onion key; `identity` is the one it vouches for. */
export function ntorCrosscert(
  relay: RelayKeys,
  nowMs: number,
  identity: Buffer = rawPublicKey(relay.ed25519Key),
): { readonly certificate: Buffer; readonly signBit: number } {
  const certificate = ed25519Cert({
    certType: 0x0a,
    expiresMs: nowMs + 28 * 86_400_000,
    keyType: 1,
    certifiedKey: identity,
    extensions: [],
    signer: relay.ntorSigningKey,
  })
  return { certificate, signBit: (rawPublicKey(relay.ntorSigningKey)[31] ?? 0) >> 7 }
}

function signRaw(key: KeyObject, digest: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digest)
}
