/**
 * HTTPS for the core's transports: each request is handed to the hidden page, and what main is then asked about it by
 * Chromium (may it go, with which headers?) is answered from here. The page cannot send anything that is not in this
 * list, and what the status was is main's own word.
 */
import type { Clock } from '../clock.ts'
import { answerHeaders, requestHeaders } from './browser-headers.ts'
import { MAX_WEB_REQUESTS } from './limits.ts'
import type { WebJob } from './outside-messages.ts'
import { type Page, type PageEvents, PageKeeper } from './page-keeper.ts'
import type { FromPage } from './page-messages.ts'

export interface WebDeskDeps {
  readonly clock: Clock
  readonly userAgent: string
  /** Of the page. */
  readonly origin: string
  readonly openPage: (events: PageEvents) => Promise<Page>
}

export type WebOutcome =
  | { readonly ok: true; readonly status: number; readonly body: Uint8Array<ArrayBuffer> }
  | {
      readonly ok: false
      /** The second for a certificate that proves nothing. */
      readonly kind: 'channel-failed' | 'wrong-identity'
      readonly detail: string
    }

interface Running {
  readonly job: WebJob
  readonly address: string
  readonly settle: (outcome: WebOutcome) => void
  status: number | undefined
  error: string | undefined
}

export class WebDesk {
  readonly #deps: WebDeskDeps
  readonly #keeper: PageKeeper
  readonly #running = new Map<number, Running>()
  #nextId = 1

  constructor(deps: WebDeskDeps) {
    this.#deps = deps
    this.#keeper = new PageKeeper(deps.clock, deps.openPage, {
      onMessage: (message) => this.#onMessage(message),
      onGone: (why) => this.#failAll(why),
    })
  }

  /** `settle` is called once, unless the returned function, which ends the request, is called before. */
  start(job: WebJob, settle: (outcome: WebOutcome) => void): () => void {
    if (this.#running.size >= MAX_WEB_REQUESTS) {
      settle(failed('too many web requests at once'))
      return () => undefined
    }
    const id = this.#nextId++
    const running = { job, address: `${job.url}#${id}`, settle, status: undefined, error: undefined }
    this.#running.set(id, running)
    const using = this.#keeper.use()
    using.then(
      (page) => this.#send(page, id),
      () => this.#finish(id, failed('the window for web requests could not be opened')),
    )
    return () => {
      if (!this.#running.has(id)) return
      this.#end(id)
      using.then(
        (page) => page.send({ kind: 'cancel', id }),
        () => undefined,
      )
    }
  }

  /** Undefined for what the page has not been told to ask for. */
  headersFor(address: string): Record<string, string> | undefined {
    const running = this.#runningFor(address)
    return running === undefined ? undefined : requestHeaders(running.job, this.#deps.userAgent)
  }

  /** Notes how the server has answered and returns what the page may see of it. */
  onAnswer(
    address: string,
    status: number,
    headers: Readonly<Record<string, readonly string[]>>,
  ): Record<string, string[]> {
    const running = this.#runningFor(address)
    if (running !== undefined) running.status = status
    return answerHeaders(headers, this.#deps.origin)
  }

  /** Chromium's own name for what went wrong. */
  onError(address: string, error: string): void {
    const running = this.#runningFor(address)
    if (running !== undefined) running.error = error
  }

  close(): void {
    this.#keeper.close()
    this.#failAll('the core has ended')
  }

  #runningFor(address: string): Running | undefined {
    const running = this.#running.get(Number(/#(\d{1,15})$/.exec(address)?.[1]))
    return running?.address === address ? running : undefined
  }

  #send(page: Page, id: number): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    const { method, body, maxResponseBytes } = running.job
    page.send({ kind: 'fetch', id, url: running.address, method, body, maxResponseBytes })
  }

  #onMessage(message: FromPage): void {
    if (message.kind === 'peer-closed') return
    const running = this.#running.get(message.id)
    if (running === undefined) return
    this.#finish(message.id, outcomeOf(message, running))
  }

  #finish(id: number, outcome: WebOutcome): void {
    const running = this.#running.get(id)
    if (running === undefined) return
    this.#end(id)
    running.settle(outcome)
  }

  #end(id: number): void {
    this.#running.delete(id)
    this.#keeper.release()
  }

  #failAll(detail: string): void {
    for (const id of [...this.#running.keys()]) this.#finish(id, failed(detail))
  }
}

function outcomeOf(message: Exclude<FromPage, { kind: 'peer-closed' }>, running: Running): WebOutcome {
  if (message.kind === 'fetched') {
    const { status, job } = running
    if (status === undefined || message.body.length > job.maxResponseBytes) {
      return failed('the window for web requests is not to be trusted')
    }
    return { ok: true, status, body: message.body }
  }
  if (message.why === 'too-long') return failed('the answer is longer than it may be')
  return explain(running.error)
}

/** Chromium's names are the same in each language, and hold no address. */
function explain(error: string | undefined): WebOutcome {
  const name = /^net::ERR_[A-Z0-9_]{1,60}$/.exec(error ?? '')?.[0]
  if (name === undefined) return failed('the web request failed')
  if (!name.startsWith('net::ERR_CERT_')) return failed(`the web request failed (${name})`)
  const detail = `the web server's certificate is not to be trusted (${name})`
  return { ok: false, kind: 'wrong-identity', detail }
}

function failed(detail: string): WebOutcome {
  return { ok: false, kind: 'channel-failed', detail }
}
