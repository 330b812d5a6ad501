/**
 * The ntor-v3 handshake, client side (proposal 332; tor-spec "create-created"): HTYPE 3, ntor with an encrypted message
 * each way. Names are the specification's.
 */
import { ByteReader } from '../../util/byte-reader.ts'
import { isAllZero } from '../../util/bytes.ts'
import { malformed, TorError } from '../../util/errors.ts'
import type { Random } from '../../util/random.ts'
import { createAesCtr } from '../aes-ctr.ts'
import { equalConstantTime } from '../constant-time.ts'
import { sha3_256, shake256 } from '../hash.ts'
import { generateX25519KeyPair, X25519_KEY_BYTES, type X25519KeyPair } from '../x25519.ts'
import type { ClientHandshake, HandshakeResult } from './client-handshake.ts'

const ED25519_IDENTITY_BYTES = 32
const ENC_KEY_BYTES = 32
const MAC_KEY_BYTES = 32
const DIGEST_BYTES = 32

/** CREATED2 holds at most 507 bytes (tor-spec 5.1.3); a longer reply cannot come from a relay. */
const LONGEST_REPLY_BYTES = 507

const PROTOID = Buffer.from('ntor3-curve25519-sha3_256-1', 'latin1')
const T_MSGKDF = tweak(':kdf_phase1')
const T_MSGMAC = tweak(':msg_mac')
const T_KEY_SEED = tweak(':key_seed')
const T_VERIFY = tweak(':verify')
const T_FINAL = tweak(':kdf_final')
const T_AUTH = tweak(':auth_final')
const SERVER = Buffer.from('Server', 'latin1')

/** What circuits use; onion services will have their own. */
const CIRCUIT_VERIFICATION = Buffer.from('circuit extend', 'latin1')

export interface NtorV3Params {
  /** The relay's ed25519 identity, 32 bytes. */
  readonly ed25519Identity: Uint8Array
  /** The relay's onion key, 32 bytes. */
  readonly ntorKey: Uint8Array
  /** Sent encrypted to the relay: for circuits the encoded list of extensions. */
  readonly clientMessage: Uint8Array
  /** Both sides must use the same; "circuit extend" unless given. */
  readonly verification?: Uint8Array
}

/** What the client remembers between the two phases. */
interface NtorV3State {
  readonly ID: Uint8Array
  readonly B: Uint8Array
  readonly x: X25519KeyPair
  readonly Bx: Buffer
  readonly encapVer: Buffer
  readonly msgMac: Buffer
}

/** Throws `malformed` for parameters of a wrong length and for an onion key that would encrypt to everybody. */
export function startNtorV3(params: NtorV3Params, random: Random): ClientHandshake {
  const { ed25519Identity: ID, ntorKey: B, clientMessage } = params
  if (ID.length !== ED25519_IDENTITY_BYTES) malformed('ed25519 identity', '32 bytes', ID.length)
  if (B.length !== X25519_KEY_BYTES) malformed('ntor key', '32 bytes', B.length)
  const x = generateX25519KeyPair(random)
  const Bx = x.agree(B)
  if (isAllZero(Bx)) malformed('ntor key', 'a key that is not of small order')
  const X = x.publicKey
  const encapVer = encapsulate(params.verification ?? CIRCUIT_VERIFICATION)

  const phase1Keys = shake256(ENC_KEY_BYTES + MAC_KEY_BYTES, T_MSGKDF, Bx, ID, X, B, PROTOID, encapVer)
  const encryptedMsg = applyKeyStream(phase1Keys.subarray(0, ENC_KEY_BYTES), clientMessage)
  const macKey = encapsulate(phase1Keys.subarray(ENC_KEY_BYTES))
  const msgMac = sha3_256(T_MSGMAC, macKey, ID, B, X, encryptedMsg)
  phase1Keys.fill(0)
  macKey.fill(0)

  let state: NtorV3State | undefined = { ID, B, x, Bx, encapVer, msgMac }
  return {
    request: Buffer.concat([ID, B, X, encryptedMsg, msgMac]),
    finish(reply, keyBytes) {
      if (state === undefined) throw new TorError('internal', 'a handshake works once')
      const kept = state
      state = undefined
      return finishNtorV3(kept, reply, keyBytes)
    },
  }
}

function finishNtorV3(state: NtorV3State, reply: Uint8Array, keyBytes: number): HandshakeResult {
  const { ID, B, x, Bx, encapVer, msgMac } = state
  const reader = new ByteReader(reply, 'ntor-v3 reply')
  if (reply.length > LONGEST_REPLY_BYTES) reader.fail(`at most ${LONGEST_REPLY_BYTES} bytes`, reply.length)
  const Y = reader.view(X25519_KEY_BYTES)
  const AUTH = reader.view(DIGEST_BYTES)
  const encryptedMsg = reader.rest()
  const X = x.publicKey

  const Yx = x.agree(Y)
  const secretInput = [Yx, Bx, ID, B, X, Y, PROTOID, encapVer]
  const keySeed = sha3_256(T_KEY_SEED, ...secretInput)
  const verify = sha3_256(T_VERIFY, ...secretInput)
  const authInput = [verify, ID, B, Y, X, msgMac, encapsulate(encryptedMsg), PROTOID, SERVER]
  const expectedAuth = sha3_256(T_AUTH, ...authInput)
  const keyStream = shake256(ENC_KEY_BYTES + keyBytes, T_FINAL, keySeed)

  // All is computed before anything decides: the time it takes tells nobody which check failed.
  const isAuthentic = equalConstantTime(AUTH, expectedAuth)
  const isYxZero = isAllZero(Yx)
  for (const secret of [Yx, Bx, keySeed, verify]) secret.fill(0)
  if (!isAuthentic || isYxZero) {
    keyStream.fill(0)
    throw new TorError('wrong-identity', 'the relay did not prove its ntor key', { retry: 'elsewhere' })
  }
  const serverMessage = applyKeyStream(keyStream.subarray(0, ENC_KEY_BYTES), encryptedMsg)
  const keyMaterial = Buffer.allocUnsafeSlow(keyBytes)
  keyMaterial.set(keyStream.subarray(ENC_KEY_BYTES))
  keyStream.fill(0)
  return { keyMaterial, serverMessage }
}

/** ENC and DEC: AES-256-CTR from a zero IV. */
function applyKeyStream(key: Uint8Array, bytes: Uint8Array): Buffer {
  const cipher = createAesCtr(key)
  const output = cipher.update(bytes)
  cipher.final()
  return output
}

/** ENCAP: the length in eight bytes, then the bytes. */
function encapsulate(bytes: Uint8Array): Buffer {
  const output = Buffer.allocUnsafeSlow(8 + bytes.length)
  output.writeBigUInt64BE(BigInt(bytes.length))
  output.set(bytes, 8)
  return output
}

/** The encapsulated tweak with which each hash of the protocol begins. */
function tweak(suffix: string): Buffer {
  return encapsulate(Buffer.concat([PROTOID, Buffer.from(suffix, 'latin1')]))
}
