/** What the app stands on before anything runs: the snapshot, the log, and all that an earlier run left on the disk. */
import { join } from 'node:path'
import { TRANSPORT_NAMES } from '../core/index.ts'
import { openBridges } from './bridges/open-bridges.ts'
import type { ScreenCapture } from './bridges/screen-qr.ts'
import type { Clock } from './clock.ts'
import { readHasConnectedBefore, rememberSuccess } from './connection/connection-memory.ts'
import { identifyNetwork, SYSTEM_SIGNS } from './escalation/network-identity.ts'
import { NetworkMemory, networkMemoryFile } from './escalation/network-memory.ts'
import { builtInLines } from './bridges/built-in.ts'
import { FreshLists } from './lists/fresh-lists.ts'
import { MAX_LISTS_BYTES } from './lists/lists-document.ts'
import type { AppEventName, AppEvents } from './ipc/contract.ts'
import type { AboutView } from './ipc/snapshot.ts'
import { LogStore } from './logs/log-store.ts'
import type { Scrub } from './logs/scrub.ts'
import type { BridgesPart } from './parts.ts'
import { privateTextFile } from './private-text-file.ts'
import { keepFolderPrivate } from './private-folder.ts'
import { SettingsFile, type SettingsFileParts } from './settings/settings-file.ts'
import { AppState } from './state/app-state.ts'
import { firstSnapshot } from './state/first-snapshot.ts'

export interface GroundDeps {
  readonly clock: Clock
  readonly about: AboutView
  /** The app's own folder; settings, bridges, journal and the core's data lie in it. */
  readonly folder: string
  readonly scrub: Scrub
  readonly secrets: SettingsFileParts['secrets']
  readonly screen: ScreenCapture
  readonly tell: <Name extends AppEventName>(name: Name, value: AppEvents[Name]) => void
}

export interface AppGround {
  readonly state: AppState
  readonly logs: LogStore
  readonly settings: SettingsFile
  readonly bridges: BridgesPart
  /** What worked on which network. */
  readonly networks: NetworkMemory
  /** Of bridges and countries, as everybody has them. */
  readonly lists: FreshLists
  /** Whether the app has ever connected on this computer. */
  readonly success: { readonly hasBeen: boolean; note(): void }
}

/** Never fails for what a file holds: what is broken is kept under another name, and said. */
export async function openGround(deps: GroundDeps): Promise<AppGround> {
  const { clock, folder, scrub, secrets, screen, tell } = deps
  const state = new AppState({
    clock,
    initial: firstSnapshot(deps.about),
    tell: (change) => tell('snapshot.changed', change),
  })
  const logs = new LogStore({ clock, scrub, tell: (lines) => tell('log.lines', lines) })
  const { log } = logs
  await keepFolderPrivate(folder, log)
  const success = await openSuccess(join(folder, 'connected-before.json'), logs)
  const settings = await SettingsFile.open({
    path: join(folder, 'settings.json'),
    clock,
    secrets,
    log,
    hasConnectedBefore: () => success.hasBeen,
  })
  const networks = await NetworkMemory.open(networkMemoryFile(join(folder, 'networks.json')))
  const lists = await FreshLists.open({
    store: privateTextFile(join(folder, 'lists.json'), MAX_LISTS_BYTES),
    log,
    transports: TRANSPORT_NAMES,
  })
  const bridges = await openBridges({
    folder,
    clock,
    log,
    publish: (view) => state.set('bridges', view),
    capture: screen,
    network: () => identifyNetwork(SYSTEM_SIGNS, networks.secret),
    builtIn: (transport) => lists.linesOf(transport, builtInLines(transport)),
  })
  lists.watch(() => bridges.onBuiltIn())
  return { state, logs, settings, bridges, networks, lists, success }
}

async function openSuccess(path: string, { log }: LogStore): Promise<AppGround['success']> {
  let hasBeen = await readHasConnectedBefore(path)
  return {
    get hasBeen() {
      return hasBeen
    },
    note() {
      hasBeen = true
      rememberSuccess(path).catch(() => log('warn', 'the first success could not be kept'))
    },
  }
}
