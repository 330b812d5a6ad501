/** The bridges that the bench of the transports starts, and the programs that speak each transport for C tor. */
import { startBridge, startObfs4Bridge } from '../interop/support/bridge-node.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { forwardTo, startHttpsFront } from '../interop/support/https-front.ts'
import { peerProgram } from '../interop/support/peer-programs.ts'
import type { TorNetworkRecord } from '../interop/support/tor-network.ts'
import { trustTestAuthority } from '../interop/support/web-trust.ts'

export interface BenchBridge {
  /** The value of a `Bridge` option. */
  readonly line: string
  remove(): void | Promise<void>
}

export interface BenchTransport {
  start(network: TorNetworkRecord): Promise<BenchBridge>
  /** A line of a torrc: the reference. */
  pluginLine(): string
  /**
   * What makes programs trust the web server before the bridge. Plugins of ours have no such environment, and this process
   * had none when it started: then there is neither our client with the plugin nor a handshake alone.
   */
  trust?(): Readonly<Record<string, string>>
}

export const BENCH_TRANSPORTS: Readonly<Record<string, BenchTransport>> = {
  obfs4: {
    start: (network) => startObfs4Bridge(network, 'bench', 0),
    pluginLine: () => 'ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy',
  },
  webtunnel: {
    start: startWebtunnelBridge,
    pluginLine: () => `ClientTransportPlugin webtunnel exec ${peerProgram('lyrebird', 'lyrebird')}`,
    trust: trustTestAuthority,
  },
}

const SECRET = '/secret-path'

/** Debian's webtunnel server behind a web server with TLS. */
async function startWebtunnelBridge(network: TorNetworkRecord): Promise<BenchBridge> {
  const [port = 0] = await findFreePorts(1)
  const bridge = await startBridge(network, 'benchweb', [
    `ServerTransportPlugin webtunnel exec ${peerProgram('webtunnel', 'webtunnel-server')}`,
    `ServerTransportListenAddr webtunnel 127.0.0.1:${port}`,
    `ServerTransportOptions webtunnel url=https://localhost${SECRET}`,
    'ExtORPort auto',
  ])
  const front = await startHttpsFront(SECRET, forwardTo(port))
  const url = `https://localhost:${front.port}${SECRET}`
  return {
    line: `webtunnel [2001:db8::1]:443 ${bridge.record.fingerprint} url=${url} ver=0.0.3`,
    remove: async () => {
      bridge.remove()
      await front.close()
    },
  }
}
