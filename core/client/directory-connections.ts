/** How the directory layer reaches relays: one-hop circuits with BEGIN_DIR streams, made by the circuit builder. */
import type { CircuitBuilder } from '../circuit-manager/circuit-builder.ts'
import type { DirectoryConnection, DirectoryConnector } from '../directory/directory-source.ts'
import { DataStream } from '../stream/data-stream.ts'
import type { Random } from '../util/random.ts'

export function createDirectoryConnector(builder: CircuitBuilder, random: Random): DirectoryConnector {
  return {
    async connect(target, signal, onPhase): Promise<DirectoryConnection> {
      const circuit = await builder.buildDirectoryCircuit(target, signal, (phase) => {
        if (phase !== 'circuit-create') onPhase?.(phase)
      })
      return {
        relayName: `$${target.ids.rsa}`,
        openDirectoryStream: (streamSignal) =>
          DataStream.open(
            circuit,
            { kind: 'begin-dir' },
            { random, allowInternalAddresses: true },
            { signal: streamSignal },
          ),
        close: () => circuit.close(),
      }
    },
  }
}
