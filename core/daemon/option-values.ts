/** The values that torrc options have, as C tor reads them: booleans, numbers, durations, paths. All throw `bad-config`. */
import { homedir } from 'node:os'
import { resolve } from 'node:path'
import { badValue } from './torrc-line.ts'

/** Turns the text of a value into the value; `option` is for its complaint. */
export type ValueParser<T> = (text: string, option: string) => T

const INTEGER = /^(0|[1-9][0-9]{0,14})$/
const FRACTION = /^-?[0-9]{1,6}(\.[0-9]{1,6})?$/
const DURATION = /^([0-9]{1,12}(?:\.[0-9]{1,6})?)[ \t]*([a-z]*)$/i

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
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

export const parseBoolean: ValueParser<boolean> = (text, option) => {
  if (text !== '0' && text !== '1') badValue(option, '0 or 1', text)
  return text === '1'
}

/** `auto` is undefined. */
export const parseAutoBoolean: ValueParser<boolean | undefined> = (text, option) => {
  if (text.toLowerCase() === 'auto') return undefined
  if (text !== '0' && text !== '1') badValue(option, '0, 1 or auto', text)
  return text === '1'
}

export function integerBetween(least: number, most: number): ValueParser<number> {
  return (text, option) => {
    const value = Number(text)
    if (!INTEGER.test(text) || value < least || value > most) {
      badValue(option, `a whole number from ${least} to ${most}`, text)
    }
    return value
  }
}

/** A number in the range, or undefined for a negative one: C tor's way to say "by the consensus". */
export function fractionBetween(least: number, most: number): ValueParser<number | undefined> {
  return (text, option) => {
    const value = Number(text)
    if (FRACTION.test(text) && value < 0) return undefined
    if (!FRACTION.test(text) || value < least || value > most) {
      badValue(option, `a number from ${least} to ${most}, or -1`, text)
    }
    return value
  }
}

/**
 * `90`, `90 seconds`, `1.5 minutes`; the result is in milliseconds. `plainUnitMs` is what a bare number counts.
 */
export function durationBetween(
  leastMs: number,
  mostMs = MAX_DURATION_MS,
  plainUnitMs = SECOND_MS,
): ValueParser<number> {
  return (text, option) => {
    const [, amount, unit = ''] = DURATION.exec(text) ?? []
    const unitMs = unit === '' ? plainUnitMs : UNITS_MS.get(unit.toLowerCase().replace(/s$/, ''))
    if (amount === undefined || unitMs === undefined) {
      badValue(option, 'a duration such as "90 seconds" or "2 minutes"', text)
    }
    const durationMs = Math.round(Number(amount) * unitMs)
    if (durationMs < leastMs || durationMs > mostMs) {
      badValue(option, `a duration from ${leastMs / SECOND_MS} to ${mostMs / SECOND_MS} seconds`, text)
    }
    return durationMs
  }
}

/** An absolute path; `~/` is the home directory, anything else is relative to where the program was started. */
export const parsePath: ValueParser<string> = (text, option) => {
  if (text === '' || text.includes('\0')) badValue(option, 'a path', text)
  return text === '~' || text.startsWith('~/') ? resolve(homedir(), text.slice(2)) : resolve(text)
}

/** For what this program cannot do: the value that C tor has for "not at all" is fine, all others are refused. */
export function onlyOff(instead: string, ...offValues: readonly string[]): ValueParser<undefined> {
  return (text, option) => {
    const accepted = offValues.length === 0 ? ['0'] : offValues
    if (!accepted.includes(text.toLowerCase()))
      badValue(option, `${accepted.join(' or ')} (${instead})`, text)
    return undefined
  }
}
