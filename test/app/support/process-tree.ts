/** What Linux says of a process and all that came of it: who lives, and which sockets of the Internet they hold. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

export interface ProcessInfo {
  readonly pid: number
  readonly parent: number
  readonly command: string
}

export interface InternetSocket {
  readonly pid: number
  readonly command: string
  /** As /proc has it: `tcp`, `tcp6`, `udp`, ... */
  readonly table: string
  readonly line: string
}

/** The process itself and all its descendants that live; zombies are dead. */
export function processTree(root: number): readonly ProcessInfo[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => readProcess(Number(name)) ?? [])
  const found = all.filter(({ pid }) => pid === root)
  for (const process of found) found.push(...all.filter(({ parent }) => parent === process.pid))
  return found
}

/** The core's process, told by its kind: the network service and the others are utilities of another kind. */
export function coreProcess(tree: readonly ProcessInfo[]): ProcessInfo | undefined {
  return tree.find(({ command }) => command.includes('--utility-sub-type=node.mojom.NodeService'))
}

export function internetSockets(tree: readonly ProcessInfo[]): readonly InternetSocket[] {
  return tree.flatMap(({ pid, command }) => {
    const inodes = socketInodes(pid)
    return ['tcp', 'tcp6', 'udp', 'udp6', 'raw', 'raw6'].flatMap((table) =>
      readText(`/proc/${pid}/net/${table}`)
        .split('\n')
        .slice(1)
        .filter((line) => inodes.has(line.trim().split(/\s+/)[9] ?? ''))
        .map((line) => ({ pid, command, table, line: line.trim() })),
    )
  })
}

function readProcess(pid: number): ProcessInfo | undefined {
  const stat = readText(`/proc/${pid}/stat`)
  // The name in parentheses can hold anything.
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  if (parent === undefined || state === 'Z') return undefined
  return {
    pid,
    parent: Number(parent),
    command: readText(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim(),
  }
}

function socketInodes(pid: number): ReadonlySet<string> {
  const inodes = new Set<string>()
  for (const name of listFolder(`/proc/${pid}/fd`)) {
    const inode = /^socket:\[(\d+)\]$/.exec(linkTarget(`/proc/${pid}/fd/${name}`))?.[1]
    if (inode !== undefined) inodes.add(inode)
  }
  return inodes
}

/** A process may go away while it is looked at. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function listFolder(path: string): readonly string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

function linkTarget(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    return ''
  }
}
