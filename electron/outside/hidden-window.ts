/**
 * A page that nobody sees: sandboxed, with nothing of Node, on a session of its own in memory, with one port to main and
 * no other way to anybody. What it may load and whom it may reach, the session's owner says.
 */
import { BrowserWindow, MessageChannelMain, type Session, type WebContents } from 'electron'
import type { Page, PageEvents } from './page-keeper.ts'
import { parseFromPage } from './page-messages.ts'
import { PAGE_PORT } from './page-port.ts'
import type { PortMessage } from './port.ts'
import { LOCKED_PREFERENCES } from '../desktop/locked-preferences.ts'

/** A page of a few kilobytes from memory; what takes longer hangs. */
const LOAD_LIMIT_MS = 20_000

export interface HiddenWindowOptions {
  readonly session: Session
  readonly url: string
  readonly preload: string
  readonly report: (text: string) => void
  /** Before the page is loaded. */
  readonly prepare: (contents: WebContents) => void
}

export async function openHiddenWindow(options: HiddenWindowOptions, events: PageEvents): Promise<Page> {
  const window = new BrowserWindow({
    show: false,
    paintWhenInitiallyHidden: false,
    skipTaskbar: true,
    focusable: false,
    webPreferences: {
      session: options.session,
      preload: options.preload,
      ...LOCKED_PREFERENCES,
      devTools: false,
      // Nobody sees it, and yet it must not be slowed down.
      backgroundThrottling: false,
    },
  })
  const { port1, port2 } = new MessageChannelMain()
  let isOver = false
  const close = (): void => {
    isOver = true
    port1.close()
    if (!window.isDestroyed()) window.destroy()
  }
  const end = (why: string): void => {
    if (isOver) return
    close()
    options.report(why)
    events.onGone(why)
  }
  window.webContents.on('render-process-gone', (_event, { reason }) =>
    end(`a window for transports ended: ${reason}`),
  )
  window.on('closed', () => end('a window for transports was closed'))
  port1.on('message', ({ data }: PortMessage) => {
    if (isOver) return
    const message = parseFromPage(data)
    if (message === undefined) end('a window for transports said what none of ours says')
    else events.onMessage(message)
  })
  port1.start()
  options.prepare(window.webContents)
  await load(window, options.url, () => end('a window for transports could not be loaded'))
  if (isOver) throw new Error('the window is gone')
  window.webContents.postMessage(PAGE_PORT, undefined, [port2])
  return {
    send: (message, ports = []) => {
      if (!isOver) port1.postMessage(message, ports)
    },
    close,
  }
}

async function load(window: BrowserWindow, url: string, onFailed: () => void): Promise<void> {
  const timer = setTimeout(onFailed, LOAD_LIMIT_MS)
  try {
    await window.loadURL(url)
  } catch (error) {
    onFailed()
    throw error
  } finally {
    clearTimeout(timer)
  }
}
