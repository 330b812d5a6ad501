/** The map of countries that comes with the app: which bridges help where, as it was known on its date. */
import * as v from 'valibot'
import type { WayFindingView } from '../ipc/snapshot-ways.ts'
import mapData from './country-map.json' with { type: 'json' }

export interface CountrySetting {
  /** As people call it. */
  readonly transport: string
  readonly source: 'built-in' | 'requested'
}

const setting = v.pipe(
  v.tuple([v.string(), v.picklist(['built-in', 'requested'])]),
  v.transform(([transport, source]): CountrySetting => ({ transport, source })),
)
const mapSchema = v.object({
  date: v.pipe(v.string(), v.regex(/^\d{4}-\d{2}-\d{2}$/)),
  source: v.string(),
  countries: v.record(v.pipe(v.string(), v.regex(/^[a-z]{2}$/)), v.array(setting)),
})

const map = v.parse(mapSchema, mapData)
const BY_COUNTRY: ReadonlyMap<string, readonly CountrySetting[]> = new Map(Object.entries(map.countries))

/** What is known of countries, by whoever knows it newest. */
export interface CountryKnowledge {
  settingsOf(country: string | undefined): readonly CountrySetting[]
  /** What is shown of it. */
  readonly map: WayFindingView['map']
}

/** What is shown of it. */
export const COUNTRY_MAP: WayFindingView['map'] = {
  date: map.date,
  source: map.source,
  countries: [...BY_COUNTRY.keys()],
}

/** The most useful first; empty where nothing is known of any blocking. */
export function mappedSettings(country: string | undefined): readonly CountrySetting[] {
  return country === undefined ? [] : (BY_COUNTRY.get(country) ?? [])
}
