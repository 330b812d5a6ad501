/** The paths that a client takes on a private network, read from the library's own status. */
import {
  DEFAULT_CLIENT_CONFIG,
  NO_NODE_CHOICES,
  parseDirAuthority,
  parseNodeSet,
  TorClient,
} from '../../../core/index.ts'
import { startEchoServer } from './test-servers.ts'
import type { TorNetworkRecord } from './tor-network.ts'

export interface PathOptions {
  readonly enforceDistinctSubnets: boolean
  readonly nodeFamilies?: readonly string[]
}

/** The nicknames on the circuits of `count` streams, none of which shares a circuit with another. */
export async function pathsOf(
  network: TorNetworkRecord,
  options: PathOptions,
  count: number,
): Promise<string[][]> {
  const echo = await startEchoServer()
  const client = await TorClient.create({
    ...DEFAULT_CLIENT_CONFIG,
    authorities: network.authorityLines.map((line) => parseDirAuthority(line.replace(/^DirAuthority /, ''))),
    fallbackDirs: [],
    enforceDistinctSubnets: options.enforceDistinctSubnets,
    nodes: {
      ...NO_NODE_CHOICES,
      families: (options.nodeFamilies ?? []).map((text) => parseNodeSet(text, 'NodeFamily')),
    },
    rejectInternalAddresses: false,
    rejectInternalDnsAnswers: false,
    allowPrivateRelayAddresses: true,
  })
  try {
    await client.bootstrap()
    const paths: string[][] = []
    for (let n = 0; n < count; n++) {
      const stream = await client.connect('127.0.0.1', echo.port, { isolation: `path ${n}` })
      const { streams, circuits } = client.status.value
      const circuitId = streams.find(({ state }) => state === 'open')?.circuitId
      const circuit = circuits.find(({ id }) => id === circuitId)
      paths.push(circuit?.hops.map(({ nickname }) => nickname) ?? [])
      stream.destroy()
      await new Promise((resolve) => stream.once('close', resolve))
    }
    return paths
  } finally {
    await client.close()
    await echo.close()
  }
}
