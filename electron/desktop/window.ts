/** The one window: made hidden and shown when it has something to show, kept where the person put it. */
import { readFileSync } from 'node:fs'
import { BrowserWindow, nativeTheme, screen } from 'electron'
import writeFileAtomic from 'write-file-atomic'
import { EVENT_CHANNEL } from '../ipc/channels.ts'
import type { AppEventName, AppEvents } from '../ipc/contract.ts'
import { APP_PAGE } from './app-scheme.ts'
import { MIN_HEIGHT, MIN_WIDTH, parseWindowState, placeWindow, type WindowState } from './window-state.ts'
import { LOCKED_PREFERENCES } from './locked-preferences.ts'

/** The page's own colours, so that nothing flashes before it is drawn. */
const BACKGROUND = { light: '#f6f5f9', dark: '#16131c' }

/** A page that crashes at once each time would keep the processor busy for nothing. */
const MAX_RELOADS = 3
const RELOAD_WINDOW_MS = 60_000

/** In memory: the page leaves no cache, cookie or storage on the disk. */
export const WINDOW_PARTITION = 'allium'

/**
 * Ways to devices and to other programs, which the page does not even see. Asking for a USB device would end the whole
 * app on an older Electron.
 */
const UNUSED_FEATURES = [
  'WebUSB',
  'WebHID',
  'Serial',
  'WebBluetooth',
  'WebNFC',
  'WebXR',
  'PaymentRequest',
  'PushMessaging',
  'Presentation',
  'BackgroundFetch',
  'FileSystemAccess',
  'GamepadAPI',
].join(',')

export interface MainWindowDeps {
  readonly preload: string
  readonly stateFile: string
  readonly icon: string
  readonly mayUseDevTools: boolean
  /** What closing the window means: to go on without it, or to quit with it still there to show how that goes. */
  readonly onClose: () => 'hide' | 'quit'
  readonly quit: (by: 'person' | 'system') => void
  /** Whether anybody can see the page, each time that it may have changed. */
  readonly onVisibility: (isVisible: boolean) => void
  /** Hidden until somebody asks: for a start at login. */
  readonly startsHidden: boolean
  readonly report: (text: string) => void
}

export class MainWindow {
  readonly #deps: MainWindowDeps
  #window: BrowserWindow | undefined
  #mayClose = false
  /** When the page was loaded again lately. */
  #reloads: readonly number[] = []

  constructor(deps: MainWindowDeps) {
    this.#deps = deps
  }

  get webContentsId(): number | undefined {
    return this.#window?.webContents.id
  }

  /** Makes the window where there is none. */
  open(): void {
    if (this.#window !== undefined) return
    const { isMaximized, x, y, width, height } = this.#readState()
    const window = new BrowserWindow({
      ...(x === undefined || y === undefined ? {} : { x, y }),
      width,
      height,
      minWidth: MIN_WIDTH,
      minHeight: MIN_HEIGHT,
      show: false,
      title: 'Allium',
      // Everything in it is in the window, too; Alt shows it, its keys work always.
      autoHideMenuBar: true,
      backgroundColor: nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
      icon: this.#deps.icon,
      webPreferences: {
        preload: this.#deps.preload,
        partition: WINDOW_PARTITION,
        ...LOCKED_PREFERENCES,
        devTools: this.#deps.mayUseDevTools,
        disableBlinkFeatures: UNUSED_FEATURES,
      },
    })
    this.#window = window
    if (isMaximized) window.maximize()
    this.#listen(window)
    this.#load(window)
  }

  /** To the front, from wherever it is; with its page, however often that has crashed: here somebody asks for it. */
  show(): void {
    this.open()
    const window = this.#window
    if (window === undefined) return
    if (window.webContents.isCrashed()) this.#load(window)
    if (window.isMinimized()) window.restore()
    window.show()
    window.focus()
  }

  get isVisible(): boolean {
    const window = this.#window
    if (window === undefined || window.isDestroyed()) return false
    return window.isFocused() || (window.isVisible() && !window.isMinimized())
  }

  send<Name extends AppEventName>(name: Name, value: AppEvents[Name]): void {
    const window = this.#window
    if (window === undefined || window.isDestroyed() || window.webContents.isCrashed()) return
    window.webContents.send(EVENT_CHANNEL, name, value)
  }

  /** For good, whatever the settings say of closing. */
  close(): void {
    this.#mayClose = true
    this.#window?.close()
  }

  #listen(window: BrowserWindow): void {
    window.once('ready-to-show', () => {
      if (!this.#deps.startsHidden) window.show()
    })
    window.on('close', (event) => {
      this.#keepState(window)
      if (this.#mayClose) return
      event.preventDefault()
      if (this.#deps.onClose() === 'hide') window.hide()
      else this.#deps.quit('person')
    })
    // Windows alone says it here, and does not wait: what is not put back in time is at the next start.
    window.on('session-end', () => this.#deps.quit('system'))
    window.on('closed', () => {
      this.#window = undefined
    })
    const look = (): void => this.#deps.onVisibility(this.isVisible)
    window.on('show', look)
    window.on('hide', look)
    window.on('minimize', look)
    window.on('restore', look)
    // Not every desktop says that a window was restored; one that has the focus is seen.
    window.on('focus', look)
    window.webContents.on('render-process-gone', (_event, { reason }) => this.#onPageGone(window, reason))
    nativeTheme.on('updated', () => {
      if (window.isDestroyed()) return
      window.setBackgroundColor(nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light)
    })
  }

  /** A page that crashed is loaded again: main has all state. */
  #onPageGone(window: BrowserWindow, reason: string): void {
    if (window.isDestroyed() || reason === 'clean-exit') return
    this.#deps.report(`the page's process ended: ${reason}`)
    const now = Date.now()
    this.#reloads = [...this.#reloads.filter((at) => now - at < RELOAD_WINDOW_MS), now]
    if (this.#reloads.length > MAX_RELOADS) return
    this.#load(window)
  }

  #load(window: BrowserWindow): void {
    window.loadURL(APP_PAGE).catch(() => this.#deps.report('the page could not be loaded'))
  }

  #readState(): WindowState {
    const primary = screen.getPrimaryDisplay()
    const others = screen.getAllDisplays().filter(({ id }) => id !== primary.id)
    const areas = [primary, ...others].map(({ workArea }) => workArea)
    return placeWindow(parseWindowState(readText(this.#deps.stateFile)), areas)
  }

  #keepState(window: BrowserWindow): void {
    const state: WindowState = { ...window.getNormalBounds(), isMaximized: window.isMaximized() }
    try {
      writeFileAtomic.sync(this.#deps.stateFile, JSON.stringify(state), { mode: 0o600 })
    } catch {
      this.#deps.report('the place of the window could not be kept')
    }
  }
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
