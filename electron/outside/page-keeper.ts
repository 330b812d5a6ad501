/**
 * Keeps one hidden page: made when somebody needs it, gone when nobody has for a while, and made anew when it crashed.
 */
import type { Clock, Timer } from '../clock.ts'
import type { FromPage, ToPage } from './page-messages.ts'
import type { Port } from './port.ts'

/** Longer than the pause between two polls of a transport, so that a page is not made for each. */
const IDLE_MS = 60_000

export interface Page {
  send(message: ToPage, ports?: Port[]): void
  close(): void
}

export interface PageEvents {
  onMessage(message: FromPage): void
  /** It crashed, or said what no page of ours says: comes once, and never after `close`. */
  onGone(why: string): void
}

export class PageKeeper {
  readonly #clock: Clock
  readonly #openPage: (events: PageEvents) => Promise<Page>
  readonly #events: PageEvents
  #page: Promise<Page> | undefined
  #users = 0
  #idle: Timer | undefined

  constructor(clock: Clock, openPage: (events: PageEvents) => Promise<Page>, events: PageEvents) {
    this.#clock = clock
    this.#openPage = openPage
    this.#events = events
  }

  /** Rejects when the page cannot be made. Each is to be given back by one `release`, also then. */
  use(): Promise<Page> {
    this.#users++
    this.#idle?.cancel()
    this.#page ??= this.#open()
    return this.#page
  }

  release(): void {
    this.#users--
    if (this.#users > 0 || this.#page === undefined) return
    this.#idle?.cancel()
    this.#idle = this.#clock.setTimer(IDLE_MS, () => this.close())
  }

  /** At once, whoever uses it. */
  close(): void {
    this.#idle?.cancel()
    const page = this.#page
    this.#page = undefined
    page?.then(
      (page) => page.close(),
      () => undefined,
    )
  }

  #open(): Promise<Page> {
    const isThis = (): boolean => this.#page === opening
    const opening: Promise<Page> = this.#openPage({
      onMessage: (message) => {
        if (isThis()) this.#events.onMessage(message)
      },
      onGone: (why) => {
        if (!isThis()) return
        this.#page = undefined
        this.#events.onGone(why)
      },
    })
    opening.catch(() => {
      if (isThis()) this.#page = undefined
    })
    return opening
  }
}
