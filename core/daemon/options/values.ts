/** The values that torrc options have, as C tor reads them: booleans, numbers, durations, lists, paths. All throw `bad-config`. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { badValue } from '../torrc-line.ts'

/** Turns the text of a value into the value; `option` is for its complaint. */
export type ValueParser<T> = (text: string, option: string) => T

export interface ValueType<T> {
  readonly parse: ValueParser<T>
  /** The value as `--dump-config` shows it; `text` is what the user wrote. */
  readonly format: (value: T, text: string) => string
  /** What to say of a value that is read as another one. */
  readonly warn?: (text: string) => string | undefined
}

/** A value that is shown as it was written. */
export function verbatim<T>(parse: ValueParser<T>): ValueType<T> {
  return { parse, format: (_value, text) => text }
}

// C tor reads numbers with strtol: a plus and leading zeros are taken.
const INTEGER = /^\+?0*([0-9]{1,15})$/
const FRACTION = /^-?[0-9]{1,6}(\.[0-9]{1,6})?$/
const DURATION = /^\+?([0-9]{1,12}(?:\.[0-9]{1,6})?)[ \t]*([a-z]*)$/i
const FRACTION_DIGITS = 6
const MAX_PORT = 65_535

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS
/** C tor counts a month as 30.4368 days. */
const MONTH_MS = 2_629_728 * SECOND_MS

const UNITS_MS = new Map([
  ['second', SECOND_MS],
  ['minute', MINUTE_MS],
  ['hour', HOUR_MS],
  ['day', DAY_MS],
  ['week', 7 * DAY_MS],
  ['month', MONTH_MS],
  ['msec', 1],
  ['millisecond', 1],
])

/** C tor holds durations as seconds in 32 bits. */
const MAX_DURATION_MS = 0x7fff_ffff * SECOND_MS
export const MAX_INTEGER = 0x7fff_ffff

export const boolean: ValueType<boolean> = {
  parse(text, option) {
    if (text !== '0' && text !== '1') badValue(option, '0 or 1', text)
    return text === '1'
  },
  format: (value) => (value ? '1' : '0'),
}

/** `auto` is undefined. */
export const autoBoolean: ValueType<boolean | undefined> = {
  parse(text, option) {
    if (text.toLowerCase() === 'auto') return undefined
    if (text !== '0' && text !== '1') badValue(option, '0, 1 or auto', text)
    return text === '1'
  },
  format: (value) => (value === undefined ? 'auto' : value ? '1' : '0'),
}

/** One of some words, in any case. */
export function oneOf<T extends string>(...words: readonly T[]): ValueType<T> {
  return {
    parse(text, option) {
      const word = words.find((candidate) => candidate === text.toLowerCase())
      return word ?? badValue(option, `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`, text)
    },
    format: (value) => value,
  }
}

export function integer(least: number, most = MAX_INTEGER): ValueType<number> {
  return {
    parse(text, option) {
      const value = Number(INTEGER.exec(text)?.[1] ?? Number.NaN)
      if (!(value >= least && value <= most)) {
        badValue(option, `a whole number from ${least} to ${most}`, text)
      }
      return value
    },
    format: String,
  }
}

/** C tor's 0 stands for "as the consensus, or the program, says": undefined. */
export function zeroIsUnset<T>(type: ValueType<T>): ValueType<T | undefined> {
  return {
    parse: (text, option) => (Number(text) === 0 && text !== '' ? undefined : type.parse(text, option)),
    format: (value, text) => (value === undefined ? '0' : type.format(value, text)),
    ...(type.warn === undefined
      ? {}
      : { warn: (text) => (Number(text) === 0 ? undefined : type.warn?.(text)) }),
  }
}

/**
 * A number brought into the range with a warning, as C tor does, or undefined for a negative one: its way to say "by
 * the consensus".
 */
export function fractionWithin(least: number, most: number): ValueType<number | undefined> {
  const parse: ValueParser<number | undefined> = (text, option) => {
    const value = Number(text)
    if (!FRACTION.test(text)) badValue(option, `a number from ${least} to ${most}, or -1`, text)
    return value < 0 ? undefined : Math.min(most, Math.max(least, value))
  }
  return {
    parse,
    format: (value) => (value ?? -1).toFixed(FRACTION_DIGITS),
    warn: (text) => {
      const value = parse(text, '')
      return value === undefined || value === Number(text)
        ? undefined
        : `${text} is out of range: it counts as ${value}`
    },
  }
}

/** Which durations an option takes; in milliseconds. */
interface DurationRange {
  readonly leastMs?: number
  readonly mostMs?: number
  /** Whether a duration out of the range is an error, or is brought into it with a warning as in C tor. */
  readonly isStrict?: boolean
  /** What a bare number counts, and what the dump counts in. */
  readonly plainUnitMs?: number
}

/** `90`, `90 seconds`, `1.5 minutes`; the result is in milliseconds. */
export function duration(range: DurationRange = {}): ValueType<number> {
  const { leastMs = 0, mostMs = MAX_DURATION_MS, isStrict = true, plainUnitMs = SECOND_MS } = range
  const parse: ValueParser<number> = (text, option) => {
    const durationMs = readDuration(text, option, plainUnitMs)
    if (isStrict && (durationMs < leastMs || durationMs > mostMs)) {
      badValue(option, `a duration from ${leastMs / SECOND_MS} to ${mostMs / SECOND_MS} seconds`, text)
    }
    return Math.min(mostMs, Math.max(leastMs, durationMs))
  }
  return {
    parse,
    format: (value) => String(Math.floor(value / plainUnitMs)),
    warn: (text) => {
      const taken = parse(text, '')
      if (taken === readDuration(text, '', plainUnitMs)) return undefined
      return `${text} is out of range: it counts as ${taken / SECOND_MS} seconds`
    },
  }
}

function readDuration(text: string, option: string, plainUnitMs: number): number {
  const [, amount, unit = ''] = DURATION.exec(text) ?? []
  const unitMs = unit === '' ? plainUnitMs : UNITS_MS.get(unit.toLowerCase().replace(/s$/, ''))
  if (amount === undefined || unitMs === undefined) {
    badValue(option, 'a duration such as "90 seconds" or "2 minutes"', text)
  }
  const durationMs = Math.round(Number(amount) * unitMs)
  if (durationMs > MAX_DURATION_MS) badValue(option, 'a duration of at most 2147483647 seconds', text)
  return durationMs
}

/** Items between commas, without the spaces around them; the empty text has none. */
export function commaList<T>(
  parseItem: ValueParser<T>,
  formatItem: (item: T) => string,
): ValueType<readonly T[]> {
  return {
    parse: (text, option) => splitCommas(text).map((item) => parseItem(item, option)),
    format: (items) => items.map(formatItem).join(','),
  }
}

function splitCommas(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

export const portList: ValueType<readonly number[]> = commaList((text, option) => {
  const port = Number(INTEGER.exec(text)?.[1] ?? 0)
  if (port < 1 || port > MAX_PORT) badValue(option, 'ports from 1 to 65535 with commas between them', text)
  return port
}, String)

/** An absolute path; `~/` is the home directory, anything else is relative to where the program was started. */
export const path: ValueType<string> = verbatim((text, option) => {
  if (text === '' || text.includes('\0')) badValue(option, 'a path', text)
  return text === '~' || text.startsWith('~/') ? resolve(homedir(), text.slice(2)) : resolve(text)
})

/** For what this program cannot do: C tor's values for "not at all" are fine, all others are refused. */
export function onlyOff(instead: string, accepted: readonly string[]): ValueType<undefined> {
  return verbatim((text, option) => {
    if (!accepted.includes(text.toLowerCase()))
      badValue(option, `${accepted.join(' or ')} (${instead})`, text)
    return undefined
  })
}
