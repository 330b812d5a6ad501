/** A server on loopback, with TLS or without, whose answers a test writes byte by byte. */
import { createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls'
import { TEST_CERTIFICATE, TEST_KEY } from './web-certificates.ts'

export interface RawWebScript {
  /** What the client has sent so far over this connection, whenever more of it comes. */
  onBytes?(received: Buffer, socket: Socket): void
}

export class RawWebServer {
  /** The TCP connections. */
  readonly sockets = new Set<Socket>()
  /** Everything that each connection has sent. */
  readonly received: Buffer[] = []
  /** The names in the TLS hellos; false where there was none. */
  readonly serverNames: (string | false | null)[] = []
  readonly protocols: (string | false | null)[] = []
  script: RawWebScript = {}
  readonly #server: Server

  private constructor(tls: TlsOptions | undefined) {
    this.#server =
      tls === undefined ? createServer() : createTlsServer({ ALPNProtocols: ['h2', 'http/1.1'], ...tls })
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
    })
    this.#server.on('tlsClientError', () => {})
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket | TLSSocket) =>
      this.#serve(socket),
    )
  }

  static async start(tls?: 'tls' | TlsOptions): Promise<RawWebServer> {
    const options = tls === 'tls' ? { key: TEST_KEY, cert: TEST_CERTIFICATE } : tls
    const server = new RawWebServer(options)
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve))
    return server
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  #serve(socket: Socket | TLSSocket): void {
    if ('servername' in socket) {
      this.serverNames.push(socket.servername ?? null)
      this.protocols.push(socket.alpnProtocol)
    }
    const index = this.received.push(Buffer.alloc(0)) - 1
    socket.on('error', () => {})
    socket.on('data', (bytes: Buffer) => {
      const received = Buffer.concat([this.received[index] ?? bytes, bytes])
      this.received[index] = received
      this.script.onBytes?.(received, socket)
    })
  }
}
