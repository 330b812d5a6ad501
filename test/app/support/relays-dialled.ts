/** Which of the private network's relays the app's core is connected to, past whatever stands before them. */
import type { TorNetworkRecord } from '../../interop/support/tor-network.ts'
import { remotePortsOf } from '../../interop/support/relay-view.ts'
import type { RunningApp } from './launch-app.ts'
import { coreProcess, processTree } from './process-tree.ts'

/** Ports of the network's own relays at the other end of the core's sockets. */
export function relaysDialled(app: RunningApp, network: TorNetworkRecord): number[] {
  const core = coreProcess(processTree(app.pid))
  const relays = new Set(network.nodes.flatMap(({ orPort, dirPort }) => [orPort, dirPort]))
  return core === undefined ? [] : remotePortsOf(core.pid).filter((port) => relays.has(port))
}

/** All of them from now on, each once, until it is stopped. */
export function watchRelaysDialled(
  app: RunningApp,
  network: TorNetworkRecord,
): { stop(): ReadonlySet<number> } {
  const dialled = new Set<number>()
  const watching = setInterval(() => {
    for (const port of relaysDialled(app, network)) dialled.add(port)
  }, 20)
  return {
    stop: () => {
      clearInterval(watching)
      return dialled
    },
  }
}
