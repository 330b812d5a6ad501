/** An upstream proxy on loopback whose every word a test writes. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** Takes what the client has said so far and answers, hangs, or joins the relay. */
export type ProxyScript = (said: Buffer, socket: Socket, join: () => void) => void

export class FakeProxy {
  readonly endpoint: { readonly host: string; readonly port: number }
  /** The addresses that clients came from. */
  readonly clients: (string | undefined)[] = []
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.endpoint = { host: '127.0.0.1', port }
  }

  /** `relayPort` is where `join` leads. */
  static async start(relayPort: number, script: ProxyScript): Promise<FakeProxy> {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const proxy = new FakeProxy(server, address !== null && typeof address === 'object' ? address.port : 0)
    server.on('connection', (socket) => proxy.#onConnection(socket, relayPort, script))
    return proxy
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #onConnection(socket: Socket, relayPort: number, script: ProxyScript): void {
    this.clients.push(socket.remoteAddress)
    this.#sockets.add(socket.on('error', () => {}))
    let said = Buffer.alloc(0)
    let isJoined = false
    const join = (): void => {
      isJoined = true
      socket.removeAllListeners('data')
      const relay = connect(relayPort, '127.0.0.1')
      this.#sockets.add(relay.on('error', () => {}))
      socket.pipe(relay).pipe(socket)
    }
    socket.on('data', (bytes: Buffer) => {
      if (isJoined) return
      said = Buffer.concat([said, bytes])
      script(said, socket, join)
    })
  }
}

/** A good SOCKS5 proxy without passwords. */
export const goodSocks5: ProxyScript = (said, socket, join) => {
  if (said.length === 2 + said.readUInt8(1)) socket.write(Buffer.of(5, 0))
  else if (said.length > 3) {
    socket.write(Buffer.of(5, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    join()
  }
}
