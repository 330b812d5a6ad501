/** A bridge behind Debian's webtunnel server, which speaks HTTP without TLS: behind whatever stands before it. */
import { startBridge, type BridgeNode, pluginPidOf } from './bridge-node.ts'
import { findFreePorts } from './free-ports.ts'
import { peerProgram } from './peer-programs.ts'
import type { TorNetworkRecord } from './tor-network.ts'

const SECRET = '/secret-path'

export interface WebtunnelBridgeNode extends BridgeNode {
  readonly port: number
  /** As somebody is told who reaches it on that port. */
  lineAt(port: number): string
}

/** Throws where the package cannot be had. */
export async function startWebtunnelBridge(
  network: TorNetworkRecord,
  nickname: string,
): Promise<WebtunnelBridgeNode> {
  const server = peerProgram('webtunnel', 'webtunnel-server')
  const [port = 0] = await findFreePorts(1)
  const bridge = await startBridge(network, nickname, [
    `ServerTransportPlugin webtunnel exec ${server}`,
    `ServerTransportListenAddr webtunnel 127.0.0.1:${port}`,
    `ServerTransportOptions webtunnel url=http://127.0.0.1:${port}${SECRET}`,
    'ExtORPort auto',
  ])
  const lineAt = (at: number): string =>
    `webtunnel [2001:db8::1]:443 ${bridge.record.fingerprint} url=http://127.0.0.1:${at}${SECRET}`
  return {
    ...bridge,
    port,
    line: lineAt(port),
    lineAt,
    remove: () => {
      const pid = pluginPidOf(bridge)
      if (pid > 0) process.kill(pid, 'SIGKILL')
      bridge.remove()
    },
  }
}
