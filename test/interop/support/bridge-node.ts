/**
 * A bridge beside the private network: a `tor` process that tells no authority of itself, and that Debian's obfs4proxy
 * stands before if it is asked for.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findFreePorts } from './free-ports.ts'
import { createRelayKeys } from './tor-keys.ts'
import { commonLines, type TorNetworkRecord } from './tor-network.ts'
import { killNode, type NodeRecord, pidOf, readNodeLog, restartNode, startNode, torrcOf } from './tor-node.ts'
import { waitFor } from './waiting.ts'

const START_LIMIT_MS = 30_000

export interface BridgeNode {
  readonly record: NodeRecord
  /** Without its fingerprint. */
  readonly address: string
  /** The value of a `Bridge` option. */
  readonly line: string
  kill(): void
  /** Resolves when it serves again. */
  restart(): Promise<void>
  /** Ends it and removes what it kept. */
  remove(): void
}

export interface Obfs4BridgeNode extends BridgeNode {
  readonly obfs4Port: number
  /** The process that speaks obfs4. */
  readonly obfs4Pid: number
}

export type ServerIatMode = 0 | 1 | 2

/** A bridge that is reached by obfs4; the line is obfs4proxy's own. */
export async function startObfs4Bridge(
  network: TorNetworkRecord,
  nickname: string,
  iatMode: ServerIatMode,
): Promise<Obfs4BridgeNode> {
  const [obfs4Port = 0] = await findFreePorts(1)
  const bridge = await startBridge(network, nickname, [
    'ServerTransportPlugin obfs4 exec /usr/bin/obfs4proxy',
    `ServerTransportListenAddr obfs4 127.0.0.1:${obfs4Port}`,
    `ServerTransportOptions obfs4 iat-mode=${iatMode}`,
    'ExtORPort auto',
  ])
  const { fingerprint, dataDirectory } = bridge.record
  const file = join(dataDirectory, 'pt_state', 'obfs4_bridgeline.txt')
  const cert = await waitFor('obfs4proxy to have keys', START_LIMIT_MS, () =>
    existsSync(file) ? /^Bridge obfs4 .* (cert=\S+)/m.exec(readFileSync(file, 'utf8'))?.[1] : undefined,
  )
  const address = `127.0.0.1:${obfs4Port}`
  return {
    ...bridge,
    address,
    line: `obfs4 ${address} ${fingerprint} ${cert} iat-mode=${iatMode}`,
    obfs4Port,
    get obfs4Pid() {
      return pluginPidOf(bridge)
    },
    remove: () => {
      // One that a test has stopped does not see that its parent ends.
      const pid = pluginPidOf(bridge)
      if (pid > 0) process.kill(pid, 'SIGKILL')
      bridge.remove()
    },
  }
}

/** The process of the transport that stands before the bridge; 0 while there is none. */
export function pluginPidOf({ record }: BridgeNode): number {
  const pid = pidOf(record)
  if (pid === undefined) return 0
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0])
}

/** Resolves when it has the network's directory, which it serves. */
export async function startBridge(
  network: TorNetworkRecord,
  nickname: string,
  extra: readonly string[] = [],
): Promise<BridgeNode> {
  const home = mkdtempSync(join(tmpdir(), 'allium-bridge-'))
  const dataDirectory = join(home, nickname)
  const [orPort = 0, controlPort = 0] = await findFreePorts(2)
  const fingerprint = await createRelayKeys(dataDirectory, nickname)
  const record: NodeRecord = {
    nickname,
    role: 'relay',
    fingerprint,
    dataDirectory,
    address: '127.0.0.1',
    orPort,
    dirPort: 0,
    controlPort,
  }
  writeFileSync(torrcOf(record), `${[...bridgeLines(network, record), ...extra].join('\n')}\n`)
  startNode(record)
  const remove = (): void => {
    killNode(record)
    rmSync(home, { recursive: true, force: true })
  }
  await waitFor(`${nickname} to have a directory`, START_LIMIT_MS, () =>
    readNodeLog(record).includes('(enough_dirinfo)') ? true : undefined,
  ).catch((error: unknown) => {
    remove()
    throw error
  })
  const address = `127.0.0.1:${orPort}`
  return {
    record,
    address,
    line: `${address} ${fingerprint}`,
    kill: () => killNode(record),
    restart: () => restartNode(record),
    remove,
  }
}

function bridgeLines(network: TorNetworkRecord, node: NodeRecord): string[] {
  return [
    ...commonLines(node),
    ...network.authorityLines,
    'BridgeRelay 1',
    'BridgeDistribution none',
    'PublishServerDescriptor 0',
    'ExitRelay 0',
    'ExitPolicy reject *:*',
  ]
}
