/** A SOCKS5 proxy whose ways to single relays, or to all of them, a test can cut and mend: a relay that dies, a network that goes. */
import { connect, createServer, type Server, type Socket } from 'node:net'

const SUCCEEDED = 0
const HOST_UNREACHABLE = 4

interface Way {
  readonly target: string
  readonly sockets: readonly Socket[]
}

export class CuttableProxy {
  readonly #server: Server
  readonly #ways = new Set<Way>()
  readonly #cut = new Set<string>()
  #isAllCut = false

  private constructor() {
    this.#server = createServer((socket) => this.#greet(socket))
  }

  static async start(): Promise<CuttableProxy> {
    const proxy = new CuttableProxy()
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  /** `target` is host:port, as the status shows it. */
  cut(target: string): void {
    this.#cut.add(target)
    this.#break()
  }

  cutAll(): void {
    this.#isAllCut = true
    this.#break()
  }

  mend(): void {
    this.#cut.clear()
    this.#isAllCut = false
  }

  close(): void {
    this.cutAll()
    this.#server.close()
  }

  #isCut(target: string): boolean {
    return this.#isAllCut || this.#cut.has(target)
  }

  #break(): void {
    for (const { target, sockets } of this.#ways) {
      if (this.#isCut(target)) for (const socket of sockets) socket.destroy()
    }
  }

  /** No credentials, IPv4 targets: what the client asks here. */
  #greet(client: Socket): void {
    client.on('error', () => {})
    client.once('data', () => {
      client.write(Buffer.from([5, 0]))
      client.once('data', (request) => this.#serve(client, request))
    })
  }

  #serve(client: Socket, request: Buffer): void {
    const host = [...request.subarray(4, 8)].join('.')
    const port = request.readUInt16BE(8)
    const target = `${host}:${port}`
    const answer = (code: number): Buffer => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
    if (this.#isCut(target)) {
      client.end(answer(HOST_UNREACHABLE))
      return
    }
    const relay = connect(port, host, () => {
      client.write(answer(SUCCEEDED))
      client.pipe(relay).pipe(client)
    })
    const way = { target, sockets: [client, relay] }
    this.#ways.add(way)
    relay.on('error', () => client.destroy())
    relay.on('close', () => {
      this.#ways.delete(way)
      client.destroy()
    })
    client.on('close', () => relay.destroy())
  }
}
