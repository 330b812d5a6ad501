/** Numbers, sizes, times and countries in the reader's language. */

export interface Format {
  readonly number: (value: number, maximumFractionDigits?: number) => string
  /** 0 to 1. */
  readonly percent: (share: number, maximumFractionDigits?: number) => string
  readonly bytes: (count: number) => string
  readonly rate: (bytesPerSecond: number) => string
  /** The largest unit that fits: `3 min`. */
  readonly duration: (ms: number) => string
  /** The same in full words: `3 hours`. */
  readonly span: (ms: number) => string
  /** A clock that counts up: `1:05`. */
  readonly elapsed: (ms: number) => string
  readonly milliseconds: (ms: number) => string
  /** `3 minutes ago`, `in 2 hours`. */
  readonly ago: (atMs: number, nowMs: number) => string
  readonly time: (atMs: number) => string
  readonly dateTime: (atMs: number) => string
  /** A day as `2026-11-22`. */
  readonly day: (isoDay: string) => string
  /** Of two lower-case letters. */
  readonly country: (code: string) => string
  /** A language by its own name. */
  readonly language: (tag: string) => string
  readonly list: (items: readonly string[]) => string
}

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const BYTE_UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
const COUNTRY = /^[a-z]{2}$/i

export function createFormat(locale: string): Format {
  const number = (value: number, maximumFractionDigits = 0): string =>
    new Intl.NumberFormat(locale, { maximumFractionDigits }).format(value)
  const unit = (value: number, name: string, maximumFractionDigits = 0, isLong = false): string =>
    new Intl.NumberFormat(locale, {
      style: 'unit',
      unit: name,
      unitDisplay: isLong ? 'long' : 'short',
      maximumFractionDigits,
    }).format(value)
  const names = new Intl.DisplayNames(locale, { type: 'region' })
  const lists = new Intl.ListFormat(locale, { type: 'conjunction' })
  const sized = (count: number, step: number, suffix: string): string => {
    const value = count / 1_000 ** step
    const name = `${BYTE_UNITS[step] ?? 'byte'}${suffix}`
    // The short form of a byte is "byte", whatever their number.
    return unit(value, name, step > 0 && value < 10 ? 1 : 0, step === 0)
  }
  return {
    number,
    percent: (share, maximumFractionDigits = 0) =>
      new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits }).format(share),
    bytes: (count) => sized(count, byteStep(count), ''),
    rate: (bytesPerSecond) => sized(bytesPerSecond, Math.max(1, byteStep(bytesPerSecond)), '-per-second'),
    duration(ms) {
      const [divisor, name] = unitOf(ms)
      return unit(Math.floor(ms / divisor), name)
    },
    span(ms) {
      const [divisor, name] = unitOf(ms)
      return unit(Math.round(ms / divisor), name, 0, true)
    },
    elapsed: (ms) => clockOf(Math.max(0, ms), locale),
    milliseconds: (ms) => unit(ms, 'millisecond'),
    ago(atMs, nowMs) {
      const [divisor, name] = unitOf(Math.abs(nowMs - atMs))
      const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
      return relative.format(Math.trunc((atMs - nowMs) / divisor), name)
    },
    time: (atMs) => new Intl.DateTimeFormat(locale, { timeStyle: 'medium' }).format(atMs),
    dateTime: (atMs) =>
      new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(atMs),
    day(isoDay) {
      const at = Date.parse(isoDay)
      return Number.isNaN(at)
        ? isoDay
        : new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' }).format(at)
    },
    country: (code) => (COUNTRY.test(code) ? (names.of(code.toUpperCase()) ?? code) : code),
    language: (tag) => new Intl.DisplayNames(tag, { type: 'language' }).of(tag) ?? tag,
    list: (items) => lists.format(items),
  }
}

function byteStep(count: number): number {
  let step = 0
  for (let rest = Math.abs(count); rest >= 1_000 && step < BYTE_UNITS.length - 1; rest /= 1_000) step += 1
  return step
}

/** As `day` takes it. */
export function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10)
}

function unitOf(ms: number): readonly [divisor: number, unit: 'second' | 'minute' | 'hour' | 'day'] {
  if (ms < MINUTE_MS) return [SECOND_MS, 'second']
  if (ms < HOUR_MS) return [MINUTE_MS, 'minute']
  return ms < DAY_MS ? [HOUR_MS, 'hour'] : [DAY_MS, 'day']
}

function clockOf(ms: number, locale: string): string {
  const two = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 })
  const one = new Intl.NumberFormat(locale)
  const hours = Math.floor(ms / HOUR_MS)
  const minutes = Math.floor((ms % HOUR_MS) / MINUTE_MS)
  const seconds = two.format(Math.floor((ms % MINUTE_MS) / SECOND_MS))
  return hours === 0
    ? `${one.format(minutes)}:${seconds}`
    : `${one.format(hours)}:${two.format(minutes)}:${seconds}`
}
