/** What the kernel says about a process: CPU spent, resident memory, state. Linux only, like the whole harness. */
import { readFileSync } from 'node:fs'

// The kernel reports ticks of 1/100 s to user space on every architecture we run on (USER_HZ).
const TICKS_PER_SECOND = 100

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'latin1')
  } catch {
    return undefined
  }
}

/** User plus system CPU-seconds of all threads of the process so far; 0 when it is gone. */
export function readCpuSeconds(pid: number): number {
  const stat = readProc(pid, 'stat')
  if (stat === undefined) return 0
  // The second field, the name, may hold spaces and brackets; fields count from its closing bracket.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

function readStatusKilobytes(pid: number, key: string): number {
  const line = readProc(pid, 'status')
    ?.split('\n')
    .find((each) => each.startsWith(`${key}:`))
  return line === undefined ? 0 : Number(line.replace(/\D+/g, ''))
}

/** Resident memory in megabytes (10^6 bytes); 0 when the process is gone. */
export function readRssMegabytes(pid: number): number {
  return (readStatusKilobytes(pid, 'VmRSS') * 1024) / 1e6
}

/** The highest resident memory since the process started, in megabytes; 0 when it is gone. */
export function readPeakRssMegabytes(pid: number): number {
  return (readStatusKilobytes(pid, 'VmHWM') * 1024) / 1e6
}

/** Whether the process exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const stat = readProc(pid, 'stat')
  return stat !== undefined && !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z')
}

/** Samples resident memory until stopped; gives the highest value seen, in megabytes. */
export function watchRss(pid: number, everyMs = 25): { stop(): number } {
  let peak = readRssMegabytes(pid)
  const timer = setInterval(() => {
    peak = Math.max(peak, readRssMegabytes(pid))
  }, everyMs)
  return {
    stop: () => {
      clearInterval(timer)
      return Math.max(peak, readRssMegabytes(pid))
    },
  }
}
