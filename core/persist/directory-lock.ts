/**
 * One writer at a time: a `lock` file that names the process which holds the DataDirectory. A process that was killed
 * leaves its lock behind, so the next start looks whether the holder still lives and takes over what is stale: it asks
 * the holder's socket, and the process table where there is none.
 */
import { type FileHandle, lstat, open, readlink, rm, symlink } from 'node:fs/promises'
import { type Clock, sleep } from '../util/clock.ts'
import { systemCodeOf, TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomBytes } from '../util/random.ts'
import { askLockSocket, type LockSocket, openLockSocket, removeDeadSockets } from './lock-socket.ts'
import type { ProcessIdentity, ProcessTable } from './process-identity.ts'

const LOCK_FILE = 'lock'
/** Lock files have some 150 bytes; a longer one is not ours. */
const MAX_LOCK_BYTES = 1000
/** A lock is written right after it is made: one that stays unreadable for this long belongs to nobody. */
const UNREADABLE_LOCK_TRIES = 5
const UNREADABLE_LOCK_WAIT_MS = 40
/** Two starts can find the same stale lock; after this pause the one whose lock was replaced knows that it lost. */
const TAKEOVER_SETTLE_MS = 50
/** Each failed try means that some other start came first; that does not go on for long. */
const MAX_LOCK_TRIES = 5
/**
 * A lock that is older than the boot by less may be of this boot: the clock can have been wrong when it was taken. Then
 * the process table decides, and errs towards refusing.
 */
const BOOT_SLACK_MS = 3_600_000
/** A full disk, a used-up quota, a limit on the size of files. */
const NO_ROOM = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

export interface LockParts {
  readonly processes: ProcessTable
  readonly random: Random
  readonly clock: Clock
  readonly log: Logger
}

interface LockRecord extends ProcessIdentity {
  readonly nonce: string
}

export interface DirectoryLock {
  /** Removes the lock file if it is still ours. */
  release(): Promise<void>
}

/** Directories locked by this process: the process table cannot tell two stores of one process apart. */
const heldHere = new Set<string>()

/** Throws `state` when another living process (or this one) holds the directory. `directory` is absolute. */
export async function lockDirectory(directory: string, parts: LockParts): Promise<DirectoryLock> {
  if (heldHere.has(directory)) throw inUse(process.pid)
  heldHere.add(directory)
  let socket: LockSocket | undefined
  try {
    const record = { ...(await parts.processes.self()), nonce: randomBytes(parts.random, 16).toString('hex') }
    // Before the lock: whoever finds that finds who answers for it.
    socket = await openLockSocket(directory, record.nonce)
    await acquire(directory, record, parts)
    await removeDeadSockets(directory)
    return { release: () => release(directory, record, socket) }
  } catch (error) {
    await socket?.close()
    heldHere.delete(directory)
    throw toTorError(error, 'state', `the DataDirectory ${directory} cannot be locked`)
  }
}

async function acquire(directory: string, record: LockRecord, parts: LockParts): Promise<void> {
  const { clock, log } = parts
  const path = `${directory}/${LOCK_FILE}`
  let hasTakenOver = false
  for (let tries = 0; tries < MAX_LOCK_TRIES; tries++) {
    if (await createLock(path, record)) {
      if (!hasTakenOver) return
      await sleep(clock, TAKEOVER_SETTLE_MS)
      if ((await readHolder(path))?.nonce === record.nonce) return
      continue
    }
    const holder = await waitForHolder(path, clock)
    if (holder !== undefined) await refuseIfAlive(directory, holder, parts)
    const whose = holder === undefined ? 'an unknown process' : `process ${holder.pid}, which no longer runs`
    log.info('Taking over the lock of ', whose)
    // Looked at again as late as can be: another start may have replaced it meanwhile.
    if ((await readHolder(path))?.nonce === holder?.nonce) await rm(path, { force: true })
    hasTakenOver = true
  }
  throw new TorError('state', 'other programs keep taking the lock of this DataDirectory', { retry: 'later' })
}

async function refuseIfAlive(
  directory: string,
  holder: LockRecord,
  { processes, clock }: LockParts,
): Promise<void> {
  const answer = await askLockSocket(directory, holder.nonce)
  if (answer === 'alive') throw inUse(holder.pid)
  if (answer === 'dead' || !(await processes.isAlive(holder))) return
  if (holder.startToken !== undefined) throw inUse(holder.pid)
  // All that is known now is that some process has this number.
  const path = `${directory}/${LOCK_FILE}`
  const bootMs = clock.wallMs() - processes.uptimeMs()
  if ((await modifiedMs(path)) >= bootMs - BOOT_SLACK_MS) throw inUse(holder.pid, path)
}

/** Infinite when it is gone: then nothing is said of its age. */
async function modifiedMs(path: string): Promise<number> {
  try {
    return (await lstat(path)).mtimeMs
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return Number.POSITIVE_INFINITY
    throw error
  }
}

/** False when there is a lock already. */
async function createLock(path: string, record: LockRecord): Promise<boolean> {
  try {
    const file = await open(path, 'wx', 0o600)
    try {
      await writeAndClose(file, `${JSON.stringify(record)}\n`)
    } catch (error) {
      await rm(path, { force: true })
      if (!NO_ROOM.has(systemCodeOf(error) ?? '')) throw error
      await linkLock(path, record, error)
    }
    return true
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function writeAndClose(file: FileHandle, text: string): Promise<void> {
  try {
    await file.writeFile(text)
  } finally {
    await file.close()
  }
}

/**
 * A lock for a disk without room: file systems keep the target of a short symbolic link beside the file's name, 59
 * bytes of it on ext4, so that it takes no block. The start time does not fit. Throws `noRoom` where links cannot be made.
 */
async function linkLock(path: string, { pid, nonce }: LockRecord, noRoom: unknown): Promise<void> {
  try {
    await symlink(JSON.stringify({ pid, nonce }), path)
  } catch (error) {
    throw systemCodeOf(error) === 'EEXIST' ? error : noRoom
  }
}

async function waitForHolder(path: string, clock: Clock): Promise<LockRecord | undefined> {
  for (let tries = 0; tries < UNREADABLE_LOCK_TRIES; tries++) {
    const holder = await readHolder(path)
    if (holder !== undefined) return holder
    await sleep(clock, UNREADABLE_LOCK_WAIT_MS)
  }
  return undefined
}

/** Undefined for a lock that is missing, empty or not of our making. */
async function readHolder(path: string): Promise<LockRecord | undefined> {
  try {
    const isLink = (await lstat(path)).isSymbolicLink()
    const text = isLink ? await readlink(path) : await readStart(path, MAX_LOCK_BYTES + 1)
    return text.length > MAX_LOCK_BYTES ? undefined : parseLock(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    if (systemCodeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

async function readStart(path: string, maxBytes: number): Promise<string> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(maxBytes), 0, maxBytes, 0)
    return buffer.toString('latin1', 0, bytesRead)
  } finally {
    await file.close()
  }
}

function parseLock(value: unknown): LockRecord | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (
    !('pid' in value) ||
    typeof value.pid !== 'number' ||
    !Number.isSafeInteger(value.pid) ||
    value.pid < 1
  ) {
    return undefined
  }
  if (!('nonce' in value) || typeof value.nonce !== 'string') return undefined
  const startToken =
    'startToken' in value && typeof value.startToken === 'string' ? value.startToken : undefined
  return { pid: value.pid, nonce: value.nonce, startToken }
}

async function release(directory: string, record: LockRecord, socket: LockSocket | undefined): Promise<void> {
  const path = `${directory}/${LOCK_FILE}`
  try {
    if ((await readHolder(path))?.nonce === record.nonce) await rm(path, { force: true })
  } finally {
    // After the lock: nobody finds one of ours that nobody answers for.
    await socket?.close()
    heldHere.delete(directory)
  }
}

/** With the `path` of the lock where we cannot be sure that it is one of us. */
function inUse(pid: number, path?: string): TorError {
  const what = `another Allium (process ${pid}) is using this DataDirectory`
  const advice = path === undefined ? '' : `; if none is running, delete the file ${path} and start again`
  return new TorError('state', `${what}${advice}`, { retry: 'later' })
}
