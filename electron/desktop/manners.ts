/**
 * Keeps what the desktop shows of us (tray, menu, notifications) in step with the snapshot. Knows no Electron: what shows
 * things is passed in, and is called only when something has changed.
 */
import type { ConnectionNotice } from '../connection/connection-event.ts'
import type { Settings } from '../ipc/settings.ts'
import type { AppSnapshot } from '../ipc/snapshot.ts'
import type { DesktopWords } from '../words/desktop-words.ts'
import type { MenuEntry } from './menu-items.ts'
import { menuModel } from './menu-model.ts'
import { type NoticeText, noticeText } from './notice-text.ts'
import { type TrayModel, trayModel } from './tray-model.ts'

export interface MannersParts {
  readonly platform: NodeJS.Platform
  /** In the language of the settings. */
  readonly createWords: (language: string) => DesktopWords
  readonly showMenu: (entries: readonly MenuEntry[]) => void
  /** Undefined where the system has no tray. */
  readonly showTray: ((model: TrayModel) => void) | undefined
  readonly notify: (text: NoticeText) => void
}

export class Manners {
  readonly #parts: MannersParts
  #settings: Settings
  #words: DesktopWords
  #shownMenu = ''
  #shownTray = ''

  constructor(parts: MannersParts, { settings }: Pick<AppSnapshot, 'settings'>) {
    this.#parts = parts
    this.#settings = settings
    this.#words = parts.createWords(settings.language)
  }

  /** At each change of the snapshot; most of them change nothing here. */
  update(snapshot: Pick<AppSnapshot, 'connection' | 'settings' | 'systemProxy'>): void {
    const { connection, settings } = snapshot
    if (settings.language !== this.#settings.language)
      this.#words = this.#parts.createWords(settings.language)
    this.#settings = settings
    this.#showMenu(menuModel(connection, this.#words, this.#parts.platform))
    this.#showTray(trayModel(snapshot, this.#words))
  }

  onNotice(notice: ConnectionNotice): void {
    const text = noticeText(notice, this.#words)
    if (text !== undefined && this.#settings.notifications) this.#parts.notify(text)
  }

  /** A menu that is open would be closed by a new one: only a difference that can be seen is shown. */
  #showMenu(entries: readonly MenuEntry[]): void {
    const text = JSON.stringify(entries)
    if (text === this.#shownMenu) return
    this.#shownMenu = text
    this.#parts.showMenu(entries)
  }

  #showTray(model: TrayModel): void {
    const text = JSON.stringify(model)
    if (text === this.#shownTray) return
    this.#shownTray = text
    this.#parts.showTray?.(model)
  }
}
