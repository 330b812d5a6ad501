/** What the relays know of a client: which of them is its guard, and which exit a stream leaves by. */
import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { isAlive } from './process-stats.ts'
import { dumpState, listExitStreams, type NodeRecord } from './tor-node.ts'
import type { TorNetworkRecord } from './tor-network.ts'
import { sleep, waitFor } from './waiting.ts'

/** The exit that holds a stream to `port` now. */
export async function findExitOfStream(network: TorNetworkRecord, port: number): Promise<NodeRecord> {
  for (const node of network.nodes.filter(({ role }) => role === 'exit')) {
    const streams = await listExitStreams(node)
    if (streams.some((stream) => stream.port === port)) return node
  }
  throw new Error(`no exit holds a stream to port ${port}`)
}

/** Bytes that the node has sent over channels that a client, not a relay, opened. */
async function bytesSentToClients(node: NodeRecord): Promise<number> {
  const dump = await dumpState(node)
  let total = 0
  for (const part of dump.split(/^.* Channel \d+ \(at /m).slice(1)) {
    const isClient = /has these marks: .*[^!]client /.test(part)
    if (isClient) total += Number(/transmitted (\d+) bytes in/.exec(part)?.[1] ?? 0)
  }
  return total
}

/** The relays that have sent at least `minBytes` to the one client that runs, over channels still open. */
export async function findGuards(network: TorNetworkRecord, minBytes: number): Promise<string[]> {
  const sent = await Promise.all(network.nodes.map(bytesSentToClients))
  return network.nodes
    .filter((_node, index) => (sent[index] ?? 0) >= minBytes)
    .map(({ nickname }) => nickname)
}

/** A relay that sends a transfer to the client now: `minBytes` since this was called. Of a set's two, any that does. */
export async function findGuardOfTransfer(network: TorNetworkRecord, minBytes: number): Promise<NodeRecord> {
  const before = await Promise.all(network.nodes.map(bytesSentToClients))
  return waitFor('a guard that carries the transfer', 10_000, async () => {
    const now = await Promise.all(network.nodes.map(bytesSentToClients))
    return network.nodes.find((_node, index) => (now[index] ?? 0) - (before[index] ?? 0) >= minBytes)
  })
}

const HEX_LISTEN = '0A'

/** Local addresses (hex, as the kernel prints them) of the process's sockets of one kind, listening ones only if asked. */
export function localAddressesOf(pid: number, kind: SocketKind, listening = false): string[] {
  return socketRowsOf(pid, kind)
    .filter((fields) => !listening || isListening(fields))
    .map((fields) => fields[1] ?? '')
}

function isListening(fields: readonly string[]): boolean {
  return fields[3] === HEX_LISTEN
}

type SocketKind = 'tcp' | 'tcp6' | 'udp' | 'udp6'

/** The kernel's rows of the process's own sockets of one kind, split into fields. */
function socketRowsOf(pid: number, kind: SocketKind): string[][] {
  const inodes = new Set<string>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    const target = readLink(`/proc/${pid}/fd/${fd}`)
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  const rows = readFileSync(`/proc/${pid}/net/${kind}`, 'latin1').trim().split('\n').slice(1)
  return rows.map((row) => row.trim().split(/\s+/)).filter((fields) => inodes.has(fields[9] ?? ''))
}

/** The ports at the other end of the process's TCP connections, those that it dialled and those that it accepted. */
export function remotePortsOf(pid: number): number[] {
  return (['tcp', 'tcp6'] as const).flatMap((kind) =>
    socketRowsOf(pid, kind)
      .map(([, , remote = '']) => portIn(remote))
      .filter((port) => port !== 0),
  )
}

/** The ports at the other end of what it dialled: what it accepted lies at a port on which it listens. */
export function dialledPortsOf(pid: number): number[] {
  return (['tcp', 'tcp6'] as const).flatMap((kind) => {
    const rows = socketRowsOf(pid, kind)
    const listening = new Set(rows.filter(isListening).map(([, local = '']) => portIn(local)))
    return rows
      .filter(([, local = '']) => !listening.has(portIn(local)))
      .map(([, , remote = '']) => portIn(remote))
  })
}

/** Of an address as the kernel prints it. */
function portIn(address: string): number {
  return Number.parseInt(address.split(':')[1] ?? '0', 16)
}

/** All remote ports from now on, each once, until it is stopped or the process has ended. */
export function watchRemotePorts(pid: number): { stop(): Promise<ReadonlySet<number>> } {
  const seen = new Set<number>()
  let isWatching = true
  const look = (async () => {
    while (isWatching && isAlive(pid)) {
      for (const port of remotePortsOf(pid)) seen.add(port)
      await sleep(5)
    }
  })()
  return {
    stop: async () => {
      isWatching = false
      await look
      return seen
    },
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
