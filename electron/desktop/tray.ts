/** The icon in the system's tray. Some desktops have none: everything in it is in the window, too. */
import { Tray } from 'electron'
import type { TorLight } from '../ipc/snapshot-connection.ts'
import { buildMenu } from './menu-adapter.ts'
import type { DesktopAction } from './menu-items.ts'
import type { TrayModel } from './tray-model.ts'

export interface AppTray {
  show(model: TrayModel): void
  close(): void
}

export function createTray(
  iconFile: (light: TorLight) => string,
  onAction: (action: DesktopAction) => void,
): AppTray {
  const tray = new Tray(iconFile('off'))
  // On macOS and Linux a click opens the menu.
  if (process.platform === 'win32') tray.on('click', () => onAction({ kind: 'show' }))
  let light: TorLight = 'off'
  return {
    show(model) {
      if (model.light !== light) tray.setImage(iconFile(model.light))
      light = model.light
      tray.setToolTip(model.tooltip)
      tray.setContextMenu(buildMenu(model.entries, onAction))
    },
    close: () => tray.destroy(),
  }
}
