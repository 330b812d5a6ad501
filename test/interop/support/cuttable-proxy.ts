/**
 * A SOCKS5 proxy whose ways to single relays, or to all of them, a test can cut, slow down and mend: a relay that dies, a
 * network that goes.
 */
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'

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
  readonly #slow = new Map<string, number>()
  readonly #carried = new Map<string, number>()
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

  /** Bytes are on the way for so much longer in each direction, from now on. */
  slow(target: string, delayMs: number): void {
    this.#slow.set(target, delayMs)
  }

  /** Bytes that came from there, since the beginning. */
  carriedFrom(target: string): number {
    return this.#carried.get(target) ?? 0
  }

  mend(): void {
    this.#cut.clear()
    this.#slow.clear()
    this.#isAllCut = false
  }

  close(): void {
    this.cutAll()
    this.#server.close()
  }

  /** Takes everything at once, and gives it on in order when it is time: a long way, not a narrow one. */
  #delay(target: string): Transform {
    let last = Promise.resolve()
    const way = new Transform({
      readableHighWaterMark: 1 << 26,
      transform: (chunk, _encoding, done) => {
        const delayMs = this.#slow.get(target) ?? 0
        const due = new Promise<void>((resolve) => (delayMs === 0 ? resolve() : setTimeout(resolve, delayMs)))
        last = Promise.all([last, due]).then(() => void way.push(chunk))
        done()
      },
    })
    return way
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
      client.pipe(this.#delay(target)).pipe(relay).pipe(this.#delay(target)).pipe(client)
    })
    relay.on('data', (chunk: Buffer) => {
      this.#carried.set(target, this.carriedFrom(target) + chunk.length)
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
