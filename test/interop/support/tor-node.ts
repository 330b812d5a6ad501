/**
 * One `tor` process of the private network, known by a plain record that can cross to another process: tests there
 * kill it, start it again and read what it saw.
 */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { isAlive } from './process-stats.ts'
import { waitFor } from './waiting.ts'

export type NodeRole = 'authority' | 'relay' | 'exit'

export interface NodeRecord {
  readonly nickname: string
  readonly role: NodeRole
  /** RSA identity, 40 hex digits. */
  readonly fingerprint: string
  readonly dataDirectory: string
  readonly orPort: number
  /** Where its ORPort listens: a loopback address. */
  readonly address: string
  /** 0 for all but authorities. */
  readonly dirPort: number
  readonly controlPort: number
}

/** A stream that an exit holds open, and the circuit it belongs to, as the exit itself reports them. */
export interface ExitStream {
  readonly port: number
  /** The exit's name and the circuit's id on its channel: one, or one for every leg where circuits are joined. */
  readonly circuits: readonly string[]
}

const fileOf = (node: NodeRecord, name: string): string => join(node.dataDirectory, name)

export const torrcOf = (node: NodeRecord): string => fileOf(node, 'torrc')

function readText(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}

export function readNodeLog(node: NodeRecord): string {
  return readText(fileOf(node, 'tor.log'))
}

/** The process, or undefined when it does not run. Its command line is checked, since ids are used again. */
export function pidOf(node: NodeRecord): number | undefined {
  const pid = Number(readText(fileOf(node, 'pid')).trim())
  if (!Number.isSafeInteger(pid) || pid < 2 || !isAlive(pid)) return undefined
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(torrcOf(node)) ? pid : undefined
  } catch {
    return undefined
  }
}

/** Starts the node's process; it outlives the caller and is ended by `killNode`. */
export function startNode(node: NodeRecord): void {
  const child = spawn('tor', ['-f', torrcOf(node), '--defaults-torrc', '/nonexistent', '--quiet'], {
    stdio: 'ignore',
    detached: true,
  })
  child.unref()
}

/** Ends the node at once, as a crash would. Synchronous, so that an exit handler can use it. */
export function killNode(node: NodeRecord): void {
  const pid = pidOf(node)
  if (pid === undefined) return
  process.kill(pid, 'SIGKILL')
  rmSync(fileOf(node, 'pid'), { force: true })
}

/** Starts a killed node again and waits until it serves; the consensus still lists it. */
export async function restartNode(node: NodeRecord): Promise<void> {
  const before = countStarts(node)
  startNode(node)
  await waitFor(`${node.nickname} to come back`, 30_000, () =>
    countStarts(node) > before ? true : undefined,
  )
}

/** How often the node's main loop has begun; its port is open by then. */
function countStarts(node: NodeRecord): number {
  return readNodeLog(node).split('Starting with guard context').length - 1
}

/** How many relays' microdescriptors the node has, and can serve. */
export function countMicrodescriptors(node: NodeRecord): number {
  const files = ['cached-microdescs', 'cached-microdescs.new'].map((name) => readText(fileOf(node, name)))
  return files.join('').split('ntor-onion-key ').length - 1
}

/** What the node prints about its connections and circuits when sent SIGUSR1. */
export async function dumpState(node: NodeRecord): Promise<string> {
  const pid = pidOf(node)
  if (pid === undefined) return ''
  const before = readNodeLog(node).length
  process.kill(pid, 'SIGUSR1')
  return waitFor(`${node.nickname} to print its state`, 10_000, () => {
    const text = readNodeLog(node).slice(before)
    return text.includes('Dumping history information') ? text : undefined
  })
}

/** The streams that the exit holds open now. */
export async function listExitStreams(node: NodeRecord): Promise<ExitStream[]> {
  const dump = await dumpState(node)
  const streams: ExitStream[] = []
  for (const [, conn, port] of dump.matchAll(/Conn (\d+) .*is a Exit connection .* to 127\.0\.0\.1:(\d+)/g)) {
    const lines = dump.matchAll(new RegExp(`Conn ${conn} has Exit-ward circuit: .*other side (\\d+)`, 'g'))
    streams.push({ port: Number(port), circuits: [...lines].map(([, id]) => `${node.nickname}/${id}`) })
  }
  return streams
}
