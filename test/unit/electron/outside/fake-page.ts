/** Hidden pages that a test plays by hand. */
import type { Page, PageEvents } from '../../../../electron/outside/page-keeper.ts'
import type { FromPage, ToPage } from '../../../../electron/outside/page-messages.ts'
import type { Port } from '../../../../electron/outside/port.ts'

export class FakePage implements Page {
  readonly told: ToPage[] = []
  readonly ports: Port[] = []
  isClosed = false
  readonly #events: PageEvents

  constructor(events: PageEvents) {
    this.#events = events
  }

  send(message: ToPage, ports: Port[] = []): void {
    this.told.push(message)
    this.ports.push(...ports)
  }

  close(): void {
    this.isClosed = true
  }

  say(message: FromPage): void {
    this.#events.onMessage(message)
  }

  crash(): void {
    this.#events.onGone('the page crashed')
  }
}

/** Makes pages and keeps them for the test. */
export function pageMaker(): {
  pages: FakePage[]
  openPage: (events: PageEvents) => Promise<Page>
  fail: boolean
} {
  const maker = {
    pages: [] as FakePage[],
    fail: false,
    openPage: async (events: PageEvents): Promise<Page> => {
      if (maker.fail) throw new Error('no window')
      const page = new FakePage(events)
      maker.pages.push(page)
      return page
    },
  }
  return maker
}
