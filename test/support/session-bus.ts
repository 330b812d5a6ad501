/** A session bus with a home of its own: real gsettings and real KDE tools change nothing of the person who tests. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SessionBus {
  readonly home: string
  /** Complete: nothing of the caller's environment is in it. */
  readonly env: Record<string, string>
  close(): Promise<void>
}

export async function startSessionBus(desktop: string): Promise<SessionBus> {
  const home = mkdtempSync(join(tmpdir(), 'allium-session-'))
  // dconf's service is started by the bus, and has the bus' environment.
  const env = { HOME: home, PATH: '/usr/bin:/bin', XDG_RUNTIME_DIR: home, XDG_CURRENT_DESKTOP: desktop }
  const daemon = spawn('/usr/bin/dbus-daemon', ['--session', '--nofork', '--print-address=1'], {
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(daemon, 'exit')
  const address = await Promise.race([
    once(daemon.stdout, 'data').then(([chunk]) => String(chunk).trim()),
    ended.then(() => Promise.reject(new Error('dbus-daemon did not start'))),
  ])
  return {
    home,
    env: { ...env, DBUS_SESSION_BUS_ADDRESS: address },
    async close() {
      daemon.kill('SIGTERM')
      await ended
      // dconf's service may still write its last word.
      rmSync(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
    },
  }
}
