/** What the tray shows for a state of the connection. Pure. */
import type { AppSnapshot } from '../ipc/snapshot.ts'
import type { TorLight } from '../ipc/snapshot-connection.ts'
import type { DesktopWords } from '../words/desktop-words.ts'
import { identityEntry, stateLine, switchEntry } from './connection-entries.ts'
import { type MenuEntry, SEPARATOR } from './menu-items.ts'

export interface TrayModel {
  /** The colour of the icon. A missing system proxy is trouble here: there is no room to say it otherwise. */
  readonly light: TorLight
  readonly tooltip: string
  readonly entries: readonly MenuEntry[]
}

export function trayModel(
  snapshot: Pick<AppSnapshot, 'connection' | 'systemProxy'>,
  words: DesktopWords,
): TrayModel {
  const { connection } = snapshot
  const state = stateLine(snapshot, words)
  return {
    light: connection.state === 'proxy-not-applied' ? 'trouble' : connection.tor,
    tooltip: words('desktop-tray-tooltip', { state }),
    entries: [
      { kind: 'text', label: state },
      SEPARATOR,
      switchEntry(connection, words),
      identityEntry(connection, words),
      SEPARATOR,
      { kind: 'action', label: words('desktop-tray-show'), action: { kind: 'show' } },
      { kind: 'action', label: words('desktop-quit'), action: { kind: 'quit' } },
    ],
  }
}
