/** The entries that tray and menu share: the state in one line, and what can be done about it. Pure. */
import type { AppSnapshot } from '../ipc/snapshot.ts'
import type { ConnectionState, ConnectionView } from '../ipc/snapshot-connection.ts'
import type { DesktopWords } from '../words/desktop-words.ts'
import type { MenuEntry } from './menu-items.ts'

type Switch = 'connect' | 'cancel' | 'disconnect' | 'wait'

/** What the one switch does in each state. */
const SWITCHES: Readonly<Record<ConnectionState, Switch>> = {
  off: 'connect',
  checking: 'cancel',
  'no-network': 'cancel',
  'clock-wrong': 'cancel',
  connecting: 'cancel',
  slow: 'cancel',
  stalled: 'cancel',
  blocked: 'cancel',
  connected: 'disconnect',
  'proxy-not-applied': 'disconnect',
  degraded: 'disconnect',
  // Trying again is for the window, which says why it failed; here it is turned off.
  failed: 'disconnect',
  'protected-down': 'disconnect',
  restoring: 'wait',
}

/** In tens of percents: each new text is a new menu, and some desktops close the one that is open for it. */
export function stateLine(
  { connection: { state, percent }, systemProxy }: Pick<AppSnapshot, 'connection' | 'systemProxy'>,
  words: DesktopWords,
): string {
  // Nothing may be promised for programs that are not led to us.
  if (state === 'protected-down' && systemProxy.state === 'on')
    return words('desktop-state-protected-down-system')
  return words(`desktop-state-${state}`, { percent: Math.floor(percent / 10) * 10 })
}

export function switchEntry({ state }: ConnectionView, words: DesktopWords): MenuEntry {
  switch (SWITCHES[state]) {
    case 'connect':
      return { kind: 'action', label: words('desktop-connect'), action: { kind: 'connect' } }
    case 'cancel':
      return { kind: 'action', label: words('desktop-connect-cancel'), action: { kind: 'disconnect' } }
    case 'disconnect':
      return { kind: 'action', label: words('desktop-disconnect'), action: { kind: 'disconnect' } }
    case 'wait':
      return {
        kind: 'action',
        label: words('desktop-connect'),
        action: { kind: 'connect' },
        isEnabled: false,
      }
  }
}

/** There is an identity to leave only where there are circuits. */
export function identityEntry({ tor, state }: ConnectionView, words: DesktopWords): MenuEntry {
  return {
    kind: 'action',
    label: words('desktop-new-identity'),
    action: { kind: 'new-identity' },
    accelerator: 'CmdOrCtrl+Shift+U',
    isEnabled: tor === 'connected' || state === 'degraded',
  }
}
