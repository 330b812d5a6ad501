/** The date format of directory documents, `YYYY-MM-DD HH:MM:SS` in UTC, without the host's calendar code. */
import { malformed } from '../util/errors.ts'

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const TIME = /^([0-9]{2}):([0-9]{2}):([0-9]{2})$/
const DAY_MS = 86_400_000

/** Milliseconds since 1970. Throws `malformed` for anything that is not a date of the Gregorian calendar. */
export function parseTime(date: string | undefined, time: string | undefined, what: string): number {
  const [, year = '', month = '', day = ''] = DATE.exec(date ?? '') ?? []
  const [, hour = '', minute = '', second = ''] = TIME.exec(time ?? '') ?? []
  if (year === '' || hour === '') malformed(what, 'YYYY-MM-DD HH:MM:SS')
  const days = daysSince1970(Number(year), Number(month), Number(day))
  // A leap second is legal in the text; it counts as the first second of the next minute.
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) <= 60
  if (days === undefined || !isTime) malformed(what, 'a date and time that exist')
  return days * DAY_MS + (Number(hour) * 3600 + Number(minute) * 60 + Number(second)) * 1000
}

/** The inverse of `parseTime`: `YYYY-MM-DD HH:MM:SS`. */
export function formatTime(wallMs: number): string {
  const days = Math.floor(wallMs / DAY_MS)
  const seconds = Math.floor((wallMs - days * DAY_MS) / 1000)
  // Counted in years that begin in March, so that the leap day comes last.
  const shifted = days + DAYS_TO_1970
  const era = Math.floor(shifted / DAYS_IN_ERA)
  const dayOfEra = shifted - era * DAYS_IN_ERA
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153)
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
  const two = (value: number): string => String(value).padStart(2, '0')
  const date = `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}`
  return `${date} ${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`
}

/** Days of 400 Gregorian years. */
const DAYS_IN_ERA = 146_097
/** Days from 1 March of year 0 to 1 January 1970. */
const DAYS_TO_1970 = 719_468

function daysSince1970(year: number, month: number, day: number): number | undefined {
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined
  const shiftedYear = month <= 2 ? year - 1 : year
  const era = Math.floor(shiftedYear / 400)
  const yearOfEra = shiftedYear - era * 400
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1
  const leapDays = Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100)
  return era * DAYS_IN_ERA + yearOfEra * 365 + leapDays + dayOfYear - DAYS_TO_1970
}

function daysInMonth(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}
