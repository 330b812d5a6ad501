/** What a reload may change: compares the settings that run with those that were read again. */
import { TorError } from '../util/errors.ts'
import { SORTED_OPTIONS } from './dump-config.ts'
import type { LoadedSettings } from './load-settings.ts'
import type { AnyOption } from './options/table.ts'
import type { Settings } from './settings.ts'
import { quoteForMessage } from './torrc-line.ts'

/** The options whose values differ. */
export function changedOptions(before: Settings, after: Settings): readonly AnyOption[] {
  return SORTED_OPTIONS.filter((option) => {
    const old = before.canonical(option)
    const now = after.canonical(option)
    return old.length !== now.length || old.some((value, at) => value !== now[at])
  })
}

/**
 * Throws `bad-config` for a file that was read before and is gone, and one that names every option which cannot change
 * while the program runs, and was.
 */
export function checkReload(before: LoadedSettings, after: LoadedSettings): void {
  checkFile(before.defaultsFile, after.defaultsFile)
  checkFile(before.torrcFile, after.torrcFile)
  const fixed = changedOptions(before.settings, after.settings).filter(({ isFixed }) => isFixed)
  if (fixed.length === 0) return
  const names = fixed.map(({ name }) => name).join(', ')
  throw new TorError('bad-config', `${names}: cannot change while the program runs: start it again for that`)
}

/**
 * A start may do without a file that is missing. For a program that runs it is an accident, and the defaults in its
 * place would let go of bridges and of every rule in it (C tor takes them).
 */
function checkFile(before: string | undefined, after: string | undefined): void {
  if (before === undefined || after !== undefined) return
  throw new TorError(
    'bad-config',
    `the configuration file ${quoteForMessage(before)} is not there any more: put it back, or start the program ` +
      'again to run without it',
  )
}
