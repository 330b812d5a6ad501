/**
 * Where the person probably is, by what this computer is set to: an address would have to be looked up by somebody, who
 * would learn of it. Pure; the person's own word counts more.
 */
import type { CountryGuess } from '../ipc/snapshot-ways.ts'
import zoneData from './time-zones.json' with { type: 'json' }

const COUNTRY_OF_ZONE: ReadonlyMap<string, string> = new Map(
  Object.entries(zoneData.zones).flatMap(([country, zones]) =>
    zones.split(' ').map((zone) => [zone, country] as const),
  ),
)

/** `locale` as `fa-IR`; both may be anything. */
export function guessCountry(
  chosen: string | null,
  { timeZone, locale }: { readonly timeZone: string; readonly locale: string },
): CountryGuess {
  if (chosen !== null) return { code: chosen, source: 'chosen' }
  const byZone = COUNTRY_OF_ZONE.get(timeZone)
  if (byZone !== undefined) return { code: byZone, source: 'time-zone' }
  const region = /^[A-Za-z]{2,3}(?:[-_][A-Za-z]{4})?[-_]([A-Za-z]{2})\b/.exec(locale)?.[1]
  return region === undefined
    ? { code: undefined, source: 'unknown' }
    : { code: region.toLowerCase(), source: 'locale' }
}
