/**
 * The lists that everybody has, as new as they are known: those that came with the app, and beside them those that were
 * fetched later. A fetched list that is older than the app's own is not used any more.
 */
import type { AppLog } from '../parts.ts'
import { BUILT_IN_BRIDGES_DATE } from '../bridges/built-in.ts'
import { COUNTRY_MAP, type CountrySetting, mappedSettings } from '../escalation/country-map.ts'
import type { WayFindingView } from '../ipc/snapshot-ways.ts'
import type { TextStore } from '../private-text-file.ts'
import { type FetchedLists, readLists, writeLists } from './lists-document.ts'
import { withFetched, withFetchedSettings } from './lists-rules.ts'

export interface FreshListsParts {
  readonly store: TextStore
  readonly log: AppLog
  /** That the core has. */
  readonly transports: readonly string[]
}

export class FreshLists {
  readonly #parts: FreshListsParts
  readonly #watchers = new Set<() => void>()
  #fetched: FetchedLists | undefined

  private constructor(parts: FreshListsParts) {
    this.#parts = parts
  }

  /** Never rejects. */
  static async open(parts: FreshListsParts): Promise<FreshLists> {
    const lists = new FreshLists(parts)
    const text = await parts.store.read()
    lists.#fetched = text === undefined ? undefined : readLists(text)
    if (text !== undefined && lists.#fetched === undefined) {
      parts.log('warn', 'the fetched lists of bridges are not readable: those of this version are used')
    }
    return lists
  }

  /** Wall clock; undefined while nothing that was fetched is used. */
  get fetchedMs(): number | undefined {
    return this.#newerThan(BUILT_IN_BRIDGES_DATE)?.fetchedMs ?? this.#newerThan(COUNTRY_MAP.date)?.fetchedMs
  }

  /** What there is of a transport, for those that the app has of it. */
  linesOf(transport: string, shipped: readonly string[]): readonly string[] {
    const fetched = this.#newerThan(BUILT_IN_BRIDGES_DATE)?.bridges ?? []
    return withFetched(shipped, fetched, transport, this.#parts.transports)
  }

  /** What helps in a country; empty where nothing is known of any blocking. */
  settingsOf(country: string | undefined): readonly CountrySetting[] {
    const fetched = this.#newerThan(COUNTRY_MAP.date)?.countries
    return withFetchedSettings(
      mappedSettings(country),
      country === undefined ? undefined : fetched?.[country],
    )
  }

  /** What is shown of the map. */
  get map(): WayFindingView['map'] {
    const fetched = this.#newerThan(COUNTRY_MAP.date)
    if (fetched === undefined) return COUNTRY_MAP
    const countries = new Set([...COUNTRY_MAP.countries, ...Object.keys(fetched.countries)])
    return { date: dayOf(fetched.fetchedMs), source: 'the bridge service', countries: [...countries].sort() }
  }

  /** They are used also where they cannot be written; that is said in the log. */
  async take(fetched: FetchedLists): Promise<void> {
    this.#fetched = fetched
    for (const watcher of [...this.#watchers]) watcher()
    await this.#parts.store
      .write(writeLists(fetched))
      .catch(() => this.#parts.log('warn', 'the fetched lists of bridges could not be kept'))
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher)
    return () => void this.#watchers.delete(watcher)
  }

  /** `date` is the day of the app's own list. */
  #newerThan(date: string): FetchedLists | undefined {
    const fetched = this.#fetched
    return fetched !== undefined && fetched.fetchedMs > Date.parse(date) ? fetched : undefined
  }
}

function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10)
}
