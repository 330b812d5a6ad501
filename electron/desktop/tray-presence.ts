/**
 * Whether an icon of ours would be seen. On Linux nobody says so when it is made: desktops that show such icons have a
 * watcher for them on the session bus, others swallow them, and with them a window that was closed to the tray.
 */
import { execFile } from 'node:child_process'

/** The bus answers within milliseconds, or there is none. */
const LIMIT_MS = 1_000

export function hasTray(platform: NodeJS.Platform): Promise<boolean> {
  if (platform === 'darwin' || platform === 'win32') return Promise.resolve(true)
  return new Promise((resolve) => {
    execFile(
      'dbus-send',
      [
        '--session',
        '--print-reply=literal',
        '--dest=org.freedesktop.DBus',
        '/org/freedesktop/DBus',
        'org.freedesktop.DBus.NameHasOwner',
        'string:org.kde.StatusNotifierWatcher',
      ],
      { timeout: LIMIT_MS },
      (error, output) => resolve(error === null && output.includes('true')),
    )
  })
}
