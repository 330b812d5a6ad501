/** An authority of the tests' own, which certifies itself and signs whatever consensus it is given. */
import { constants, createHash, generateKeyPairSync, type KeyObject, privateEncrypt } from 'node:crypto'
import { parseRsaIdentity, type RsaIdentity } from '../../../../core/linkspec/relay-ids.ts'

export interface TestAuthority {
  readonly identity: RsaIdentity
  readonly cert: string
  /** Signs the text before its first `directory-signature`, and puts this signature in the place of all others. */
  sign(consensus: string): Buffer
}

const PUBLISHED = '2026-11-01 00:00:00'
const EXPIRES = '2027-11-01 00:00:00'

function sha(algorithm: 'sha1' | 'sha256', text: string | Buffer): Buffer {
  return createHash(algorithm).update(text).digest()
}

function derOf(key: KeyObject): Buffer {
  return key.export({ type: 'pkcs1', format: 'der' })
}

function pem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

function signRaw(key: KeyObject, digest: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digest)
}

export function makeTestAuthority(): TestAuthority {
  const identity = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const identityDigest = sha('sha1', derOf(identity.publicKey))
  const signingDigest = sha('sha1', derOf(signing.publicKey))
  const fingerprint = identityDigest.toString('hex').toUpperCase()
  const certified =
    `dir-key-certificate-version 3\nfingerprint ${fingerprint}\n` +
    `dir-key-published ${PUBLISHED}\ndir-key-expires ${EXPIRES}\n` +
    `dir-identity-key\n${pem('RSA PUBLIC KEY', derOf(identity.publicKey))}` +
    `dir-signing-key\n${pem('RSA PUBLIC KEY', derOf(signing.publicKey))}` +
    `dir-key-crosscert\n${pem('ID SIGNATURE', signRaw(signing.privateKey, identityDigest))}` +
    'dir-key-certification\n'
  return {
    identity: parseRsaIdentity(fingerprint),
    cert: certified + pem('SIGNATURE', signRaw(identity.privateKey, sha('sha1', certified))),
    sign(consensus) {
      const end = consensus.indexOf('directory-signature ')
      const signed = consensus.slice(0, end < 0 ? consensus.length : end) + 'directory-signature '
      const signature = pem('SIGNATURE', signRaw(signing.privateKey, sha('sha256', signed)))
      const keys = `${fingerprint} ${signingDigest.toString('hex').toUpperCase()}`
      return Buffer.from(`${signed}sha256 ${keys}\n${signature}`)
    },
  }
}
