/** The words of the desktop as they are, and views of the connection in any state. */
import { readFileSync } from 'node:fs'
import type {
  ConnectionState,
  ConnectionView,
  TorLight,
} from '../../../../electron/ipc/snapshot-connection.ts'
import { firstSnapshot } from '../../../../electron/state/first-snapshot.ts'
import { createDesktopWords, type DesktopWords } from '../../../../electron/words/desktop-words.ts'

export const readWords = (folder: string): string =>
  readFileSync(new URL(`../../../../renderer/words/${folder}/desktop.ftl`, import.meta.url), 'utf8')

export const words: DesktopWords = createDesktopWords({ setting: 'en', systemLanguages: [] }, readWords)

export const SNAPSHOT = firstSnapshot({
  version: '1.0.0',
  electronVersion: '45.5.0',
  chromeVersion: '150',
  nodeVersion: '24',
  platform: 'linux',
  arch: 'x64',
  dataDates: { countries: '2026-01-01', relays: '2026-01-01', bridges: '2026-01-01' },
  isTestRuntime: false,
  isDemo: false,
  canStartAtLogin: true,
  canNotify: true,
  hasTray: true,
})

export function viewIn(state: ConnectionState, tor: TorLight = 'off', percent = 0): ConnectionView {
  return { ...SNAPSHOT.connection, state, tor, percent }
}
