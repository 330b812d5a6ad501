/** The lists that were fetched, as the text of a file and back. Pure. What is broken counts as never fetched. */
import * as v from 'valibot'
import type { CountrySetting } from '../escalation/country-map.ts'

/** Twenty lines for each transport, and a map of the world. */
export const MAX_LISTS_BYTES = 2_000_000
const MAX_LINES = 200
const MAX_LINE_CHARS = 4_096
const MAX_SETTINGS = 20

/** Milliseconds since 1970. */
const date = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15))
const setting = v.strictObject({
  transport: v.pipe(v.string(), v.regex(/^[a-z][a-z0-9_-]{0,29}$/)),
  source: v.picklist(['built-in', 'requested']),
})

const listsSchema = v.strictObject({
  version: v.literal(1),
  fetchedMs: date,
  /** Bridge lines that were taken, of all transports. */
  bridges: v.pipe(
    v.array(v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_LINE_CHARS))),
    v.maxLength(MAX_LINES),
  ),
  countries: v.record(
    v.pipe(v.string(), v.regex(/^[a-z]{2}$/)),
    v.pipe(v.array(setting), v.minLength(1), v.maxLength(MAX_SETTINGS)),
  ),
})

export interface FetchedLists {
  /** Wall clock. */
  readonly fetchedMs: number
  readonly bridges: readonly string[]
  /** By country, the most useful first. */
  readonly countries: Readonly<Record<string, readonly CountrySetting[]>>
}

/** Undefined for what is no document of ours. */
export function readLists(text: string): FetchedLists | undefined {
  try {
    const parsed = v.safeParse(listsSchema, JSON.parse(text))
    if (!parsed.success) return undefined
    const { fetchedMs, bridges, countries } = parsed.output
    return { fetchedMs, bridges, countries }
  } catch {
    return undefined
  }
}

export function writeLists({ fetchedMs, bridges, countries }: FetchedLists): string {
  return `${JSON.stringify({ version: 1, fetchedMs, bridges, countries })}\n`
}
