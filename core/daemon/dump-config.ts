/** The settings as a torrc, as C tor's `--dump-config` writes them. */
import type { Settings } from './settings.ts'
import { type AnyOption, OPTIONS } from './options/table.ts'

export type DumpExtent = 'short' | 'full'

/** Every option of the table by its name, in the order of C tor's lists. */
export const SORTED_OPTIONS: readonly AnyOption[] = Object.values(OPTIONS).sort((left, right) =>
  left.name.toLowerCase() < right.name.toLowerCase() ? -1 : 1,
)

/**
 * A line for each value: `short` of what differs from the defaults, `full` of what has a value. `defaults` are the
 * settings of the defaults file alone. Options that begin with `__` belong to a running program and are never shown.
 */
export function dumpConfig(settings: Settings, defaults: Settings, extent: DumpExtent): string {
  return SORTED_OPTIONS.filter(({ name }) => !name.startsWith('__'))
    .flatMap((option) => {
      const values = settings.canonical(option)
      if (extent === 'short' && isSame(values, defaultValues(option, settings, defaults))) return []
      return values.map((value) => (value === '' ? option.name : `${option.name} ${quoteValue(value)}`))
    })
    .map((line) => `${line}\n`)
    .join('')
}

/** A testing network's own defaults are defaults too, whoever says that it is one. */
function defaultValues(option: AnyOption, settings: Settings, defaults: Settings): readonly string[] {
  if (option.kind === 'list' || defaults.textOf(option.name) !== undefined) return defaults.canonical(option)
  const text = settings.defaultText(option)
  return text === undefined ? [] : [text]
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((value, at) => value === right[at])
}

/** An escape of three octal digits stands for one byte. */
const MAX_ESCAPED_CODE = 0xff

const ESCAPES = new Map([
  ['\n', String.raw`\n`],
  ['\r', String.raw`\r`],
  ['\t', String.raw`\t`],
  ['"', String.raw`\"`],
  ['\\', String.raw`\\`],
])

/** What a torrc would read differently without them gets quotes and C escapes. */
function quoteValue(value: string): string {
  const isPlain = !value.startsWith('"') && !value.includes('#') && [...Buffer.from(value)].every(isPrintable)
  if (isPlain) return value
  const chars = Array.from(value, (char) => {
    const code = char.codePointAt(0) ?? 0
    const octal = `\\${code.toString(8).padStart(3, '0')}`
    return ESCAPES.get(char) ?? (isPrintable(code) || code > MAX_ESCAPED_CODE ? char : octal)
  })
  return `"${chars.join('')}"`
}

function isPrintable(code: number): boolean {
  return code >= 0x20 && code < 0x7f
}
