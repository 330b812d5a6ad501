/** The relay's side of the circuit handshakes, written from the specifications and apart from the client's code. */
import { createCipheriv, createHash, createHmac } from 'node:crypto'
import { type X25519KeyPair, generateX25519KeyPair } from '../../core/crypto/x25519.ts'

export interface RelayReply {
  /** The body of CREATED_FAST, or the handshake data of CREATED2 or EXTENDED2. */
  readonly reply: Buffer
  readonly keyMaterial: Buffer
}

/** tor-spec 5.1.5. `half` is the relay's 20 random bytes. */
export function answerCreateFast(request: Uint8Array, half: Uint8Array, keyBytes: number): RelayReply {
  const stream: Buffer[] = []
  for (let round = 0; round * 20 < 20 + keyBytes; round++) {
    stream.push(
      createHash('sha1')
        .update(request)
        .update(half)
        .update(Buffer.from([round]))
        .digest(),
    )
  }
  const derived = Buffer.concat(stream)
  return {
    reply: Buffer.concat([half, derived.subarray(0, 20)]),
    keyMaterial: derived.subarray(20, 20 + keyBytes),
  }
}

/** tor-spec 5.1.4. */
export function answerNtor(
  request: Buffer,
  onionKey: X25519KeyPair,
  keyBytes: number,
  ephemeral: X25519KeyPair = generateX25519KeyPair(),
): RelayReply {
  const protoid = 'ntor-curve25519-sha256-1'
  const mac = (tweak: string, message: Buffer): Buffer =>
    createHmac('sha256', protoid + tweak)
      .update(message)
      .digest()
  const id = request.subarray(0, 20)
  const clientKey = request.subarray(52, 84)
  const secretInput = Buffer.concat([
    ephemeral.agree(clientKey),
    onionKey.agree(clientKey),
    id,
    onionKey.publicKey,
    clientKey,
    ephemeral.publicKey,
    Buffer.from(protoid),
  ])
  const seed = mac(':key_extract', secretInput)
  const auth = mac(
    ':mac',
    Buffer.concat([
      mac(':verify', secretInput),
      id,
      onionKey.publicKey,
      ephemeral.publicKey,
      clientKey,
      Buffer.from(`${protoid}Server`),
    ]),
  )
  const blocks: Buffer[] = [Buffer.alloc(0)]
  for (let round = 1; (round - 1) * 32 < keyBytes; round++) {
    const info = Buffer.concat([
      blocks.at(-1) ?? Buffer.alloc(0),
      Buffer.from(`${protoid}:key_expand`),
      Buffer.from([round]),
    ])
    blocks.push(createHmac('sha256', seed).update(info).digest())
  }
  return {
    reply: Buffer.concat([ephemeral.publicKey, auth]),
    keyMaterial: Buffer.concat(blocks).subarray(0, keyBytes),
  }
}

export interface NtorV3Reply extends RelayReply {
  readonly clientMessage: Buffer
}

/** Proposal 332. `respond` gives the relay's message for the client's. Throws for a request with a wrong MAC. */
export function answerNtorV3(
  request: Buffer,
  onionKey: X25519KeyPair,
  respond: (clientMessage: Buffer) => Buffer,
  keyBytes: number,
  options: { readonly verification?: Buffer; readonly ephemeral?: X25519KeyPair } = {},
): NtorV3Reply {
  const protoid = Buffer.from('ntor3-curve25519-sha3_256-1')
  const encap = (bytes: Uint8Array): Buffer => {
    const length = Buffer.alloc(8)
    length.writeUInt32BE(bytes.length, 4)
    return Buffer.concat([length, bytes])
  }
  const tweak = (text: string): Buffer => encap(Buffer.concat([protoid, Buffer.from(text)]))
  const hash = (text: string, ...parts: Buffer[]): Buffer =>
    createHash('sha3-256')
      .update(Buffer.concat([tweak(text), ...parts]))
      .digest()
  const kdf = (text: string, length: number, ...parts: Buffer[]): Buffer =>
    createHash('shake256', { outputLength: length })
      .update(Buffer.concat([tweak(text), ...parts]))
      .digest()
  const crypt = (key: Buffer, bytes: Buffer): Buffer =>
    createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(bytes)

  const ver = encap(options.verification ?? Buffer.from('circuit extend'))
  const y = options.ephemeral ?? generateX25519KeyPair()
  const id = request.subarray(0, 32)
  const B = request.subarray(32, 64)
  const X = request.subarray(64, 96)
  const sealed = request.subarray(96, -32)
  const mac = request.subarray(-32)
  const Xb = onionKey.agree(X)
  const phase1 = kdf(':kdf_phase1', 64, Xb, id, X, B, protoid, ver)
  if (!hash(':msg_mac', encap(phase1.subarray(32)), id, B, X, sealed).equals(mac))
    throw new Error('wrong MAC')
  const clientMessage = crypt(phase1.subarray(0, 32), sealed)

  const secretInput = Buffer.concat([y.agree(X), Xb, id, B, X, y.publicKey, protoid, ver])
  const stream = kdf(':kdf_final', 32 + keyBytes, hash(':key_seed', secretInput))
  const answer = crypt(stream.subarray(0, 32), respond(clientMessage))
  const verify = hash(':verify', secretInput)
  const auth = hash(
    ':auth_final',
    verify,
    id,
    B,
    y.publicKey,
    X,
    mac,
    encap(answer),
    protoid,
    Buffer.from('Server'),
  )
  return {
    reply: Buffer.concat([y.publicKey, auth, answer]),
    keyMaterial: stream.subarray(32),
    clientMessage,
  }
}
