/** What each relay says of the bytes that it has carried: its own word, over its control port. */
import { connect } from 'node:net'
import type { TorNetworkRecord } from '../../interop/support/tor-network.ts'
import type { NodeRecord } from '../../interop/support/tor-node.ts'

const LIMIT_MS = 5000

/** Bytes that each node has read since its start, by nickname. */
export async function readTraffic(network: TorNetworkRecord): Promise<ReadonlyMap<string, number>> {
  const read = await Promise.all(network.nodes.map(bytesRead))
  return new Map(network.nodes.map(({ nickname }, index) => [nickname, read[index] ?? 0]))
}

function bytesRead({ controlPort, nickname }: NodeRecord): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = connect(controlPort, '127.0.0.1')
    let answer = ''
    socket.setTimeout(LIMIT_MS, () => socket.destroy(new Error(`${nickname} does not answer`)))
    socket.on('error', reject)
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1')
      const found = /250-traffic\/read=(\d+)/.exec(answer)?.[1]
      if (found === undefined) return
      socket.end('QUIT\r\n')
      resolve(Number(found))
    })
    socket.write('AUTHENTICATE\r\nGETINFO traffic/read\r\n')
  })
}
