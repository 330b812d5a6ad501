/** Transport plugins whose program is a line of shell, and what they leave behind for a test to read. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecPlugin } from '../../core/transport/managed/transport-plugin.ts'

/** Lives as long as its standard input is open. */
export const UNTIL_STDIN_ENDS = 'cat >/dev/null'

/** `$S` is the folder that the plugin is given for its state. */
export function scriptedPlugin(script: string, transport = 'fake'): ExecPlugin {
  const prefix = 'S="$TOR_PT_STATE_LOCATION"; '
  return { kind: 'exec', transports: [transport], program: '/bin/sh', args: ['-c', prefix + script] }
}

/** Serves `fake` at the port, and notes its process in the file `pids`. */
export function servingScript(port: number, more = ''): string {
  const lines = `VERSION 1\\n${more}CMETHOD fake socks5 127.0.0.1:${port}\\nCMETHODS DONE\\n`
  return `echo $$ >> "$S/pids"; printf '${lines}'; ${UNTIL_STDIN_ENDS}`
}

export class PluginFolder {
  readonly dataDirectory = mkdtempSync(join(tmpdir(), 'allium-plugin-'))

  /** The lines of a file that a script has written. */
  lines(name: string): string[] {
    const path = join(this.dataDirectory, 'pt_state', name)
    // The shell makes the file a moment before it writes to it.
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  }

  /** The processes that noted themselves. */
  get pids(): number[] {
    return this.lines('pids').map(Number)
  }

  remove(): void {
    rmSync(this.dataDirectory, { recursive: true, force: true })
  }
}

export function isRunning(pid: number | undefined): boolean {
  if (pid === undefined) return false
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // One that has ended and that nobody has asked about yet counts as ended.
  return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}

export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2))
}
