/** A home folder of the app's own for one test, with what an earlier run would have left in it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TorNetworkRecord, clientLines } from '../../interop/support/tor-network.ts'

export interface AppHome {
  readonly folder: string
  /** Where the app keeps its own files. */
  readonly userData: string
  readonly env: Readonly<Record<string, string>>
  remove(): void
}

export interface HomeOptions {
  /** One that exists already. */
  readonly folder?: string
  /** The private network that the app is to use. */
  readonly network?: TorNetworkRecord
  /** More of a torrc for it. */
  readonly torrcLines?: readonly string[]
  readonly settings?: Readonly<Record<string, unknown>>
  /** As after a first success. */
  readonly hasConnectedBefore?: boolean
}

export function createHome({
  folder = mkdtempSync(join(tmpdir(), 'allium-app-')),
  network,
  torrcLines = [],
  settings,
  hasConnectedBefore,
}: HomeOptions = {}): AppHome {
  const userData = join(folder, '.config', 'Allium')
  mkdirSync(userData, { recursive: true, mode: 0o700 })
  if (settings !== undefined) writeFileSync(join(userData, 'settings.json'), settingsText(settings))
  if (hasConnectedBefore === true) {
    writeFileSync(join(userData, 'connected-before.json'), '{"version":1,"hasConnectedBefore":true}')
  }
  const networkFile = join(folder, 'network.torrc')
  if (network !== undefined) writeFileSync(networkFile, [...clientLines(network), ...torrcLines].join('\n'))
  return {
    folder,
    userData,
    env: {
      HOME: folder,
      XDG_CONFIG_HOME: join(folder, '.config'),
      ...(network === undefined ? {} : { ALLIUM_NETWORK_FILE: networkFile }),
    },
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  }
}

function settingsText(settings: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ version: 1, ...settings })
}
