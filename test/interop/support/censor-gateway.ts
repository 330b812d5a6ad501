/**
 * A censor on loopback: what a client is told of stands behind it, and it lets pass, cuts off, or swallows by rule. It
 * notes whom it saw go where, so that a test can say that somebody never went there.
 */
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { TorNetworkRecord } from './tor-network.ts'

export type CensorRule =
  | 'pass'
  /** The connection is refused in the middle: a packet with RST, as many firewalls send. */
  | 'reset'
  /** It opens, and whatever is said is never answered. */
  | 'blackhole'
  /** It is let begin, and cut off without a word when it has become clear what it is. */
  | 'drop'

/** What a censor tells apart. */
export type Traffic = 'relay' | 'obfs4' | 'webtunnel' | 'snowflake' | 'other'

/** So much of the other side's answer is let through before a `drop`. */
const DROP_AFTER_BYTES = 600

export class CensorGateway {
  readonly #servers: Server[] = []
  readonly #sockets = new Set<Socket>()
  readonly #rules = new Map<Traffic, CensorRule>()
  readonly #seen: Traffic[] = []

  /** Every connection that was tried, in order, whatever became of it. */
  get seen(): readonly Traffic[] {
    return this.#seen
  }

  /** What is not said passes. It holds for what is open, too. */
  censor(rules: Partial<Record<Traffic, CensorRule>>): void {
    this.#rules.clear()
    for (const [traffic, rule] of Object.entries(rules)) this.#rules.set(traffic as Traffic, rule)
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Resolves with the port behind which the other one is. */
  async open(traffic: Traffic, port: number, host = '127.0.0.1'): Promise<number> {
    const server = createServer((client) => this.#serve(client, traffic, { host, port }))
    return this.#listen(server)
  }

  /** The network as somebody is told of it who has never been in it: every relay that they know stands behind the censor. */
  async standBefore(network: TorNetworkRecord): Promise<TorNetworkRecord> {
    const authorityLines = await Promise.all(
      network.authorityLines.map(async (line) => {
        const orPort = /\borport=(\d+)/.exec(line)?.[1]
        if (orPort === undefined) throw new Error('an authority without an ORPort')
        return line.replace(`orport=${orPort}`, `orport=${await this.open('relay', Number(orPort))}`)
      }),
    )
    return { ...network, authorityLines }
  }

  /**
   * Resolves with the port of a SOCKS5 proxy that is the only way out, so that a relay is seen also where its own address
   * is dialled. Anything else passes it unseen, and can have a gateway of its own.
   */
  async standAsProxy(network: TorNetworkRecord): Promise<number> {
    const relays = new Set(network.nodes.flatMap(({ orPort, dirPort }) => [orPort, dirPort]))
    const server = createServer((client) => this.#greet(client, relays))
    return this.#listen(server)
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
    for (const server of this.#servers) server.close()
  }

  async #listen(server: Server): Promise<number> {
    this.#servers.push(server)
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
    return (server.address() as AddressInfo).port
  }

  /** No credentials, IPv4 targets: what the client asks here. It is always told that the way is open. */
  #greet(client: Socket, relays: ReadonlySet<number | undefined>): void {
    this.#watch(client)
    client.once('data', () => {
      client.write(Buffer.from([5, 0]))
      client.once('data', (request) => {
        const target = { host: [...request.subarray(4, 8)].join('.'), port: request.readUInt16BE(8) }
        client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        if (relays.has(target.port)) this.#serve(client, 'relay', target)
        else this.#forward(client, connect(target), 'pass')
      })
    })
  }

  #serve(client: Socket, traffic: Traffic, target: { readonly host: string; readonly port: number }): void {
    this.#seen.push(traffic)
    this.#watch(client)
    const rule = this.#rules.get(traffic) ?? 'pass'
    switch (rule) {
      case 'reset':
        client.resetAndDestroy()
        return
      case 'blackhole':
        client.resume()
        return
      case 'drop':
      case 'pass':
        return this.#forward(client, connect(target), rule)
    }
  }

  #forward(client: Socket, server: Socket, rule: 'pass' | 'drop'): void {
    this.#watch(server)
    const end = (): void => {
      client.destroy()
      server.destroy()
    }
    client.on('close', end)
    server.on('close', end)
    client.pipe(server)
    if (rule === 'pass') {
      server.pipe(client)
      return
    }
    let left = DROP_AFTER_BYTES
    server.on('data', (bytes: Buffer) => {
      if (left > 0) client.write(bytes.subarray(0, left))
      left -= bytes.length
    })
  }

  #watch(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => this.#sockets.delete(socket))
  }
}
