/**
 * Snowflake's server, made of the core's parts where both sides are alike: proxies connect by WebSocket, and each session
 * leads to one TCP connection. A session outlives its proxies.
 */
import { connect, type Socket } from 'node:net'
import {
  clientIdOfStreamStart,
  PacketDecoder,
  packetPrefix,
  STREAM_START_BYTES,
} from '../../core/transport/snowflake/encapsulation.ts'
import { Kcp } from '../../core/transport/snowflake/kcp.ts'
import { conversationOf } from '../../core/transport/snowflake/kcp-segment.ts'
import { FIRST_STREAM_ID, SmuxStream } from '../../core/transport/snowflake/smux-stream.ts'
import { systemClock, type Timer } from '../../core/util/clock.ts'
import { type ServerWebSocket, type WebSocketEvents, WebSocketServer } from './web-socket-server.ts'

const PIECE_BYTES = 32_768
const KEEP_ALIVE_MS = 10_000

/** One client's session. */
class ServerSession {
  readonly #targetPort: number
  #kcp: Kcp | undefined
  #smux: SmuxStream | undefined
  #target: Socket | undefined
  #proxy: ServerWebSocket | undefined
  #isFull = false
  #toClient: Buffer = Buffer.alloc(0)
  #wakeTimer: Timer | undefined
  readonly #keepAlive: NodeJS.Timeout

  constructor(targetPort: number) {
    this.#targetPort = targetPort
    this.#keepAlive = setInterval(() => {
      this.#smux?.keepAlive()
      this.#flush()
    }, KEEP_ALIVE_MS)
  }

  use(proxy: ServerWebSocket): void {
    this.#proxy = proxy
    this.#isFull = false
    this.#kcp?.onPathLost()
    this.#flush()
  }

  lose(proxy: ServerWebSocket): void {
    if (this.#proxy === proxy) this.#proxy = undefined
  }

  onRoom(): void {
    this.#isFull = false
    this.#flush()
  }

  onPacket(packet: Buffer): void {
    if (this.#kcp === undefined) {
      const conversation = conversationOf(packet)
      if (conversation !== undefined) this.#begin(conversation)
    }
    this.#kcp?.onPacket(packet)
    this.#flush()
  }

  close(): void {
    clearInterval(this.#keepAlive)
    this.#wakeTimer?.cancel()
    this.#target?.destroy()
    this.#proxy?.close()
  }

  #begin(conversation: number): void {
    const kcp = new Kcp({
      conversation,
      nowMs: () => systemClock.monotonicMs(),
      hasRoom: () => this.#proxy !== undefined && !this.#isFull,
      onPacket: (packet) => {
        const message = Buffer.concat([packetPrefix(packet.length), packet])
        this.#isFull = this.#proxy?.send(message) === false
      },
      onData: (bytes) => this.#smux?.onBytes(bytes),
    })
    this.#kcp = kcp
    const target = connect(this.#targetPort, '127.0.0.1')
    this.#target = target
    this.#smux = new SmuxStream(
      {
        send: (bytes) => kcp.write(bytes),
        onData: (bytes) => {
          target.write(Buffer.from(bytes), () => this.#smux?.onConsumed(bytes.length))
        },
        onEnd: () => target.end(),
      },
      FIRST_STREAM_ID,
      false,
    )
    target.on('error', () => {})
    target.on('data', (bytes: Buffer) => {
      this.#toClient = Buffer.concat([this.#toClient, bytes])
      this.#flush()
    })
    target.on('end', () => {
      this.#smux?.end()
      this.#flush()
    })
  }

  #flush(): void {
    this.#feed()
    const wakeMs = this.#kcp?.flush()
    this.#wakeTimer?.cancel()
    if (wakeMs === undefined || this.#proxy === undefined || this.#isFull) return
    this.#wakeTimer = systemClock.setTimer(Math.max(1, wakeMs - systemClock.monotonicMs()), () =>
      this.#flush(),
    )
  }

  #feed(): void {
    while (this.#toClient.length > 0 && this.#kcp?.hasRoom === true) {
      const piece = this.#toClient.subarray(0, Math.min(PIECE_BYTES, this.#smux?.windowBytes ?? 0))
      if (piece.length === 0) break
      this.#smux?.write(piece)
      this.#toClient = this.#toClient.subarray(piece.length)
    }
    if (this.#toClient.length > PIECE_BYTES) this.#target?.pause()
    else this.#target?.resume()
  }
}

export class SnowflakeServer {
  readonly #sessions = new Map<string, ServerSession>()
  readonly #server: WebSocketServer
  readonly #proxies = new Set<ServerWebSocket>()
  /** How many proxies have brought a client. */
  connections = 0
  /** Nothing is read or answered: as when the bridge stands still. */
  isStalled = false

  private constructor(targetPort: number) {
    this.#server = new WebSocketServer((make) => this.#onProxy(make, targetPort))
  }

  /** `targetPort` is the bridge's, on loopback. */
  static async start(targetPort: number, port = 0): Promise<SnowflakeServer> {
    const server = new SnowflakeServer(targetPort)
    await server.#server.listen(port)
    return server
  }

  get port(): number {
    return this.#server.port
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`
  }

  get sessionCount(): number {
    return this.#sessions.size
  }

  /** The proxies' connections end; the sessions go on. */
  dropProxies(): void {
    for (const proxy of this.#proxies) proxy.close()
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) session.close()
    await this.#server.close()
  }

  #onProxy(make: (events: WebSocketEvents) => ServerWebSocket, targetPort: number): void {
    let start: Buffer = Buffer.alloc(0)
    let session: ServerSession | undefined
    const decoder = new PacketDecoder((packet) => session?.onPacket(packet))
    const proxy = make({
      onMessage: (message) => {
        if (this.isStalled) return
        if (session !== undefined) return decoder.decode(message)
        start = Buffer.concat([start, message])
        if (start.length < STREAM_START_BYTES) return
        const clientId = clientIdOfStreamStart(start)?.toString('hex')
        if (clientId === undefined) return proxy.close()
        this.connections++
        session = this.#sessionOf(clientId, targetPort)
        session.use(proxy)
        decoder.decode(start.subarray(STREAM_START_BYTES))
      },
      onDrain: () => session?.onRoom(),
      onClose: () => {
        this.#proxies.delete(proxy)
        session?.lose(proxy)
      },
    })
    this.#proxies.add(proxy)
  }

  #sessionOf(clientId: string, targetPort: number): ServerSession {
    const found = this.#sessions.get(clientId)
    if (found !== undefined) return found
    const session = new ServerSession(targetPort)
    this.#sessions.set(clientId, session)
    return session
  }
}
