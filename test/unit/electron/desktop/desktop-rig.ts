/** The words of the desktop as they are, and views of the connection in any state. */
import { readFileSync } from 'node:fs'
import type {
  ConnectionState,
  ConnectionView,
  TorLight,
} from '../../../../electron/ipc/snapshot-connection.ts'
import { firstSnapshot } from '../../../../electron/state/first-snapshot.ts'
import { createDesktopWords, type DesktopWords } from '../../../../electron/words/desktop-words.ts'
import { ABOUT } from '../samples.ts'

export const readWords = (folder: string): string =>
  readFileSync(new URL(`../../../../renderer/words/${folder}/desktop.ftl`, import.meta.url), 'utf8')

export const words: DesktopWords = createDesktopWords({ setting: 'en', systemLanguages: [] }, readWords)

export const SNAPSHOT = firstSnapshot(ABOUT)

export function viewIn(state: ConnectionState, tor: TorLight = 'off', percent = 0): ConnectionView {
  return { ...SNAPSHOT.connection, state, tor, percent }
}
