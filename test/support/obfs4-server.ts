/** The bridge's side of obfs4, made of the core's parts where both sides are alike; it can be told to misbehave. */
import { createServer, type Server, type Socket } from 'node:net'
import {
  generateRepresentableKeyPair,
  publicKeyOfRepresentative,
  type RepresentableKeyPair,
} from '../../core/crypto/elligator2.ts'
import { hmacSha256 } from '../../core/crypto/hash.ts'
import { hkdfExpand, hkdfExtract } from '../../core/crypto/hkdf.ts'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { generateX25519KeyPair } from '../../core/crypto/x25519.ts'
import { Secretbox } from '../../core/crypto/secretbox.ts'
import { Drbg } from '../../core/transport/obfs4/drbg.ts'
import { FRAME_KEY_BYTES, FrameDecoder, FrameEncoder } from '../../core/transport/obfs4/frames.ts'

const PROTOID = 'ntor-curve25519-sha256-1'
const HOUR_MS = 3_600_000

export interface ServerSession {
  readonly toClient: FrameEncoder
  readonly fromClient: FrameDecoder
  readonly answer: Buffer
  /** What `toClient` was made of. */
  readonly toClientKeys: Buffer
  readonly usedBytes: number
}

/** A bridge's keys and what it answers. */
export class Obfs4Server {
  readonly nodeId = Buffer.alloc(20, 0xa5)
  readonly identity = generateX25519KeyPair()
  wallMs = Date.now()

  get cert(): string {
    return Buffer.concat([this.nodeId, this.identity.publicKey]).toString('base64').replace(/=+$/, '')
  }

  /** Undefined while nothing in `received` is a request for this bridge. */
  accept(received: Buffer, paddingBytes = 300, key?: RepresentableKeyPair): ServerSession | undefined {
    const mark = received.indexOf(this.#mac(received.subarray(0, 32)), 32)
    if (mark < 0 || received.length < mark + 32) return undefined
    const hour = [0, -1, 1]
      .map((step) => Buffer.from(String(Math.floor(this.wallMs / HOUR_MS) + step)))
      .find((text) =>
        this.#mac(received.subarray(0, mark + 16), text).equals(received.subarray(mark + 16, mark + 32)),
      )
    if (hour === undefined) return undefined
    const y = key ?? generateRepresentableKeyPair(systemRandom)
    const { keys, auth } = this.#agree(y, publicKeyOfRepresentative(received.subarray(0, 32)))
    const padding = Buffer.alloc(paddingBytes, 0x11)
    const marked = Buffer.concat([y.representative, auth, padding, this.#mac(y.representative)])
    return {
      answer: Buffer.concat([marked, this.#mac(marked, hour)]),
      toClientKeys: keys.subarray(FRAME_KEY_BYTES),
      toClient: new FrameEncoder(keys.subarray(FRAME_KEY_BYTES)),
      fromClient: new FrameDecoder(keys.subarray(0, FRAME_KEY_BYTES), { onSeed: () => {} }, systemRandom),
      usedBytes: mark + 32,
    }
  }

  #mac(...parts: readonly Buffer[]): Buffer {
    return hmacSha256(Buffer.concat([this.identity.publicKey, this.nodeId]), ...parts).subarray(0, 16)
  }

  #agree(y: RepresentableKeyPair, X: Buffer): { readonly keys: Buffer; readonly auth: Buffer } {
    const tweak = (name: string): Buffer => Buffer.from(PROTOID + name)
    const B = this.identity.publicKey
    const suffix = [B, B, X, y.publicKey, Buffer.from(PROTOID), this.nodeId]
    const secretInput = [y.agree(X), this.identity.agree(X), ...suffix]
    const verify = hmacSha256(tweak(':key_verify'), ...secretInput)
    const seed = hmacSha256(tweak(':key_extract'), ...secretInput)
    return {
      keys: hkdfExpand(hkdfExtract(tweak(':key_extract'), seed), tweak(':key_expand'), 2 * FRAME_KEY_BYTES),
      auth: hmacSha256(tweak(':mac'), verify, ...suffix, Buffer.from('Server')),
    }
  }
}

/** One frame of payload. */
export function frameOf({ toClient }: ServerSession, payload: Uint8Array, paddingBytes = 0): Buffer {
  const frame = Buffer.alloc(1448)
  return frame.subarray(0, toClient.encode(payload, paddingBytes, frame, 0))
}

/** The first frames under these keys, with packets that the encoder would not make. */
export function framesWith(keys: Buffer, ...packets: readonly Buffer[]): Buffer {
  const box = new Secretbox(keys.subarray(0, 32), keys.subarray(32, 48), 1430)
  const masks = new Drbg(keys.subarray(48))
  const frames = packets.map((packet) => {
    const frame = Buffer.alloc(2 + 16 + packet.length)
    frame.writeUInt16BE((16 + packet.length) ^ masks.nextLengthMask(), 0)
    box.plaintext(packet.length).set(packet)
    box.seal(packet.length, frame, 2)
    return frame
  })
  return Buffer.concat(frames)
}

/** `payload` in as many frames as it needs. */
export function framesOf(session: ServerSession, payload: Buffer): Buffer {
  const frames: Buffer[] = []
  for (let at = 0; at < payload.length; at += 1427)
    frames.push(frameOf(session, payload.subarray(at, at + 1427)))
  return Buffer.concat(frames)
}

export interface Obfs4ServerScript {
  /** Takes the place of the answer. */
  answer?(session: ServerSession, socket: Socket): void
  /** What the client has sent, as it comes. Without it everything is sent back. */
  onPayload?(payload: Buffer, session: ServerSession, socket: Socket): void
}

/** The server on a socket of loopback. */
export class ListeningObfs4Server extends Obfs4Server {
  readonly sockets = new Set<Socket>()
  readonly requests: Buffer[] = []
  readonly #server: Server
  script: Obfs4ServerScript = {}

  private constructor() {
    super()
    this.#server = createServer((socket) => this.#serve(socket))
  }

  static async start(): Promise<ListeningObfs4Server> {
    const server = new ListeningObfs4Server()
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  line(iatMode = 0, cert = this.cert): string {
    return `obfs4 127.0.0.1:${this.port} cert=${cert} iat-mode=${iatMode}`
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket): void {
    this.sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => this.sockets.delete(socket))
    let received: Buffer = Buffer.alloc(0)
    let session: ServerSession | undefined
    socket.on('data', (bytes) => {
      if (session !== undefined) return this.#onFrames(bytes, session, socket)
      received = Buffer.concat([received, bytes])
      session = this.accept(received)
      if (session === undefined) return
      this.requests.push(received.subarray(0, session.usedBytes))
      if (this.script.answer === undefined) socket.write(session.answer)
      else this.script.answer(session, socket)
      const rest = received.subarray(session.usedBytes)
      if (rest.length > 0) this.#onFrames(rest, session, socket)
    })
  }

  #onFrames(bytes: Buffer, session: ServerSession, socket: Socket): void {
    const payload = session.fromClient.decode(bytes)
    if (payload.length === 0) return
    if (this.script.onPayload === undefined) socket.write(framesOf(session, payload))
    else this.script.onPayload(payload, session, socket)
  }
}
