/**
 * What every transport has to show before a real C tor bridge: it carries a client from nothing and carries it alone, whole
 * transfers both ways, a server that is killed and comes back, one that stands still, and words for lines that are wrong.
 */
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ClientProcess, type Command, createClientHome } from './client-process.ts'
import { curl } from './curl.ts'
import { viaSocks } from './fixture.ts'
import { WarningCollector } from './protocol-warnings.ts'
import { remotePortsOf, watchRemotePorts } from './relay-view.ts'
import { bodyBlocks, hashOfBody, startWebServer, type TestServer } from './test-servers.ts'
import { clientLines, type TorNetworkRecord } from './tor-network.ts'
import type { NodeRecord } from './tor-node.ts'
import { waitFor } from './waiting.ts'

/** A bridge that is reached by the transport, with everything that stands before it. */
export interface TransportPeer {
  /** The value of a `Bridge` option. */
  readonly line: string
  /** The ports that a client with this line may be connected to; there is nothing else for it. */
  readonly ports: readonly number[]
  /** The bridge's own processes of C tor: none of them may complain. */
  readonly nodes: readonly NodeRecord[]
  /** Ends what the client is connected to, at once. */
  kill(): void
  /** Resolves when it serves again. */
  restart(): Promise<void>
  /** What the client is connected to stands still and keeps its sockets, until `resume`. */
  stall(): void
  resume(): void
  remove(): void | Promise<void>
}

/** A line that the peer does not take. */
export interface WrongLine {
  readonly what: string
  line(peer: TransportPeer): string
  /** What the client's log says of it. */
  readonly words: RegExp
}

export interface TransportCase<Peer extends TransportPeer> {
  readonly name: string
  start(network: TorNetworkRecord): Promise<Peer>
  /** What the log says when the server stands still. */
  readonly stalledWords: RegExp
  readonly wrongLines: readonly WrongLine[]
  /** How long the client may take from nothing. */
  readonly bootstrapLimitMs?: number
}

/** The first failures are told of at this level. */
export const TELLING_LOG = 'Log info stdout'
const TRANSFER_BYTES = 20_000_000
/** The time that a transport's handshake is given, and the client's next tries. */
const WORDS_LIMIT_MS = 45_000

/** The clients of a file's tests, which end with each test, and the web server that they reach through the network. */
export class TransportBench {
  readonly #clients = new Set<ClientProcess>()
  readonly #env: Readonly<Record<string, string>>
  readonly #command: (() => Command) | undefined
  #web: TestServer | undefined

  /** Call it in the file, or in a `describe`. `env` is for the clients; `command` takes the program's place. */
  constructor(env: Readonly<Record<string, string>> = {}, command?: () => Command) {
    this.#env = env
    this.#command = command
    beforeAll(async () => {
      this.#web = await startWebServer()
    })
    afterEach(async () => {
      for (const client of this.#clients) {
        await client.end('SIGKILL')
        client.home.remove()
      }
      this.#clients.clear()
    })
    afterAll(() => this.#web?.close())
  }

  /** A client that has never run, and that has this bridge. */
  begin(line: string, ...more: readonly string[]): Promise<ClientProcess> {
    return this.beginWith({}, line, ...more)
  }

  /** The same, with some of its environment changed. */
  async beginWith(
    env: Readonly<Record<string, string>>,
    line: string,
    ...more: readonly string[]
  ): Promise<ClientProcess> {
    const lines = [...clientLines(inject('network')), 'UseBridges 1', `Bridge ${line}`, ...more]
    const client = new ClientProcess(await createClientHome(lines), this.#command?.(), [], {
      ...this.#env,
      ...env,
    })
    this.#clients.add(client)
    return client
  }

  /** C tor's own client, with another implementation of the transport: what it gets through is proved as a server. */
  async beginReference(line: string, program: string): Promise<ClientProcess> {
    const [transport = ''] = line.split(' ')
    const plugin = `ClientTransportPlugin ${transport} exec ${program}`
    const lines = [...clientLines(inject('network')), 'UseBridges 1', `Bridge ${line}`, plugin]
    const client = new ClientProcess(await createClientHome(lines), 'tor', [], this.#env)
    this.#clients.add(client)
    return client
  }

  async expectWholeBothWays(client: ClientProcess, bytes: number): Promise<void> {
    const { directory } = client.home
    const down = await curl(...viaSocks(client), '--output', `${directory}/down`, this.#url(`/body/${bytes}`))
    expect(down).toEqual({ exitCode: 0, errors: '', body: '' })
    const received = readFileSync(`${directory}/down`)
    expect(createHash('sha256').update(received).digest('hex')).toBe(hashOfBody(bytes))
    writeFileSync(`${directory}/up`, Buffer.concat([...bodyBlocks(bytes)]))
    const upload = ['--header', 'Expect:', '--upload-file', `${directory}/up`]
    const up = await curl(...viaSocks(client), ...upload, this.#url('/'))
    expect(up).toEqual({ exitCode: 0, errors: '', body: hashOfBody(bytes) })
  }

  async tryDownload(client: ClientProcess): Promise<true | undefined> {
    const options = ['--max-time', '10', '--output', '/dev/null', this.#url('/body/50000')]
    const { exitCode } = await curl(...viaSocks(client), ...options)
    return exitCode === 0 ? true : undefined
  }

  #url(path: string): string {
    if (this.#web === undefined) throw new Error('the web server is not up')
    return `http://ok.test:${this.#web.port}${path}`
  }
}

/** Connected to at least one of the peer's ports, and to nothing else. */
export function expectPeerAlone(peer: TransportPeer, seen: ReadonlySet<number>): void {
  expect([...seen].filter((port) => !peer.ports.includes(port))).toEqual([])
  expect(seen.size).toBeGreaterThan(0)
}

/** Registers the battery's tests; gives the peer, for tests beside them. */
export function describeTransport<Peer extends TransportPeer>(
  kind: TransportCase<Peer>,
  bench: TransportBench,
): () => Peer {
  let started: Peer | undefined
  let warnings: WarningCollector | undefined
  const peer = (): Peer => {
    if (started === undefined) throw new Error('the bridge is not up')
    return started
  }
  beforeAll(async () => {
    const network = inject('network')
    started = await kind.start(network)
    warnings = new WarningCollector({ ...network, nodes: started.nodes })
  })
  afterEach(() => expect(warnings?.protocolWarnings()).toEqual([]))
  afterAll(() => started?.remove())
  describe(kind.name, () => registerTests(kind, bench, peer))
  return peer
}

function registerTests(
  kind: TransportCase<TransportPeer>,
  bench: TransportBench,
  peer: () => TransportPeer,
): void {
  test('a client that has never run connects by it alone, and 20 MB pass unchanged each way', async () => {
    const client = await bench.begin(peer().line)
    const watch = watchRemotePorts(client.pid)
    await client.bootstrapped(kind.bootstrapLimitMs)
    expectPeerAlone(peer(), await watch.stop())
    await bench.expectWholeBothWays(client, TRANSFER_BYTES)
    const { nodes } = inject('network')
    const relays = new Set([...nodes, ...peer().nodes].map(({ orPort }) => orPort))
    expect(remotePortsOf(client.pid).filter((port) => relays.has(port))).toEqual([])
  })

  // Side by side: most take as long as the handshake may.
  test(`each of ${kind.wrongLines.map(({ what }) => what).join(', ')} is given up in words`, async () => {
    await Promise.all(
      kind.wrongLines.map(async (wrong) => {
        const client = await bench.begin(wrong.line(peer()), TELLING_LOG)
        const watch = watchRemotePorts(client.pid)
        await client.waitForLog(wrong.words, WORDS_LIMIT_MS)
        const seen = await watch.stop()
        expect([...seen].filter((port) => !peer().ports.includes(port))).toEqual([])
      }),
    )
  })

  test('a server that stands still is noticed, in words, and serves when it goes on', async () => {
    peer().stall()
    try {
      const client = await bench.begin(peer().line, TELLING_LOG)
      await client.waitForLog(kind.stalledWords, WORDS_LIMIT_MS)
      peer().resume()
      await client.bootstrapped(kind.bootstrapLimitMs)
    } finally {
      peer().resume()
    }
  })

  test('a server that was killed serves again when it is back', async () => {
    const client = await bench.begin(peer().line)
    await client.bootstrapped(kind.bootstrapLimitMs)
    const isConnected = (): boolean => remotePortsOf(client.pid).some((port) => peer().ports.includes(port))
    peer().kill()
    await waitFor('the channel to end', 20_000, () => (isConnected() ? undefined : true))
    await peer().restart()
    await waitFor('a download through the bridge that is back', 60_000, () => bench.tryDownload(client))
  })
}
