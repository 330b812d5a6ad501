/** What the system proxy's state comes to for a person: which words, which colour. */
import type { SystemProxyState, SystemProxyView } from '../../../electron/ipc/snapshot.ts'

export type ProxyTone = 'good' | 'warn' | 'bad' | 'soft' | 'busy'

/** `waiting` is what main calls off while it is wanted: it is set when the app connects. */
export type ShownProxyState = SystemProxyState | 'waiting'

export function shownState(view: Pick<SystemProxyView, 'state' | 'isWanted'>): ShownProxyState {
  return view.state === 'off' && view.isWanted ? 'waiting' : view.state
}

export const PROXY_TONES: Readonly<Record<ShownProxyState, ProxyTone>> = {
  off: 'soft',
  waiting: 'soft',
  applying: 'busy',
  on: 'good',
  changed: 'bad',
  failed: 'bad',
  restoring: 'busy',
  'restore-failed': 'warn',
}
