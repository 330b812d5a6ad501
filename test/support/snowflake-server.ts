/**
 * Snowflake's server, made of the core's parts where both sides are alike: proxies bring packets, and each session leads
 * to one connection behind it. A session outlives its proxies.
 */
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import {
  clientIdOfStreamStart,
  PacketDecoder,
  packetPrefix,
  STREAM_START_BYTES,
} from '../../core/transport/snowflake/encapsulation.ts'
import { Kcp } from '../../core/transport/snowflake/kcp.ts'
import { conversationOf } from '../../core/transport/snowflake/kcp-segment.ts'
import { FIRST_STREAM_ID, SmuxStream } from '../../core/transport/snowflake/smux-stream.ts'
import { type Clock, systemClock, type Timer } from '../../core/util/clock.ts'
import { WebSocketServer } from './web-socket-server.ts'

const PIECE_BYTES = 32_768
const KEEP_ALIVE_MS = 10_000

/** A proxy's connection, as the server sees it. */
export interface ProxyLink {
  /** False when enough waits. */
  send(message: Buffer): boolean
  close(): void
}

/** What a proxy's connection tells the server. */
export interface ProxyEvents {
  onMessage(message: Buffer): void
  onDrain(): void
  onClose(): void
}

/** One client's session. */
class ServerSession {
  readonly #clock: Clock
  readonly #connectTarget: () => Duplex
  #kcp: Kcp | undefined
  #smux: SmuxStream | undefined
  #target: Duplex | undefined
  #proxy: ProxyLink | undefined
  #isFull = false
  #toClient: Buffer = Buffer.alloc(0)
  #wakeTimer: Timer | undefined
  #keepAliveTimer: Timer | undefined

  constructor(clock: Clock, connectTarget: () => Duplex) {
    this.#clock = clock
    this.#connectTarget = connectTarget
    this.#keepAlive()
  }

  use(proxy: ProxyLink): void {
    this.#proxy = proxy
    this.#isFull = false
    this.#kcp?.onPathLost()
    this.#flush()
  }

  lose(proxy: ProxyLink): void {
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

  /** As a server that was started anew: it knows nothing of what has been. */
  close(): void {
    this.#keepAliveTimer?.cancel()
    this.#wakeTimer?.cancel()
    this.#target?.destroy()
    this.#proxy?.close()
  }

  #keepAlive(): void {
    this.#keepAliveTimer = this.#clock.setTimer(KEEP_ALIVE_MS, () => {
      this.#smux?.keepAlive()
      this.#flush()
      this.#keepAlive()
    })
  }

  #begin(conversation: number): void {
    const kcp = new Kcp({
      conversation,
      nowMs: () => this.#clock.monotonicMs(),
      hasRoom: () => this.#proxy !== undefined && !this.#isFull,
      onPacket: (packet) => {
        const message = Buffer.concat([packetPrefix(packet.length), packet])
        this.#isFull = this.#proxy?.send(message) === false
      },
      onData: (bytes) => this.#smux?.onBytes(bytes),
    })
    const target = this.#connectTarget()
    this.#kcp = kcp
    this.#target = target
    this.#smux = new SmuxStream(
      {
        send: (bytes) => kcp.write(bytes),
        onData: (bytes) => {
          target.write(Buffer.from(bytes), () => {
            this.#smux?.onConsumed(bytes.length)
            this.#flush()
          })
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
    this.#wakeTimer = undefined
    if (wakeMs === undefined || this.#proxy === undefined || this.#isFull) return
    const delayMs = Math.max(1, wakeMs - this.#clock.monotonicMs())
    this.#wakeTimer = this.#clock.setTimer(delayMs, () => this.#flush())
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

/** The sessions, however the proxies come. */
export class SnowflakeSessions {
  /** How many proxies have brought a client. */
  connections = 0
  /** Whatever has passed by proxies, either way. */
  bytes = 0
  /** Nothing is read or answered: as when the server stands still. */
  isStalled = false
  readonly #clock: Clock
  readonly #connectTarget: () => Duplex
  readonly #sessions = new Map<string, ServerSession>()

  constructor(connectTarget: () => Duplex, clock: Clock = systemClock) {
    this.#connectTarget = connectTarget
    this.#clock = clock
  }

  get count(): number {
    return this.#sessions.size
  }

  /** All are forgotten, as by a server that was started anew. */
  forget(): void {
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
  }

  accept(proxy: ProxyLink): ProxyEvents {
    const link: ProxyLink = {
      send: (message) => {
        this.bytes += message.length
        return proxy.send(message)
      },
      close: () => proxy.close(),
    }
    let start: Buffer = Buffer.alloc(0)
    let session: ServerSession | undefined
    const decoder = new PacketDecoder((packet) => session?.onPacket(packet))
    return {
      onMessage: (message) => {
        this.bytes += message.length
        if (this.isStalled) return
        if (session !== undefined) return decoder.decode(message)
        start = Buffer.concat([start, message])
        if (start.length < STREAM_START_BYTES) return
        const clientId = clientIdOfStreamStart(start)?.toString('hex')
        if (clientId === undefined) return link.close()
        this.connections++
        session = this.#sessionOf(clientId)
        session.use(link)
        decoder.decode(start.subarray(STREAM_START_BYTES))
      },
      onDrain: () => session?.onRoom(),
      onClose: () => session?.lose(link),
    }
  }

  #sessionOf(clientId: string): ServerSession {
    const found = this.#sessions.get(clientId)
    if (found !== undefined) return found
    const session = new ServerSession(this.#clock, this.#connectTarget)
    this.#sessions.set(clientId, session)
    return session
  }
}

/** The server on a port of loopback. */
export class SnowflakeServer {
  readonly sessions: SnowflakeSessions
  readonly #server: WebSocketServer

  /** `targetPort` is the bridge's, on loopback. */
  static async start(targetPort: number, port = 0): Promise<SnowflakeServer> {
    const server = new SnowflakeServer(targetPort)
    await server.#server.listen(port)
    return server
  }

  private constructor(targetPort: number) {
    this.sessions = new SnowflakeSessions(() => connect(targetPort, '127.0.0.1'))
    this.#server = new WebSocketServer((link) => this.sessions.accept(link))
  }

  get port(): number {
    return this.#server.port
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/`
  }

  async close(): Promise<void> {
    this.sessions.forget()
    await this.#server.close()
  }
}
