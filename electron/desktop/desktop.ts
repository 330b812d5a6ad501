/** Joins the desktop's manners with Electron: the one file that main has to call for tray, menu and notifications. */
import { app, Menu } from 'electron'
import type { AppSnapshot } from '../ipc/snapshot.ts'
import type { TorLight } from '../ipc/snapshot-connection.ts'
import type { AutostartPart } from '../parts.ts'
import { createDesktopWords, type DesktopWords, readWordsBeside } from '../words/desktop-words.ts'
import { createAutostart, isHiddenStart } from './autostart.ts'
import { Manners } from './manners.ts'
import { buildMenu } from './menu-adapter.ts'
import type { DesktopAction } from './menu-items.ts'
import { createNotifications } from './notifications.ts'
import { createTray } from './tray.ts'

export interface DesktopParts {
  readonly snapshot: AppSnapshot
  /** Where the program's own files lie: `words/` beside main. */
  readonly programFolder: string
  /** A PNG for each light; undefined where there is to be no tray. */
  readonly trayIcon: ((light: TorLight) => string) | undefined
  readonly onAction: (action: DesktopAction) => void
}

export interface Desktop {
  readonly manners: Manners
  close(): void
}

/** After `app.whenReady()`. */
export function createDesktop({ snapshot, programFolder, trayIcon, onAction }: DesktopParts): Desktop {
  const tray = trayIcon === undefined ? undefined : createTray(trayIcon, onAction)
  const notifications = createNotifications(() => onAction({ kind: 'show' }))
  const manners = new Manners(
    {
      platform: process.platform,
      createWords: (setting) => wordsIn(setting, programFolder),
      showMenu: (entries) => Menu.setApplicationMenu(buildMenu(entries, onAction)),
      showTray: tray === undefined ? undefined : (model) => tray.show(model),
      notify: (text) => notifications.show(text),
    },
    snapshot,
  )
  manners.update(snapshot)
  return {
    manners,
    close() {
      notifications.close()
      tray?.close()
    },
  }
}

/** After `app.whenReady()`. */
export function systemAutostart(programFolder: string): AutostartPart {
  return createAutostart(
    {
      platform: process.platform,
      env: process.env,
      homeFolder: app.getPath('home'),
      command: app.isPackaged ? [process.execPath] : [process.execPath, app.getAppPath()],
      loginItem: {
        set: (settings) => app.setLoginItemSettings(settings),
        get: (options) => app.getLoginItemSettings(options),
      },
    },
    (language) => {
      const words = wordsIn(language, programFolder)
      return { name: words('desktop-name'), comment: words('desktop-autostart-comment') }
    },
  )
}

function wordsIn(setting: string, programFolder: string): DesktopWords {
  const systemLanguages = app.getPreferredSystemLanguages()
  return createDesktopWords({ setting, systemLanguages }, readWordsBeside(programFolder))
}

export function wasStartedHidden(): boolean {
  const wasOpenedAtLogin = process.platform === 'darwin' && app.getLoginItemSettings().wasOpenedAtLogin
  return isHiddenStart(process.argv, wasOpenedAtLogin)
}
