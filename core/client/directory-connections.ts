/** How the directory layer reaches relays: circuits with BEGIN_DIR streams, made by the circuit builder. */
import type { Circuit } from '../circuit/circuit.ts'
import type { CircuitBuilder } from '../circuit-manager/circuit-builder.ts'
import type { DirectoryConnection, DirectoryConnector } from '../directory/directory-source.ts'
import type { NetDir } from '../netdir/net-dir.ts'
import { DataStream } from '../stream/data-stream.ts'
import type { Random } from '../util/random.ts'

/** The directory of a circuit's last hop, however many hops there are. Closing it closes the circuit. */
export function directoryAtEnd(circuit: Circuit, relayName: string, random: Random): DirectoryConnection {
  return {
    relayName,
    openDirectoryStream: (signal) =>
      DataStream.open(circuit, { kind: 'begin-dir' }, { random, allowInternalAddresses: true }, { signal }),
    close: () => circuit.close(),
  }
}

/** One-hop circuits; `view` is what circuits are built from now. */
export function createDirectoryConnector(
  builder: Pick<CircuitBuilder, 'buildDirectoryCircuit'>,
  random: Random,
  view: () => NetDir | undefined,
): DirectoryConnector {
  return {
    async connect(target, signal, onPhase): Promise<DirectoryConnection> {
      const circuit = await builder.buildDirectoryCircuit(target, view(), signal, (phase) => {
        if (phase !== 'circuit-create') onPhase?.(phase)
      })
      return directoryAtEnd(circuit, `$${target.ids.rsa}`, random)
    },
  }
}
