/** The date format of directory documents: `YYYY-MM-DD HH:MM:SS` in UTC. */
import { utcToMs } from '../util/calendar.ts'
import { malformed } from '../util/errors.ts'

const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const TIME = /^([0-9]{2}):([0-9]{2}):([0-9]{2})$/

/** Milliseconds since 1970, which no document precedes. Throws `malformed`; `what` names the item. */
export function parseTime(date: string | undefined, time: string | undefined, what: string): number {
  const [, year, month, day] = DATE.exec(date ?? '') ?? []
  const [, hour, minute, second] = TIME.exec(time ?? '') ?? []
  if (year === undefined || hour === undefined) malformed(what, 'YYYY-MM-DD HH:MM:SS')
  const ms = utcToMs(Number(year), Number(month), Number(day), Number(hour), Number(minute), Number(second))
  if (ms < 0) malformed(what, 'a date from 1970 on')
  return ms
}
