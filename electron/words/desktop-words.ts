/**
 * What main itself says to people (tray, menu, notifications), from the same Fluent files as the window's words: one of
 * them, `desktop.ftl`, is copied beside the program when it is built.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { FluentBundle, FluentResource } from '@fluent/bundle'
import type { WordArgument, WordArguments, WordId } from '../../renderer/words/ids.gen.ts'
import { chooseLocale } from '../../renderer/words/locales.ts'

export type DesktopWordId = Extract<WordId, `desktop-${string}`>

type WithoutArguments = {
  [Id in DesktopWordId]: WordArguments[Id] extends undefined ? Id : never
}[DesktopWordId]

export interface DesktopWords {
  (id: WithoutArguments): string
  (id: DesktopWordId, values: Readonly<Record<string, WordArgument>>): string
}

export interface LanguageChoice {
  /** As in the settings. */
  readonly setting: string
  readonly systemLanguages: readonly string[]
}

/** `readSource` gives the text of `desktop.ftl` in a folder of words, `en` for example. */
export function createDesktopWords(
  { setting, systemLanguages }: LanguageChoice,
  readSource: (folder: string) => string,
): DesktopWords {
  const { tag, folder, transform } = chooseLocale(setting, systemLanguages)
  // Native menus show the marks that would keep directions apart as boxes.
  const bundle = new FluentBundle(tag, { useIsolating: false, ...(transform ? { transform } : {}) })
  bundle.addResource(new FluentResource(readSource(folder)))
  return (id: string, values: Readonly<Record<string, WordArgument>> = {}) => {
    const pattern = bundle.getMessage(id)?.value
    return pattern === undefined || pattern === null ? id : bundle.formatPattern(pattern, values, [])
  }
}

/** From beside the program. Without its words the app still runs, and shows their names. */
export function readWordsBeside(programFolder: string): (folder: string) => string {
  return (folder) => {
    try {
      return readFileSync(join(programFolder, 'words', folder, 'desktop.ftl'), 'utf8')
    } catch {
      return ''
    }
  }
}
