/** The bridges that the bench of the transports starts, and the programs that speak each transport for C tor. */
import { startObfs4Bridge } from '../interop/support/bridge-node.ts'
import type { TorNetworkRecord } from '../interop/support/tor-network.ts'

export interface BenchBridge {
  /** The value of a `Bridge` option. */
  readonly line: string
  remove(): void | Promise<void>
}

export interface BenchTransport {
  start(network: TorNetworkRecord): Promise<BenchBridge>
  /** A line of a torrc: the reference. */
  pluginLine(): string
}

export const BENCH_TRANSPORTS: Readonly<Record<string, BenchTransport>> = {
  obfs4: {
    start: (network) => startObfs4Bridge(network, 'bench', 0),
    pluginLine: () => 'ClientTransportPlugin obfs4 exec /usr/bin/obfs4proxy',
  },
}
