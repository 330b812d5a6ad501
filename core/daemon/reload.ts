/** What a reload may change: compares the settings that run with those that were read again. */
import { TorError } from '../util/errors.ts'
import { SORTED_OPTIONS } from './dump-config.ts'
import type { LoadedSettings } from './load-settings.ts'
import { type AnyOption, OPTIONS } from './options/table.ts'
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
 * The files that an `%include` led to before, and does no more though it still stands there. To take one away can be
 * meant: C tor takes it, and so do we.
 */
export function lostIncludes(before: LoadedSettings, after: LoadedSettings): readonly string[] {
  const lost = [...before.included].flatMap(([pattern, paths]) => {
    const now = after.included.get(pattern)
    return now === undefined ? [] : paths.filter((path) => !now.includes(path))
  })
  return [...new Set(lost)]
}

/**
 * Throws `bad-config` for a torrc that was read before and is gone, for an included file that is gone and took UseBridges
 * with it, and one that names every option which cannot change while the program runs, and was.
 */
export function checkReload(before: LoadedSettings, after: LoadedSettings): void {
  checkFile(before.defaultsFile, after.defaultsFile)
  checkFile(before.torrcFile, after.torrcFile)
  const [lost] = lostIncludes(before, after)
  const usesBridges = ({ settings }: LoadedSettings): boolean => settings.single(OPTIONS.useBridges)
  // Guards would be dialled directly, which shows who uses Tor: that must have been meant.
  if (usesBridges(before) && !usesBridges(after)) checkFile(lost, undefined)
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
