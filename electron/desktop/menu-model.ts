/** The application's menu, with the keys for everything in it. Pure. */
import { VIEW_NAMES, type ViewName } from '../ipc/contract.ts'
import type { ConnectionView } from '../ipc/snapshot-connection.ts'
import type { DesktopWordId, DesktopWords } from '../words/desktop-words.ts'
import { identityEntry, switchEntry } from './connection-entries.ts'
import { type MenuEntry, type MenuRole, SEPARATOR } from './menu-items.ts'

export function menuModel(
  connection: ConnectionView,
  words: DesktopWords,
  platform: NodeJS.Platform,
): readonly MenuEntry[] {
  const isMac = platform === 'darwin'
  const menu = (label: DesktopWordId, entries: readonly MenuEntry[]): MenuEntry => ({
    kind: 'submenu',
    label: words(label, {}),
    entries,
  })
  const file = [switchEntry(connection, words), identityEntry(connection, words)]
  const last = isMac
    ? [SEPARATOR, role(words, 'close')]
    : [SEPARATOR, settings(words), SEPARATOR, quit(words)]
  return [
    ...(isMac ? [macApp(words)] : []),
    menu('desktop-menu-file', [...file, ...last]),
    menu('desktop-menu-edit', editEntries(words)),
    menu('desktop-menu-view', viewEntries(words)),
    menu('desktop-menu-window', windowEntries(words, isMac)),
    // On macOS the system puts a search field in it; elsewhere it is where people look for the version.
    menu('desktop-menu-help', [view(words, 'logs'), view(words, 'about')]),
  ]
}

const ROLE_LABELS = {
  undo: 'desktop-menu-undo',
  redo: 'desktop-menu-redo',
  cut: 'desktop-menu-cut',
  copy: 'desktop-menu-copy',
  paste: 'desktop-menu-paste',
  selectAll: 'desktop-menu-select-all',
  zoomIn: 'desktop-menu-zoom-in',
  zoomOut: 'desktop-menu-zoom-out',
  resetZoom: 'desktop-menu-zoom-reset',
  togglefullscreen: 'desktop-menu-full-screen',
  minimize: 'desktop-menu-minimize',
  zoom: 'desktop-menu-zoom',
  front: 'desktop-menu-front',
  close: 'desktop-menu-close',
  services: 'desktop-menu-services',
  hide: 'desktop-menu-hide',
  hideOthers: 'desktop-menu-hide-others',
  unhide: 'desktop-menu-show-all',
} as const satisfies Readonly<Record<MenuRole, DesktopWordId>>

/** Labels are ours, for those of Electron exist in English alone. */
function role(words: DesktopWords, name: MenuRole): MenuEntry {
  return { kind: 'role', role: name, label: words(ROLE_LABELS[name]) }
}

function view(words: DesktopWords, name: ViewName): MenuEntry {
  return {
    kind: 'action',
    label: words(`desktop-view-${name}`),
    action: { kind: 'show-view', view: name },
  }
}

function settings(words: DesktopWords): MenuEntry {
  return {
    kind: 'action',
    label: words('desktop-menu-settings'),
    action: { kind: 'show-view', view: 'settings' },
    accelerator: 'CmdOrCtrl+,',
  }
}

/** Not Electron's role: quitting puts the system's settings back first. */
function quit(words: DesktopWords): MenuEntry {
  return {
    kind: 'action',
    label: words('desktop-quit'),
    action: { kind: 'quit' },
    accelerator: 'CmdOrCtrl+Q',
  }
}

function macApp(words: DesktopWords): MenuEntry {
  return {
    kind: 'submenu',
    label: words('desktop-name'),
    entries: [
      {
        kind: 'action',
        label: words('desktop-menu-about'),
        action: { kind: 'show-view', view: 'about' },
      },
      SEPARATOR,
      settings(words),
      SEPARATOR,
      role(words, 'services'),
      SEPARATOR,
      role(words, 'hide'),
      role(words, 'hideOthers'),
      role(words, 'unhide'),
      SEPARATOR,
      quit(words),
    ],
  }
}

function editEntries(words: DesktopWords): readonly MenuEntry[] {
  return [
    role(words, 'undo'),
    role(words, 'redo'),
    SEPARATOR,
    role(words, 'cut'),
    role(words, 'copy'),
    role(words, 'paste'),
    role(words, 'selectAll'),
  ]
}

/** The views in the order of the window's own list, by number. */
function viewEntries(words: DesktopWords): readonly MenuEntry[] {
  const views = VIEW_NAMES.map((name, index) => ({
    ...view(words, name),
    accelerator: `CmdOrCtrl+${index + 1}`,
  }))
  const sizes = (['zoomIn', 'zoomOut', 'resetZoom'] as const).map((name) => role(words, name))
  return [...views, SEPARATOR, ...sizes, SEPARATOR, role(words, 'togglefullscreen')]
}

function windowEntries(words: DesktopWords, isMac: boolean): readonly MenuEntry[] {
  const names: readonly MenuRole[] = isMac ? ['minimize', 'zoom', 'front'] : ['minimize', 'close']
  return names.map((name) => role(words, name))
}
