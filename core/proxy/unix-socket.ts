/**
 * Where a front door listens on a unix socket: the place is checked before anything is bound, because on some systems
 * everybody who can reach the directory can connect, and because a path that others can change leads to their socket.
 */
import { chmodSync, constants, lstatSync, type Stats, unlinkSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, isAbsolute } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { TorError, toTorError } from '../util/errors.ts'
import type { ListenAddress } from './listener-options.ts'

export type UnixAddress = Extract<ListenAddress, { kind: 'unix' }>

/** What the smallest `sun_path` holds, with its NUL. */
const MAX_PATH_BYTES = 103
const SOCKET_MODES = { owner: 0o600, group: 0o660, world: 0o666 } as const
const ALL_BUT_OWNER_RW = 0o177
const OTHERS_AND_GROUP = 0o077
/** The group may look and enter; it may not make another socket under the name. */
const OTHERS_AND_GROUP_WRITE = 0o027

/**
 * Checks the path and its directory, and removes the socket that an earlier run left behind. Throws `bad-config`, in
 * words, for a place that is not safe, is taken, or holds something that is no socket.
 */
export async function prepareUnixSocket(address: UnixAddress): Promise<void> {
  const { path } = address
  if (process.platform === 'win32') refuse(address, 'this system has no unix sockets')
  if (!isAbsolute(path) || path.includes('\0')) refuse(address, 'the path must be absolute')
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    refuse(address, `the path is longer than ${MAX_PATH_BYTES} bytes`)
  // C tor: a socket for everybody can be anywhere.
  if (address.access !== 'world') checkDirectory(address)
  const found = look(path)
  if (found === undefined) return
  if (!found.isSocket())
    refuse(address, 'something is there that is no socket: remove it, or name another path')
  if (await isServed(path)) refuse(address, 'another program listens there')
  removeStale(address)
}

/**
 * Runs `bind` so that the socket is made for us alone: until `setUnixSocketMode`, a few system calls later, its mode is
 * what the umask leaves, and others may connect. Worker threads cannot set the umask: there the directory protects it.
 */
export function bindForOwner(bind: () => void): void {
  if (!isMainThread || process.platform === 'win32') return bind()
  const before = process.umask(ALL_BUT_OWNER_RW)
  try {
    bind()
  } finally {
    process.umask(before)
  }
}

/** Right behind the bind, in the same turn. Throws `bad-config`. */
export function setUnixSocketMode(address: UnixAddress): void {
  try {
    chmodSync(address.path, SOCKET_MODES[address.access])
  } catch (error) {
    throw toTorError(error, 'bad-config', `unix socket ${address.path}: its mode cannot be set`)
  }
}

function checkDirectory(address: UnixAddress): void {
  const directory = dirname(address.path)
  const found = look(directory)
  if (found === undefined) refuse(address, 'its directory does not exist')
  if (!found.isDirectory()) refuse(address, 'its directory is a symbolic link, or no directory')
  const userId = process.geteuid?.()
  if (userId !== undefined && found.uid !== userId) refuse(address, 'its directory belongs to another user')
  const isShared = address.access === 'group' || !address.checksDirectory
  const forbidden = isShared ? OTHERS_AND_GROUP_WRITE : OTHERS_AND_GROUP
  if ((found.mode & forbidden) !== 0) {
    const mode = (found.mode & (constants.S_IRWXU | OTHERS_AND_GROUP)).toString(8)
    const wish = isShared ? '0750 or stricter' : '0700'
    refuse(address, `its directory has mode ${mode}, so that others can reach it: it must have ${wish}`)
  }
}

/** Links are not followed: where they lead could change behind our back. */
function look(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false })
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.once('error', () => resolve(false))
  })
}

function removeStale(address: UnixAddress): void {
  try {
    unlinkSync(address.path)
  } catch (error) {
    throw toTorError(error, 'bad-config', `unix socket ${address.path}: the old one cannot be removed`)
  }
}

function refuse({ path }: UnixAddress, why: string): never {
  throw new TorError('bad-config', `unix socket ${path}: ${why}`)
}
