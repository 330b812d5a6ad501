/** What a reload may change: compares the settings that run with those that were read again. */
import { TorError } from '../util/errors.ts'
import { SORTED_OPTIONS } from './dump-config.ts'
import type { AnyOption } from './options/table.ts'
import type { Settings } from './settings.ts'

/** The options whose values differ. */
export function changedOptions(before: Settings, after: Settings): readonly AnyOption[] {
  return SORTED_OPTIONS.filter((option) => {
    const old = before.canonical(option)
    const now = after.canonical(option)
    return old.length !== now.length || old.some((value, at) => value !== now[at])
  })
}

/** Throws `bad-config` that names every option which cannot change while the program runs, and was. */
export function checkReload(before: Settings, after: Settings): void {
  const fixed = changedOptions(before, after).filter(({ isFixed }) => isFixed)
  if (fixed.length === 0) return
  const names = fixed.map(({ name }) => name).join(', ')
  throw new TorError('bad-config', `${names}: cannot change while the program runs: start it again for that`)
}
