/** The date format of HTTP headers (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`, and none of its older forms. */
import { msToUtc, utcToMs } from '../util/calendar.ts'

const DAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed']
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const DATE =
  /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), ([0-9]{2}) ([A-Z][a-z]{2}) ([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) GMT$/

/** `ms` since 1970; fractions of a second are cut off. */
export function formatHttpDate(ms: number): string {
  const { year, month, day, hour, minute, second } = msToUtc(ms)
  const weekday = DAYS[Math.floor(ms / 86_400_000) % 7] ?? ''
  const time = [hour, minute, second].map(twoDigits).join(':')
  return `${weekday}, ${twoDigits(day)} ${MONTHS[month - 1] ?? ''} ${year} ${time} GMT`
}

/** Milliseconds since 1970, or undefined for what is no such date: a header that nothing hangs on fails nothing. */
export function parseHttpDate(text: string): number | undefined {
  const [, day, monthName = '', year, hour, minute, second] = DATE.exec(text) ?? []
  if (day === undefined) return undefined
  try {
    const month = MONTHS.indexOf(monthName) + 1
    const ms = utcToMs(Number(year), month, Number(day), Number(hour), Number(minute), Number(second))
    return ms < 0 ? undefined : ms
  } catch {
    return undefined
  }
}

function twoDigits(value: number): string {
  return `${value}`.padStart(2, '0')
}
