/** A directory authority of tests: it makes its own key certificate and signs consensuses, as a real one would. */
import {
  type KeyObject,
  constants,
  createHash,
  createPublicKey,
  generateKeyPairSync,
  privateEncrypt,
} from 'node:crypto'
import { type RsaIdentity, rsaIdentityFromBytes } from '../../core/linkspec/relay-ids.ts'

const DAY_MS = 86_400_000

export interface CertOptions {
  readonly publishedMs: number
  readonly expiresMs: number
}

export class TestAuthority {
  readonly nickname: string
  readonly #identityKey = generateRsaKey()
  #signingKey = generateRsaKey()

  constructor(nickname: string) {
    this.nickname = nickname
  }

  /** Its v3 identity, as clients pin it. */
  get identity(): RsaIdentity {
    return rsaIdentityFromBytes(sha1(publicDer(this.#identityKey)))
  }

  get signingKeyDigest(): RsaIdentity {
    return rsaIdentityFromBytes(sha1(publicDer(this.#signingKey)))
  }

  /** From here on its certificates and signatures are with another key. */
  changeSigningKey(): void {
    this.#signingKey = generateRsaKey()
  }

  /** The text of its key certificate, a day old at `nowMs` and valid for a year unless said otherwise. */
  certificate(nowMs: number, options: Partial<CertOptions> = {}): string {
    const identityDer = publicDer(this.#identityKey)
    const signed = [
      'dir-key-certificate-version 3',
      `fingerprint ${this.identity}`,
      `dir-key-published ${formatTime(options.publishedMs ?? nowMs - DAY_MS)}`,
      `dir-key-expires ${formatTime(options.expiresMs ?? nowMs + 365 * DAY_MS)}`,
      'dir-identity-key',
      formatObject('RSA PUBLIC KEY', identityDer),
      'dir-signing-key',
      formatObject('RSA PUBLIC KEY', publicDer(this.#signingKey)),
      'dir-key-crosscert',
      formatObject('ID SIGNATURE', signRaw(this.#signingKey, sha1(identityDer))),
      'dir-key-certification\n',
    ].join('\n')
    return `${signed}${formatObject('SIGNATURE', signRaw(this.#identityKey, sha1(Buffer.from(signed, 'latin1'))))}\n`
  }

  /** A `directory-signature` item over `signed`, a document up to and including `directory-signature `. */
  signature(signed: Buffer, algorithm: 'sha256' | 'sha1' = 'sha256'): string {
    const digest = createHash(algorithm).update(signed).digest()
    const line = `directory-signature ${algorithm} ${this.identity} ${this.signingKeyDigest}`
    return `${line}\n${formatObject('SIGNATURE', signRaw(this.#signingKey, digest))}\n`
  }
}

/** Ends an unsigned document (its last line is the footer's) with the signatures of these authorities. */
export function signConsensus(unsigned: string, authorities: readonly TestAuthority[]): Buffer {
  const signed = Buffer.from(`${unsigned}directory-signature `, 'latin1')
  const signatures = authorities.map((authority) => authority.signature(signed))
  return Buffer.from(unsigned + signatures.join(''), 'latin1')
}

/** `YYYY-MM-DD HH:MM:SS` in UTC. */
export function formatTime(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 19).replace('T', ' ')
}

export function formatObject(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`].join('\n')
}

function generateRsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
}

function publicDer(key: KeyObject): Buffer {
  return createPublicKey(key).export({ type: 'pkcs1', format: 'der' })
}

/** PKCS#1 v1.5 over the bare digest, without naming the hash. */
function signRaw(key: KeyObject, digest: Buffer): Buffer {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digest)
}

function sha1(bytes: Buffer): Buffer {
  return createHash('sha1').update(bytes).digest()
}
