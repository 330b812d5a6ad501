/** Menus as plain values: what they say and do is decided without Electron, which only shows them. */
import type { ViewName } from '../ipc/contract.ts'

/** What a menu, the tray or a notification asks main to do. */
export type DesktopAction =
  | { readonly kind: 'show' }
  | { readonly kind: 'show-view'; readonly view: ViewName }
  | { readonly kind: 'connect' }
  /** Cancels, too. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'new-identity' }
  | { readonly kind: 'quit' }

/** Those of Electron's that are used; each does what its name says on every system. */
export type MenuRole =
  | 'undo'
  | 'redo'
  | 'cut'
  | 'copy'
  | 'paste'
  | 'selectAll'
  | 'zoomIn'
  | 'zoomOut'
  | 'resetZoom'
  | 'togglefullscreen'
  | 'minimize'
  | 'zoom'
  | 'front'
  | 'close'
  | 'services'
  | 'hide'
  | 'hideOthers'
  | 'unhide'

export type MenuEntry =
  | { readonly kind: 'separator' }
  | { readonly kind: 'role'; readonly label: string; readonly role: MenuRole }
  | {
      readonly kind: 'action'
      readonly label: string
      readonly action: DesktopAction
      readonly accelerator?: string
      readonly isEnabled?: boolean
    }
  /** Says something and does nothing. */
  | { readonly kind: 'text'; readonly label: string }
  | { readonly kind: 'submenu'; readonly label: string; readonly entries: readonly MenuEntry[] }

export const SEPARATOR: MenuEntry = { kind: 'separator' }
