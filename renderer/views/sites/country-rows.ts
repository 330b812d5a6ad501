/** The countries to choose from: those with exits by what they carry, and, for whoever searches, those with none. */
import type { ExitCountryView } from '../../../electron/ipc/snapshot-circuits.ts'
import { COUNTRIES } from '../../map/world.ts'

export interface CountryRow {
  readonly country: string
  readonly name: string
  /** Undefined where there is no exit: it is shown, and refused. */
  readonly exits: ExitCountryView | undefined
}

/** Enough to see why a country cannot be chosen; the whole world is not the answer to one letter. */
const MAX_WITHOUT_EXITS = 5

export function countryRows(
  countries: readonly ExitCountryView[],
  search: string,
  nameOf: (country: string) => string,
): readonly CountryRow[] {
  const wanted = search.trim().toLowerCase()
  const matches = ({ country, name }: CountryRow): boolean =>
    name.toLowerCase().includes(wanted) || country === wanted
  const rowOf = (country: string, exits: ExitCountryView | undefined): CountryRow => ({
    country,
    name: nameOf(country),
    exits,
  })
  const withExits = countries.map((exits) => rowOf(exits.country, exits))
  if (wanted === '') return withExits
  const has = new Set(countries.map(({ country }) => country))
  const without = COUNTRIES.filter((country) => !has.has(country)).map((country) => rowOf(country, undefined))
  return [...withExits.filter(matches), ...without.filter(matches).slice(0, MAX_WITHOUT_EXITS)]
}
