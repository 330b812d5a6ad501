/**
 * Everything that stands between a client and a C tor bridge by Snowflake: our broker, Debian's proxies, our server. What
 * is ours of it is proved with Debian's client in `snowflake.test.ts`.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { SnowflakeBroker } from '../../support/snowflake-broker.ts'
import { SnowflakeServer } from '../../support/snowflake-server.ts'
import { type BridgeNode, startBridge } from './bridge-node.ts'
import { peerProgram } from './peer-programs.ts'
import type { TorNetworkRecord } from './tor-network.ts'
import { waitFor } from './waiting.ts'

/**
 * 2.5.1, as in Debian 12 and 13. The package is not installed: it would have the machine serve the world as a proxy. The
 * 2.10.1 of Debian sid is built with a pion/webrtc that does not tell it when its buffer is low (fixed in pion/webrtc by
 * "Fix ignored calls during OnDataChannel"): it stands still for ever after half a megabyte on a fast line.
 */
const RELEASE = 'bookworm'
const POLL_LIMIT_MS = 15_000
/** Nothing listens there. It keeps the proxy's look for its NAT on this machine. */
const NOWHERE = 'http://127.0.0.1:9'

/** Debian's client and its arguments, for C tor to run. Without a STUN server, whatever it is, it ends at once. */
export function snowflakeClientCommand(): string {
  const program = peerProgram(`snowflake-client/${RELEASE}`, 'snowflake-client')
  return `${program} -keep-local-addresses -ice stun:127.0.0.1:9`
}

/** One volunteer's proxy: a process. */
export class SnowflakeProxyProcess {
  readonly #child: ChildProcess

  constructor(brokerUrl: string, serverUrl: string) {
    const program = peerProgram(`snowflake-proxy/${RELEASE}`, 'snowflake-proxy')
    const options = [
      ['-broker', brokerUrl],
      ['-relay', serverUrl],
      ['-allowed-relay-hostname-pattern', '127.0.0.1$'],
      ['-stun', ''],
      ['-allow-non-tls-relay', '-keep-local-addresses'],
    ]
    this.#child = spawn(program, options.flat(), {
      stdio: 'ignore',
      env: { ...process.env, HTTPS_PROXY: NOWHERE },
    })
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  stall(): void {
    this.#child.kill('SIGSTOP')
  }
}

export class SnowflakePeer {
  readonly bridge: BridgeNode
  readonly broker: SnowflakeBroker
  readonly server: SnowflakeServer
  readonly #proxies = new Set<SnowflakeProxyProcess>()
  readonly #ownsBridge: boolean

  private constructor(
    bridge: BridgeNode,
    broker: SnowflakeBroker,
    server: SnowflakeServer,
    ownsBridge: boolean,
  ) {
    this.bridge = bridge
    this.#ownsBridge = ownsBridge
    this.broker = broker
    this.server = server
  }

  /** With one proxy, which waits for a client. */
  static async start(network: TorNetworkRecord): Promise<SnowflakePeer> {
    const bridge = await startBridge(network, 'snowbridge')
    const broker = await SnowflakeBroker.start()
    const server = await SnowflakeServer.start(bridge.record.orPort)
    const peer = new SnowflakePeer(bridge, broker, server, true)
    await peer.addProxy()
    return peer
  }

  /** A broker and a server of its own for the same bridge, and no proxy. */
  static async beside({ bridge }: SnowflakePeer): Promise<SnowflakePeer> {
    const broker = await SnowflakeBroker.start()
    return new SnowflakePeer(bridge, broker, await SnowflakeServer.start(bridge.record.orPort), false)
  }

  /** The value of a `Bridge` option; nothing is at its address. */
  get line(): string {
    const { fingerprint } = this.bridge.record
    return `snowflake 192.0.2.3:80 ${fingerprint} fingerprint=${fingerprint} url=${this.broker.url}`
  }

  /**
   * The same through an AMP cache, whose place the broker takes itself. A cache's name is one for each publisher, and
   * nobody knows this one: `front` stands for it.
   */
  ampLine(front: string): string {
    const url = this.broker.url
    const cache = `http://localhost:${this.broker.port}/`
    return `${this.line.replace(`url=${url}`, 'url=http://127.0.0.1/')} ampcache=${cache} front=${front}`
  }

  /** Resolves when the broker has heard of it. */
  async addProxy(): Promise<SnowflakeProxyProcess> {
    const proxy = new SnowflakeProxyProcess(this.broker.url, this.server.url)
    this.#proxies.add(proxy)
    const polls = this.broker.polls
    await waitFor('a proxy to ask the broker', POLL_LIMIT_MS, () =>
      this.broker.polls > polls ? true : undefined,
    )
    return proxy
  }

  killProxies(): void {
    for (const proxy of this.#proxies) proxy.kill()
    this.#proxies.clear()
  }

  /** Those that there are bring and take nothing, and stay connected. */
  stallProxies(): void {
    for (const proxy of this.#proxies) proxy.stall()
  }

  async remove(): Promise<void> {
    this.killProxies()
    await this.broker.close()
    await this.server.close()
    if (this.#ownsBridge) this.bridge.remove()
  }
}
