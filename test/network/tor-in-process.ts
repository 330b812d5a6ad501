/**
 * A whole Tor network in this process, on loopback: authorities that sign, relays that relay, exits to what the host
 * table names, directory caches and bridges. Made for tests and for the demo; it protects nobody and is no part of what
 * is shipped.
 */
import { randomBytes } from 'node:crypto'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls'
import type { RsaIdentity } from '../../core/linkspec/relay-ids.ts'
import { TestAuthority } from '../support/test-authority.ts'
import { DirectoryDocuments } from './directory/directory-documents.ts'
import { DirectoryServer } from './directory/directory-server.ts'
import { type ConnectionFault, FaultBook } from './faults/fault.ts'
import { drip, HEAD_OF_LINK, HEAD_OF_TLS } from './faults/dripping.ts'
import { HostTable } from './relays/host-table.ts'
import { PooledRsaKeys } from './pooled-rsa.ts'
import { createRelayKeys } from './relay-identity.ts'
import { createLinkTls, type LinkTls, tlsServerOptions } from './relays/link-identity.ts'
import type { NetworkClock, NetworkCore } from './relays/network-core.ts'
import { Relay } from './relays/relay.ts'
import type { RelayDescription } from './relays/relay-description.ts'
import { RelayLink } from './relays/relay-link.ts'

/** So many RSA keys can be waited for. */
const FEW_RELAYS = 100

/** What is no TLS. */
const GARBAGE = 'SSH-2.0-OpenSSH_9.2p1\r\n'

export interface NetworkDescription {
  /** `orPort` 0 takes the listener's: all relays share one, and differ by address. */
  readonly relays: readonly RelayDescription[]
  /** From one consensus to the next. */
  readonly consensusIntervalMs: number
  readonly params?: string
  readonly weights?: string
}

export class TorInProcess {
  readonly hosts = new HostTable()
  readonly relays: readonly Relay[]
  readonly authorities: readonly TestAuthority[]
  readonly directory: DirectoryServer
  /** Counts up with everything that comes or goes. */
  activity = 0
  /** What peers did against the specification. */
  readonly complaints: string[] = []
  /** What relays do wrong. */
  readonly faults = new FaultBook()
  readonly #tls: LinkTls
  readonly #server: Server
  readonly #tlsServer: TlsServer
  readonly #links = new Set<RelayLink>()
  readonly #sockets = new Set<Socket>()
  /** Connections whose TLS handshake is under way, by both their ends. */
  readonly #handshakes = new Set<string>()
  readonly #core: NetworkCore
  readonly #byAddress: ReadonlyMap<string, Relay>
  readonly #byRsa: ReadonlyMap<RsaIdentity, Relay>

  private constructor(description: NetworkDescription, clock: NetworkClock, tls: LinkTls, server: Server) {
    const { port } = server.address() as AddressInfo
    const { length } = description.relays
    const pool = length > FEW_RELAYS ? new PooledRsaKeys(length) : undefined
    this.relays = description.relays.map(
      (relay) => new Relay({ ...relay, orPort: relay.orPort || port }, createRelayKeys(pool?.next())),
    )
    const authorityRelays = this.relays.filter((relay) => relay.description.flags.includes('Authority'))
    this.authorities = authorityRelays.map(({ description: { nickname } }) => new TestAuthority(nickname))
    const { consensusIntervalMs: intervalMs, params, weights } = description
    const documents = new DirectoryDocuments(this.relays, this.authorities, {
      intervalMs,
      ...(params !== undefined && { params }),
      ...(weights !== undefined && { weights }),
    })
    this.directory = new DirectoryServer(documents, clock, intervalMs, this.faults)
    this.#byAddress = new Map(this.relays.map((relay) => [relay.description.address, relay]))
    this.#byRsa = new Map(this.relays.map((relay) => [relay.rsa, relay]))
    this.#tls = tls
    this.#server = server
    this.#tlsServer = createTlsServer(tlsServerOptions(tls))
    this.#core = {
      clock,
      hosts: this.hosts,
      directory: this.directory,
      faults: this.faults,
      randomBytes,
      relayOf: (rsa) => this.#byRsa.get(rsa),
      onActivity: () => void this.activity++,
      onLinkClosed: (link) => void this.#links.delete(link),
      complain: (relay, what) => void this.complaints.push(`${relay.description.nickname}: ${what}`),
    }
    server.on('connection', (socket) => this.#onConnection(socket))
    this.#tlsServer.on('secureConnection', (socket) => this.#onLink(socket))
    this.#tlsServer.on('tlsClientError', () => {})
  }

  static async start(description: NetworkDescription, clock: NetworkClock): Promise<TorInProcess> {
    const tls = createLinkTls(clock.wallMs())
    const server = createServer({ pauseOnConnect: true })
    // Every address of 127.0.0.0/8 is this machine's; connections to any other are ended at once.
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(0, '0.0.0.0', resolve)
    })
    return new TorInProcess(description, clock, tls, server)
  }

  /** What makes a client, C tor or ours, use this network. */
  get clientLines(): readonly string[] {
    const lines = this.authorities.map((authority) => {
      const relay = this.relays.find(({ description }) => description.nickname === authority.nickname)
      if (relay === undefined) throw new RangeError('an authority without a relay')
      const { nickname, address, orPort } = relay.description
      return `DirAuthority ${nickname} orport=${orPort} v3ident=${authority.identity} ${address}:${orPort} ${relay.rsa}`
    })
    return ['TestingTorNetwork 1', ...lines]
  }

  /** Whether a TLS handshake is under way, of which `activity` sees nothing. */
  get isHandshaking(): boolean {
    return this.#handshakes.size > 0
  }

  /** Ends the links that relay has now. */
  cutLinks(relay: Relay): void {
    for (const link of this.#links) if (link.relay === relay) link.destroy()
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #onConnection(socket: Socket): void {
    this.activity++
    this.#sockets.add(socket)
    const ends = endsOf(socket)
    socket.on('error', () => {})
    socket.once('close', () => {
      this.activity++
      this.#sockets.delete(socket)
      this.#handshakes.delete(ends)
    })
    const relay = this.#byAddress.get(addressOf(socket))
    if (relay === undefined) return void socket.destroy()
    relay.connections++
    if (this.#commits(relay, 'close-at-once')) return void socket.destroy()
    if (this.#commits(relay, 'stall-before-tls')) return
    if (this.#commits(relay, 'garbage-instead-of-tls')) return void socket.write(GARBAGE)
    if (this.#commits(relay, 'drip-before-tls')) return this.#drip(socket, HEAD_OF_TLS)
    this.#handshakes.add(ends)
    this.#tlsServer.emit('connection', socket)
  }

  #drip(socket: Socket, bytes: Buffer): void {
    drip(socket, bytes, this.#core.clock, () => void this.activity++)
  }

  #onLink(socket: TLSSocket): void {
    this.activity++
    this.#handshakes.delete(endsOf(socket))
    const relay = this.#byAddress.get(addressOf(socket))
    if (relay === undefined) return void socket.destroy()
    if (this.#commits(relay, 'stall-after-tls')) return void socket.on('error', () => {})
    if (this.#commits(relay, 'drip-after-tls')) {
      socket.on('error', () => {})
      return this.#drip(socket, HEAD_OF_LINK)
    }
    this.#links.add(new RelayLink(this.#core, relay, this.#tls, socket))
  }

  #commits(relay: Relay, fault: ConnectionFault): boolean {
    return this.faults.due('link', relay.description.nickname, (does) => does.do === fault) !== undefined
  }
}

/** The same for a connection and for the TLS upon it. */
function endsOf(socket: Socket | TLSSocket): string {
  return `${addressOf(socket)} ${socket.remoteAddress} ${socket.remotePort}`
}

function addressOf({ localAddress = '' }: Socket | TLSSocket): string {
  return localAddress.replace(/^::ffff:/, '')
}
