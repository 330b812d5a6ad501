/**
 * One writer at a time: a `lock` file that names the process which holds the DataDirectory. A process that was killed
 * leaves its lock behind, so the next start looks whether the holder still lives and takes over what is stale.
 */
import { open, rm, writeFile } from 'node:fs/promises'
import { type Clock, sleep } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import { type Random, randomBytes } from '../util/random.ts'
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
  try {
    const record = { ...(await parts.processes.self()), nonce: randomBytes(parts.random, 16).toString('hex') }
    await acquire(`${directory}/${LOCK_FILE}`, record, parts)
    return { release: () => release(directory, record) }
  } catch (error) {
    heldHere.delete(directory)
    throw toTorError(error, 'state', `the DataDirectory ${directory} cannot be locked`)
  }
}

async function acquire(path: string, record: LockRecord, parts: LockParts): Promise<void> {
  const { processes, clock, log } = parts
  let hasTakenOver = false
  for (let tries = 0; tries < MAX_LOCK_TRIES; tries++) {
    if (await createLock(path, record)) {
      if (!hasTakenOver) return
      await sleep(clock, TAKEOVER_SETTLE_MS)
      if ((await readHolder(path))?.nonce === record.nonce) return
      continue
    }
    const holder = await waitForHolder(path, clock)
    if (holder !== undefined && (await processes.isAlive(holder))) throw inUse(holder.pid)
    const whose = holder === undefined ? 'an unknown process' : `process ${holder.pid}, which no longer runs`
    log.info('Taking over the lock of ', whose)
    // Looked at again as late as can be: another start may have replaced it meanwhile.
    if ((await readHolder(path))?.nonce === holder?.nonce) await rm(path, { force: true })
    hasTakenOver = true
  }
  throw new TorError('state', 'other programs keep taking the lock of this DataDirectory', { retry: 'later' })
}

/** False when there is a lock already. */
async function createLock(path: string, record: LockRecord): Promise<boolean> {
  const text = `${JSON.stringify(record)}\n`
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 })
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
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
    const text = await readStart(path, MAX_LOCK_BYTES + 1)
    return text.length > MAX_LOCK_BYTES ? undefined : parseLock(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
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

async function release(directory: string, record: LockRecord): Promise<void> {
  const path = `${directory}/${LOCK_FILE}`
  try {
    if ((await readHolder(path))?.nonce === record.nonce) await rm(path, { force: true })
  } finally {
    heldHere.delete(directory)
  }
}

function inUse(pid: number): TorError {
  return new TorError('state', `another Allium (process ${pid}) is using this DataDirectory`, {
    retry: 'later',
  })
}
