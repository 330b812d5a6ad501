/** The app's main process: the edge to Electron. What it decides lies in `app.ts` and the parts. */
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import {
  app,
  clipboard,
  type IpcMainInvokeEvent,
  ipcMain,
  Menu,
  nativeTheme,
  powerMonitor,
  protocol,
  session,
} from 'electron'
import { App, type AppDeps } from './app.ts'
import { AppError } from './app-error.ts'
import { fileDialogs } from './bridges/file-dialogs.ts'
import { screenCapture } from './bridges/screen-capture.ts'
import { systemClock } from './clock.ts'
import { answerAppRequest, APP_SCHEME, isAppPage, listAppFiles } from './desktop/app-scheme.ts'
import { createDesktop, type Desktop, systemAutostart, wasStartedHidden } from './desktop/desktop.ts'
import { hardenApp } from './desktop/hardening.ts'
import type { DesktopAction } from './desktop/menu-items.ts'
import { Quitting } from './desktop/quitting.ts'
import {
  describeApp,
  readDoctorTargets,
  readNetworkLines,
  scrubForThisComputer,
  waySurroundings,
} from './desktop/surroundings.ts'
import { hasTray } from './desktop/tray-presence.ts'
import { MainWindow, WINDOW_PARTITION } from './desktop/window.ts'
import { forkHost } from './host/fork-host.ts'
import { type ChromiumOutside, createOutside } from './outside/create-outside.ts'
import { INVOKE_CHANNEL } from './ipc/channels.ts'
import { createCommandServer, type Sender } from './ipc/serve.ts'
import type { AboutView } from './ipc/snapshot.ts'
import { systemSecretStore } from './settings/safe-storage.ts'
import { RESTORE_FLAG } from './system-proxy/restore-command.ts'

/** Beside this file lie the page, the preload script and the core host. */
const HERE = __dirname
/** Several tools that each take their own limit. */
const RESTORE_LIMIT_MS = 60_000
const DEBUG_SWITCHES = ['remote-debugging-port', 'remote-debugging-pipe']

/** Where lines go before there is a log store. */
let writeLog: (text: string) => void = (text) => console.error(text)

/** Never a dialog: Electron's own box for such errors would hold up even the end of the app. */
function report(text: string, error?: unknown): void {
  writeLog(error instanceof Error ? `${text}: ${error.stack ?? error.message}` : text)
}

function start(): void {
  // A reader of our output that went away must not end us.
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
  process.on('uncaughtException', (error) => report('an error that nobody caught', error))
  process.on('unhandledRejection', (error) => report('a rejection that nobody caught', error))
  hardenApp()
  if (process.argv.includes(RESTORE_FLAG)) restoreAndExit()
  // Anybody who can start us with a debugger's port could read and steer all of it.
  if (app.isPackaged && DEBUG_SWITCHES.some((name) => app.commandLine.hasSwitch(name))) return app.exit(1)
  // Without it Windows shows no notification of ours.
  app.setAppUserModelId('app.allium.Allium')
  if (!app.requestSingleInstanceLock()) return app.exit(0)
  // Peers on a testing network may be where there is no other interface.
  if (readNetworkLines().length > 0) app.commandLine.appendSwitch('allow-loopback-in-peer-connection')
  protocol.registerSchemesAsPrivileged([{ scheme: APP_SCHEME, privileges: { standard: true, secure: true } }])
  app
    .whenReady()
    .then(open)
    .catch((error: unknown) => {
      report('the app could not be opened', error)
      app.exit(1)
    })
}

async function open(): Promise<void> {
  const files = await listAppFiles(join(HERE, 'renderer'))
  session
    .fromPartition(WINDOW_PARTITION, { cache: false })
    .protocol.handle(APP_SCHEME, (request) => answerAppRequest(files, request))
  // Electron's own menu has ways to the developer tools and to web pages.
  Menu.setApplicationMenu(null)
  const isInTray = await hasTray(process.platform)
  const quitting = new Quitting({
    close: async () => (await opening).close(),
    show: () => {
      window.show()
      window.send('view.show', 'system-proxy')
    },
    exit: () => {
      window.close()
      app.exit(0)
    },
  })
  const running: { app?: App; desktop?: Desktop } = {}
  const outside = createOutside({
    clock: systemClock,
    folder: HERE,
    chromeVersion: process.versions['chrome'] ?? '',
    // Before there are settings there is no core to ask.
    mayUseUdp: () => running.app?.settings.current.upstreamProxy === null,
    isOwnNetwork: readNetworkLines().length > 0,
    report,
  })
  const quit = (by: 'person' | 'system' = 'person'): void => quitting.request(by)
  const window = createWindow(() => running.app, quit, isInTray)
  const opening = App.open({
    ...appDeps(window, describeApp(isInTray), outside),
    onNotice: (notice) => running.desktop?.manners.onNotice(notice),
    quit,
  })
  serveCommands(window, opening)
  listen(window, quitting)
  // The page is loaded while the disk is read; its first command waits for that.
  window.open()
  running.app = await opening
  running.app.state.hold(!window.isVisible)
  running.desktop = showOnDesktop(running.app, window, isInTray, quit)
}

function appDeps(
  window: MainWindow,
  about: AboutView,
  outside: ChromiumOutside,
): Omit<AppDeps, 'onNotice' | 'quit'> {
  return {
    clock: systemClock,
    about,
    folder: app.getPath('userData'),
    platform: process.platform,
    env: process.env,
    networkLines: readNetworkLines(),
    doctorTargets: readDoctorTargets(),
    ways: waySurroundings(),
    scrub: scrubForThisComputer(),
    secrets: systemSecretStore,
    spawnHost: (onOutput) => forkHost(join(HERE, 'core-host.cjs'), onOutput, (port) => outside.attach(port)),
    tell: (name, value) => window.send(name, value),
    onSettings: ({ theme }) => {
      nativeTheme.themeSource = theme
      outside.onSettings()
    },
    screen: screenCapture,
    dialogs: fileDialogs,
    autostart: systemAutostart(HERE),
    // Newer versions of Electron answer with a promise.
    writeClipboard: async (text) => clipboard.writeText(text),
  }
}

/** Tray, menu and notifications, kept in step with the snapshot. */
function showOnDesktop(running: App, window: MainWindow, isInTray: boolean, quit: () => void): Desktop {
  const desktop = createDesktop({
    snapshot: running.state.current,
    programFolder: HERE,
    trayIcon: isInTray ? (light) => join(HERE, 'tray', `${light}.png`) : undefined,
    onAction: (action) => {
      const failed = (error: unknown): void => {
        // What is wrong is in the window.
        window.show()
        if (!(error instanceof AppError)) report('an action of the menu failed', error)
      }
      act(action, running, window, quit).catch(failed)
    },
  })
  running.state.watch((snapshot) => desktop.manners.update(snapshot))
  return desktop
}

async function act(action: DesktopAction, running: App, window: MainWindow, quit: () => void): Promise<void> {
  switch (action.kind) {
    case 'show':
      return window.show()
    case 'show-view':
      window.show()
      return window.send('view.show', action.view)
    case 'connect':
      return running.session.start()
    case 'disconnect':
      return running.session.stop()
    case 'new-identity':
      await running.handlers['identity.new'](undefined)
      return
    case 'quit':
      return quit()
  }
}

function createWindow(
  running: () => App | undefined,
  quit: (by: 'person' | 'system') => void,
  isInTray: boolean,
): MainWindow {
  return new MainWindow({
    preload: join(HERE, 'preload.cjs'),
    stateFile: join(app.getPath('userData'), 'window.json'),
    icon: join(HERE, 'icon.png'),
    mayUseDevTools: !app.isPackaged,
    onClose: () => {
      const closesToTray = isInTray && running()?.settings.current.closeToTray === true
      return process.platform === 'darwin' || closesToTray ? 'hide' : 'quit'
    },
    quit,
    onVisibility: (isVisible) => running()?.state.hold(!isVisible),
    // Where no tray would say that we are there, the window does.
    startsHidden: isInTray && wasStartedHidden(),
    report,
  })
}

function serveCommands(window: MainWindow, opening: Promise<App>): void {
  const serving = opening.then((running) => {
    writeLog = (text) => running.logs.log('err', text)
    return createCommandServer({
      handlers: running.handlers,
      isOurUrl: isAppPage,
      clock: systemClock,
      report,
    })
  })
  ipcMain.handle(INVOKE_CHANNEL, async (event, name: unknown, argument: unknown) => {
    const sender = senderOf(event, window.webContentsId)
    return (await serving).serve(sender, name, argument)
  })
}

/** Read before anything is awaited: a frame may be gone a moment later. */
function senderOf(event: IpcMainInvokeEvent, ourId: number | undefined): Sender {
  const frame = event.senderFrame
  return {
    isOurWindow: event.sender.id === ourId,
    isMainFrame: frame !== null && frame === event.sender.mainFrame,
    url: frame?.url ?? '',
  }
}

function listen(window: MainWindow, quitting: Quitting): void {
  app.on('second-instance', () => window.show())
  app.on('activate', () => window.show())
  app.on('window-all-closed', () => undefined)
  app.on('before-quit', (event) => {
    event.preventDefault()
    quitting.request('person')
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => quitting.request('system'))
  }
  // Electron's types leave out the event. Unless it is kept waiting, the system goes down while we still put back its
  // settings; it waits some seconds at most, and what is not done then the journal has for the next start.
  const power: NodeJS.EventEmitter = powerMonitor
  power.on('shutdown', (event: Electron.Event) => {
    event.preventDefault()
    quitting.request('system')
  })
}

/** Without a window or a screen, and also while another instance runs: for people whose system is stuck. */
function restoreAndExit(): never {
  const done = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(join(HERE, 'restore.cjs'), {
    workerData: { folder: app.getPath('userData'), done },
  })
  worker.on('error', () => undefined)
  const isDone = Atomics.wait(done, 0, 0, RESTORE_LIMIT_MS) !== 'timed-out'
  process.exit(isDone ? Atomics.load(done, 0) - 1 : 1)
}

start()
