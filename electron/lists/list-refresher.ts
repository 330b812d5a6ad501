/**
 * Fetches the lists that everybody has, through Tor alone: once a week by itself, when the app has been connected for a
 * while, or when the person asks for it. Both lists are good, or nothing changes.
 */
import type { MoatService } from '../../core/index.ts'
import { AppError } from '../app-error.ts'
import type { Clock, Timer } from '../clock.ts'
import type { ListCall, ListReply } from '../host/lists-protocol.ts'
import type { Settings } from '../ipc/settings.ts'
import type { ListsView } from '../ipc/snapshot-lists.ts'
import type { AppLog } from '../parts.ts'
import type { FreshLists } from './fresh-lists.ts'
import { acceptBridges, acceptCountries, type Shipped } from './lists-rules.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
const REFRESH_AFTER_MS = 7 * DAY_MS
/** Added at random to the week: nothing is to be told from the hour. */
const REFRESH_SPREAD_MS = 2 * DAY_MS
/** Connected for so long, and up to the spread more: not the first thing that is seen of somebody at an exit. */
const SETTLED_MS = 5 * MINUTE_MS
const SETTLED_SPREAD_MS = 25 * MINUTE_MS
const RETRY_MS = 6 * 60 * MINUTE_MS
/** A person may ask again soon; a page that was taken over may not have it done all the time. */
const ASK_AGAIN_MS = 10_000

export interface ListRefresherDeps {
  readonly clock: Clock
  readonly log: AppLog
  readonly publish: (view: ListsView) => void
  readonly settings: () => Pick<Settings, 'refreshesLists'>
  readonly isConnected: () => boolean
  readonly lists: FreshLists
  /** Undefined: there is none to ask. */
  readonly service: MoatService | undefined
  readonly fetch: (call: ListCall) => Promise<ListReply>
  readonly shipped: Shipped
  /** That the core has. */
  readonly transports: readonly string[]
  /** Uniform in [0, 1). */
  readonly fraction: () => number
}

export class ListRefresher {
  readonly #deps: ListRefresherDeps
  #timer: Timer | undefined
  #isFetching = false
  #lastMs = Number.NEGATIVE_INFINITY
  /** Of the last try that failed in this run; monotonic. */
  #failedMs: number | undefined
  #reason: ListsView['reason']

  constructor(deps: ListRefresherDeps) {
    this.#deps = deps
  }

  get view(): ListsView {
    const { lists, service, shipped } = this.#deps
    const added = shipped.transports.map((transport) => {
      const ours = shipped.lines(transport)
      return lists.linesOf(transport, ours).length - ours.length
    })
    return {
      isAvailable: service !== undefined,
      isFetching: this.#isFetching,
      fetchedMs: lists.fetchedMs,
      addedBridges: added.reduce((sum, count) => sum + count, 0),
      reason: this.#reason,
    }
  }

  /** The connection or the settings may have changed. */
  look(): void {
    if (!this.#mayByItself) {
      this.#timer?.cancel()
      this.#timer = undefined
      return
    }
    this.#timer ??= this.#deps.clock.setTimer(this.#waitMs(), () => {
      this.#timer = undefined
      // Why it failed is in the view and in the log.
      this.refresh().then(
        () => this.look(),
        () => this.look(),
      )
    })
  }

  /** On the person's wish, or by itself. Rejects with an AppError that says why nothing has changed. */
  async refresh(): Promise<void> {
    const { clock, service, isConnected, log } = this.#deps
    if (service === undefined) throw new AppError('help-not-available', 'there is no bridge service here')
    if (!isConnected()) throw new AppError('not-connected', 'the lists are fetched through Tor alone')
    if (this.#isFetching || clock.monotonicMs() - this.#lastMs < ASK_AGAIN_MS) {
      throw new AppError('help-busy', 'the lists were fetched a moment ago')
    }
    this.#lastMs = clock.monotonicMs()
    this.#isFetching = true
    this.#show()
    try {
      await this.#fetchBoth(service)
      this.#failedMs = undefined
      this.#reason = undefined
    } catch (thrown) {
      const error = appErrorOf(thrown)
      this.#failedMs = clock.monotonicMs()
      this.#reason = { kind: error.kind, detail: error.message }
      log('warn', `the lists of bridges were not refreshed: ${error.message}`)
      throw error
    } finally {
      this.#isFetching = false
      this.#show()
    }
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  async #fetchBoth(service: MoatService): Promise<void> {
    const { clock, fetch, lists, log, shipped, transports } = this.#deps
    const bridges = await fetch({ endpoint: 'builtin', service })
    const countries = await fetch({ endpoint: 'map', service })
    if (bridges.kind !== 'bridges' || countries.kind !== 'countries') {
      throw new AppError('help-refused', 'the bridge service would not say its lists')
    }
    await lists.take({
      fetchedMs: clock.wallMs(),
      bridges: acceptBridges(bridges, shipped, transports),
      countries: acceptCountries(countries, transports),
    })
    log('notice', `the lists of bridges are of today; ${this.view.addedBridges} bridges are new`)
  }

  get #mayByItself(): boolean {
    const { service, settings, isConnected } = this.#deps
    return service !== undefined && settings().refreshesLists && isConnected()
  }

  #waitMs(): number {
    const { clock, fraction, lists } = this.#deps
    const settledMs = SETTLED_MS + fraction() * SETTLED_SPREAD_MS
    if (this.#failedMs !== undefined) {
      return Math.max(settledMs, RETRY_MS * (1 + fraction()) - (clock.monotonicMs() - this.#failedMs))
    }
    const { fetchedMs } = lists
    if (fetchedMs === undefined) return settledMs
    const dueInMs = REFRESH_AFTER_MS + fraction() * REFRESH_SPREAD_MS - (clock.wallMs() - fetchedMs)
    return Math.max(settledMs, Math.min(dueInMs, REFRESH_AFTER_MS + REFRESH_SPREAD_MS))
  }

  #show(): void {
    this.#deps.publish(this.view)
  }
}

function appErrorOf(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  return new AppError('internal', thrown instanceof Error ? thrown.message : 'an error without words')
}
