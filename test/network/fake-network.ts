/**
 * A Tor network in one process, good enough to be a client's guard, middle and exit at once, and to misbehave on
 * demand. One TLS server plays the guard; the relays behind it exist as hops of its circuits only. Nothing here shares
 * code with the client but key agreement.
 */
import type { Socket } from 'node:net'
import { createServer, type SecureVersion, type Server } from 'node:tls'
import type { CircuitTarget } from '../../core/linkspec/relay-target.ts'
import { toPem } from './der-writer.ts'
import { EventLog } from './event-log.ts'
import type { FakeCircuit, ReceivedMessage } from './fake-circuit.ts'
import {
  authChallengeCell,
  certsCell,
  FakeLink,
  netinfoCell,
  type OpeningCells,
  versionsCell,
  type WireCert,
} from './fake-link.ts'
import { echo, type StreamService } from './fake-stream.ts'
import {
  createRelayIdentity,
  type RelayIdentity,
  rsaCrossCert,
  rsaIdentityCert,
  signingKeyCert,
  tlsLinkCert,
} from './relay-identity.ts'
import type { WireCell } from './wire.ts'

/** The time that certificates are made for, and where `manualClock` starts. */
export const NETWORK_TIME_MS = 1_790_000_000_000

/** What a test changes about the network. Every part is looked up anew each time. */
export interface NetworkScript {
  /** The bytes with which the guard answers VERSIONS. */
  openLink?: (cells: OpeningCells, link: FakeLink) => readonly Buffer[]
  /** The guard's certificates, from its good ones. */
  certs?: (certs: readonly WireCert[], guard: RelayIdentity) => readonly WireCert[]
  /** Sees every cell first; true means that nothing else shall happen. */
  onCell?: (cell: WireCell, link: FakeLink) => boolean
  /** The handshake's reply for a new hop, from the good one; undefined sends nothing. */
  answerHandshake?: (reply: Buffer, hop: number, circuit: FakeCircuit) => Buffer | undefined
  /** What the relay says inside ntor-v3; unless given, congestion control where it was asked for, and else nothing. */
  ntorV3Message?: Buffer
  /** Sees every relay message first; true means that nothing else shall happen. */
  onMessage?: (message: ReceivedMessage, circuit: FakeCircuit) => boolean
  /** What lies at the other end of streams; echo unless given. */
  service?: StreamService
  /** The body of RESOLVED. */
  resolved?: (name: string) => Buffer
}

export interface NetworkOptions {
  readonly relays?: number
  /** The newest version of TLS that the guard speaks. */
  readonly maxTlsVersion?: SecureVersion
  readonly nowMs?: number
}

export interface RawConnection {
  readonly socket: Socket
  readonly closed: Promise<void>
}

export class FakeNetwork {
  script: NetworkScript = {}
  readonly nowMs: number
  /** The guard first. */
  readonly relays: readonly RelayIdentity[]
  readonly connections = new EventLog<RawConnection>()
  readonly links = new EventLog<FakeLink>()
  readonly circuits = new EventLog<FakeCircuit>()
  /** What the client did against the specification, as seen by the relays. */
  readonly violations: string[] = []
  readonly #server: Server
  #port = 0

  private constructor(relays: readonly RelayIdentity[], nowMs: number, maxVersion: SecureVersion) {
    this.relays = relays
    this.nowMs = nowMs
    const guard = this.relay(0)
    this.#server = createServer({
      key: guard.tlsKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: toPem(guard.tlsCertificate),
      maxVersion,
    })
    this.#server.on('connection', (socket: Socket) => {
      this.connections.push({
        socket,
        closed: new Promise((resolve) => socket.once('close', () => resolve())),
      })
    })
    this.#server.on('secureConnection', (socket) => this.links.push(new FakeLink(socket, this)))
    this.#server.on('tlsClientError', () => {})
  }

  static async start(options: NetworkOptions = {}): Promise<FakeNetwork> {
    const { relays: count = 3, nowMs = NETWORK_TIME_MS, maxTlsVersion = 'TLSv1.3' } = options
    const relays = Array.from({ length: count }, (_, index) => identityOf(index, nowMs))
    const network = new FakeNetwork(relays, nowMs, maxTlsVersion)
    await network.#listen()
    return network
  }

  get port(): number {
    return this.#port
  }

  relay(index: number): RelayIdentity {
    const relay = this.relays[index]
    if (relay === undefined) throw new RangeError(`the network has no relay ${index}`)
    return relay
  }

  /** What a client's directory would know of the relay. */
  target(index: number, options: { readonly hasNtorV3?: boolean } = {}): CircuitTarget {
    const { rsa, ed25519, ntorKey } = this.relay(index)
    return {
      ids: { rsa, ed25519 },
      endpoints: [{ host: '127.0.0.1', port: this.#port + index }],
      ntorKey: ntorKey.publicKey,
      hasNtorV3: options.hasNtorV3 ?? true,
      hasCongestionControl: true,
      nickname: `relay${index}`,
    }
  }

  get service(): StreamService {
    return this.script.service ?? echo
  }

  goodCerts(): WireCert[] {
    const guard = this.relay(0)
    return [
      { type: 1, body: guard.tlsCertificate },
      { type: 2, body: rsaIdentityCert(guard, this.nowMs) },
      { type: 4, body: signingKeyCert(guard, this.nowMs) },
      { type: 5, body: tlsLinkCert(guard, this.nowMs) },
      { type: 7, body: rsaCrossCert(guard, this.nowMs) },
    ]
  }

  openingFor(link: FakeLink): readonly Buffer[] {
    const good = this.goodCerts()
    const cells: OpeningCells = {
      versions: versionsCell([3, 4, 5]),
      certs: certsCell(this.script.certs?.(good, this.relay(0)) ?? good),
      authChallenge: authChallengeCell(),
      netinfo: netinfoCell(Math.floor(this.nowMs / 1000)),
    }
    const { versions, certs, authChallenge, netinfo } = cells
    return this.script.openLink?.(cells, link) ?? [versions, certs, authChallenge, netinfo]
  }

  /** Ends every connection and the server; a test's last step. */
  async close(): Promise<void> {
    for (const { socket } of this.connections.all) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the server has no port')
    this.#port = address.port
  }
}

/** RSA keys take long to make: the networks of one test file have the same relays. */
const identities = new Map<string, RelayIdentity>()

function identityOf(index: number, nowMs: number): RelayIdentity {
  const key = `${index} ${nowMs}`
  const identity = identities.get(key) ?? createRelayIdentity(nowMs)
  identities.set(key, identity)
  return identity
}
