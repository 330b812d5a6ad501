/**
 * Whether an icon of ours would be seen. On Linux nobody says so when it is made: desktops that show such icons have a
 * watcher for them on the session bus, others swallow them, and with them a window that was closed to the tray.
 */
import { SystemCommandRunner } from '../system-proxy/command-runner.ts'

/** The bus answers within milliseconds, or there is none. */
const LIMIT_MS = 1_000

export async function hasTray(platform: NodeJS.Platform): Promise<boolean> {
  if (platform === 'darwin' || platform === 'win32') return true
  try {
    const runner = new SystemCommandRunner({ platform, env: process.env }, LIMIT_MS)
    const { code, stdout } = await runner.run('dbus-send', [
      '--session',
      '--print-reply=literal',
      '--dest=org.freedesktop.DBus',
      '/org/freedesktop/DBus',
      'org.freedesktop.DBus.NameHasOwner',
      'string:org.kde.StatusNotifierWatcher',
    ])
    return code === 0 && stdout.includes('true')
  } catch {
    return false
  }
}
