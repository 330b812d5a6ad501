/** Tells whether the process that wrote a lock file still runs, also when its number was given to another since. */
import { readFile } from 'node:fs/promises'
import { uptime } from 'node:os'
import { systemCodeOf } from '../util/errors.ts'

export interface ProcessIdentity {
  readonly pid: number
  /** Differs between two processes that had the same number; undefined where the system does not tell. */
  readonly startToken: string | undefined
}

/** The view of the process table that a lock needs. */
export interface ProcessTable {
  /** This process. */
  self(): Promise<ProcessIdentity>
  /** The process that has the number now, or none: then it is not alive. */
  identify(pid: number): Promise<ProcessIdentity>
  isAlive(identity: ProcessIdentity): Promise<boolean>
  /** How long ago the system was started. */
  uptimeMs(): number
}

export const systemProcesses: ProcessTable = {
  self() {
    return this.identify(process.pid)
  },

  async identify(pid) {
    return { pid, startToken: await readStartToken(pid) }
  },

  async isAlive({ pid, startToken }) {
    if (!processExists(pid)) return false
    const tokenNow = await readStartToken(pid)
    if (startToken !== undefined && tokenNow !== undefined) return startToken === tokenNow
    // Without start times a lock with our own number is left from an earlier life: in a container the same small
    // numbers come back at every start. Two stores in one process are told apart before this question is asked.
    return pid !== process.pid
  },

  uptimeMs: () => uptime() * 1000,
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, under another user.
    return systemCodeOf(error) === 'EPERM'
  }
}

/** On Linux: the boot and the start time in ticks since it (proc(5), field 22 of stat). */
async function readStartToken(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    const bootId = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    // The program's name, field 2, may hold spaces and parentheses: count from its closing one.
    const startTicks = stat
      .slice(stat.lastIndexOf(')') + 2)
      .split(' ')
      .at(22 - 3)
    return startTicks === undefined ? undefined : `${bootId}:${startTicks}`
  } catch {
    return undefined
  }
}
