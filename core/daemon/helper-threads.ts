/**
 * The threads on which V8 compiles, so that they give way to whoever serves an application.
 *
 * A client that begins to be used is a client whose code is compiled, and where processors are few the compiler takes
 * them from the very requests it works for, and from the programs that made them: with it as an equal of theirs half of 200
 * requests at once waited a tenth longer (two processors, shared with those who asked).
 */
import { readdirSync } from 'node:fs'
import { setPriority } from 'node:os'

const THREADS = '/proc/self/task'
/** Of 19 steps down: a third of what others get where all want a processor. With less, code stays slow for too long. */
const BEHIND = 5
/** Node's own number of helpers, unless it is started with another. */
const DEFAULT_POOL_SIZE = 4
const POOL_SIZE_FLAG = '--v8-pool-size='

/**
 * Puts V8's helper threads behind all others, by `BEHIND`. Linux alone has threads with a priority of their own
 * that a program can find; elsewhere, and wherever it is not allowed, nothing changes. Electron's threads are not Node's.
 */
export function lowerHelperThreads(): void {
  if (process.platform !== 'linux' || process.versions['electron'] !== undefined) return
  try {
    for (const thread of helperThreads()) setPriority(thread, BEHIND)
  } catch {
    // No /proc, or a sandbox without this call: they work as ever.
  }
}

/**
 * Node starts V8's helpers before any thread but the first: one that knows when delayed work is due, then those that do
 * it. Threads are numbered as they are started; older releases give them no names.
 */
function helperThreads(): readonly number[] {
  const threads = readdirSync(THREADS).map(Number)
  const others = threads.filter((thread) => thread > process.pid).sort((a, b) => a - b)
  return others.slice(0, 1 + poolSize())
}

function poolSize(): number {
  const flag = process.execArgv.filter((argument) => argument.startsWith(POOL_SIZE_FLAG)).at(-1)
  return flag === undefined ? DEFAULT_POOL_SIZE : Number(flag.slice(POOL_SIZE_FLAG.length))
}
