/** Shows menus with Electron. */
import { Menu, type MenuItemConstructorOptions } from 'electron'
import type { DesktopAction, MenuEntry } from './menu-items.ts'

type OnAction = (action: DesktopAction) => void

export function buildMenu(entries: readonly MenuEntry[], onAction: OnAction): Menu {
  return Menu.buildFromTemplate(entries.map((entry) => toOptions(entry, onAction)))
}

function toOptions(entry: MenuEntry, onAction: OnAction): MenuItemConstructorOptions {
  switch (entry.kind) {
    case 'separator':
      return { type: 'separator' }
    case 'text':
      return { label: entry.label, enabled: false }
    case 'role':
      return { role: entry.role, label: entry.label }
    case 'action':
      return {
        label: entry.label,
        enabled: entry.isEnabled ?? true,
        click: () => onAction(entry.action),
        ...(entry.accelerator === undefined ? {} : { accelerator: entry.accelerator }),
      }
    case 'submenu':
      return { label: entry.label, submenu: entry.entries.map((child) => toOptions(child, onAction)) }
  }
}
