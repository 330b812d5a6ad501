/** On which days the data that ships with this release was compiled: what is older than a year should be replaced. */
import authorities from './authorities.json' with { type: 'json' }
import fallbacks from './fallback-dirs.json' with { type: 'json' }

/** Days, as `2026-11-22`: of the countries as the licence notice beside the table says, for the table is packed. */
export const BUILT_IN_DATA_DATES = {
  countries: '2026-06-25',
  /** The older of the two lists that a first start needs. */
  relays: authorities.date < fallbacks.date ? authorities.date : fallbacks.date,
} as const
