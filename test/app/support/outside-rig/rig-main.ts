/**
 * An app of nothing but the transports' browser engine, hardened and joined to a core host as the real one is; a test
 * asks for single requests and peers, which the real app makes only for bridges.
 */
import { app, BrowserWindow, protocol } from 'electron'
import { systemClock } from '../../../../electron/clock.ts'
import { APP_SCHEME } from '../../../../electron/desktop/app-scheme.ts'
import { hardenApp } from '../../../../electron/desktop/hardening.ts'
import { forkHost } from '../../../../electron/host/fork-host.ts'
import type { HostProcess } from '../../../../electron/host/host-run.ts'
import { createOutside } from '../../../../electron/outside/create-outside.ts'

export interface Rig {
  /** Asks the host, which must have been started. */
  ask(question: unknown): Promise<unknown>
  startHost(): Promise<number>
  killHost(): void
  setUdp(mayUseUdp: boolean): void
  /** Addresses of the hidden pages that there are. */
  pages(): readonly string[]
  /** Ends the process of a page as a crash would. */
  crashPages(): void
  /** Runs text in the first page, as somebody who has taken it over. */
  runInPage(text: string): Promise<unknown>
  readonly reports: readonly string[]
}

const { ALLIUM_RIG_FOLDER: folder = '', ALLIUM_RIG_HOST: hostFile = '' } = process.env
const reports: string[] = []
const waiting = new Map<number, (answer: unknown) => void>()
let mayUseUdp = true
let host: HostProcess | undefined
let nextId = 1

hardenApp()
if (process.env['ALLIUM_RIG_LOOPBACK'] === '1')
  app.commandLine.appendSwitch('allow-loopback-in-peer-connection')
protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges: { standard: true, secure: true } }])
app.on('window-all-closed', () => undefined)

void app.whenReady().then(() => {
  const outside = createOutside({
    clock: systemClock,
    folder,
    chromeVersion: process.versions['chrome'] ?? '',
    mayUseUdp: () => mayUseUdp,
    isOwnNetwork: process.env['ALLIUM_RIG_LOOPBACK'] === '1',
    report: (text) => reports.push(text),
  })
  const rig: Rig = {
    ask: (question) =>
      new Promise((resolve) => {
        const id = nextId++
        waiting.set(id, resolve)
        host?.send({ id, question } as never)
      }),
    startHost: () =>
      new Promise((resolve) => {
        host = forkHost(
          hostFile,
          (line) => reports.push(`host: ${line}`),
          (port) => outside.attach(port),
        )
        host.onMessage((message) => {
          const { id, answer, pid } = message as { id?: number; answer?: unknown; pid?: number }
          if (pid !== undefined) return resolve(pid)
          if (id !== undefined) waiting.get(id)?.(answer)
        })
        host.onExit(() => {
          for (const settle of waiting.values()) settle({ gone: true })
          waiting.clear()
        })
      }),
    killHost: () => host?.kill(),
    setUdp: (may) => {
      mayUseUdp = may
      outside.onSettings()
    },
    pages: () => BrowserWindow.getAllWindows().map((window) => window.webContents.getURL()),
    crashPages: () => {
      for (const window of BrowserWindow.getAllWindows()) window.webContents.forcefullyCrashRenderer()
    },
    runInPage: async (text): Promise<unknown> =>
      BrowserWindow.getAllWindows()[0]?.webContents.executeJavaScript(text),
    reports,
  }
  Object.assign(globalThis, { rig })
})
