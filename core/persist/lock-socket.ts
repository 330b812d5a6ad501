/**
 * Whoever holds a DataDirectory listens on a socket in it, and nothing is ever said there: that it answers is the news.
 * The kernel closes it with the process, so it tells the living from the dead for sure, also where the process itself
 * cannot be seen: in two containers that share the directory, each has process numbers of its own.
 */
import { chmod, open, readdir, rm } from 'node:fs/promises'
import { createConnection, createServer, type Server } from 'node:net'

/** Unknown where there is no such socket: the system or the file system has none, or the lock is not of our making. */
export type HolderAnswer = 'alive' | 'dead' | 'unknown'

export interface LockSocket {
  close(): Promise<void>
}

const NONCE = /^[0-9a-f]{32}$/
const SOCKET_NAME = /^lock\.[0-9a-f]{16}\.socket$/
/** A socket's address has room for 104 bytes on macOS, the shortest, with a zero at the end. */
const MAX_SOCKET_PATH_BYTES = 103

/** Undefined where none can be made: then the process table alone tells who lives. */
export async function openLockSocket(directory: string, nonce: string): Promise<LockSocket | undefined> {
  const name = socketName(nonce)
  if (name === undefined || process.platform === 'win32') return undefined
  try {
    const server = await atSocketPath(directory, name, listen)
    // The directory is private in any case.
    await chmod(`${directory}/${name}`, 0o600).catch(() => {})
    return { close: () => close(server).then(() => removeSocket(directory, name)) }
  } catch {
    return undefined
  }
}

/** Asks the holder whose lock has this nonce. */
export async function askLockSocket(directory: string, nonce: string): Promise<HolderAnswer> {
  const name = socketName(nonce)
  return name === undefined || process.platform === 'win32' ? 'unknown' : ask(directory, name)
}

/** Removes the sockets that killed processes left behind. Those that answer belong to a start under way. */
export async function removeDeadSockets(directory: string): Promise<void> {
  for (const name of await readdir(directory)) {
    if (SOCKET_NAME.test(name) && (await ask(directory, name)) === 'dead') await removeSocket(directory, name)
  }
}

/** The nonce comes from a file: what could lead out of the directory is none. */
function socketName(nonce: string): string | undefined {
  return NONCE.test(nonce) ? `lock.${nonce.slice(0, 16)}.socket` : undefined
}

/** The runtime does so itself when it closes a socket, but by the path of then, which can lead elsewhere by now. */
async function removeSocket(directory: string, name: string): Promise<void> {
  await rm(`${directory}/${name}`, { force: true }).catch(() => {})
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((connection) => connection.destroy())
    server.on('error', reject)
    server.listen({ path }, () => {
      server.unref()
      resolve(server)
    })
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}

async function ask(directory: string, name: string): Promise<HolderAnswer> {
  try {
    return await atSocketPath(directory, name, knock)
  } catch {
    return 'unknown'
  }
}

function knock(path: string): Promise<HolderAnswer> {
  return new Promise((resolve) => {
    const connection = createConnection({ path }, () => {
      connection.destroy()
      resolve('alive')
    })
    connection.on('error', (error: NodeJS.ErrnoException) => {
      // EAGAIN: more knock than it has taken notice of, as while it is stopped.
      if (error.code === 'EAGAIN') resolve('alive')
      else resolve(error.code === 'ECONNREFUSED' ? 'dead' : 'unknown')
    })
  })
}

/**
 * Calls `use` with a path to the name that fits into a socket's address. A longer one is cut by nobody and refused here;
 * Linux has a short one for every directory, through the process's own table of open files.
 */
async function atSocketPath<T>(
  directory: string,
  name: string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = `${directory}/${name}`
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH_BYTES) return use(path)
  if (process.platform !== 'linux') throw new Error('the path is too long for a socket')
  const handle = await open(directory, 'r')
  try {
    return await use(`/proc/self/fd/${handle.fd}/${name}`)
  } finally {
    await handle.close()
  }
}
