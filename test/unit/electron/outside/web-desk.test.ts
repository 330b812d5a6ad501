/** Fronted requests, with a page that is played by hand: hostile, slow, crashing. */
import { describe, expect, it } from 'vitest'
import { MAX_WEB_REQUESTS } from '../../../../electron/outside/limits.ts'
import { WebDesk, type WebOutcome } from '../../../../electron/outside/web-desk.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { pageMaker } from './fake-page.ts'
import { arrived } from './port-pair.ts'
import { webJob } from './samples.ts'

function setUp() {
  const clock = manualClock()
  const maker = pageMaker()
  const desk = new WebDesk({ clock, userAgent: 'UA', origin: 'app://transports', openPage: maker.openPage })
  const outcomes: WebOutcome[] = []
  const start = (job = webJob()): (() => void) => desk.start(job, (outcome) => outcomes.push(outcome))
  return { clock, maker, desk, outcomes, start }
}

const ADDRESS = 'https://front.example/path?query=1#1'

describe('a web request', () => {
  it('goes to the page and comes back with the status that main has seen', async () => {
    const { maker, desk, outcomes, start } = setUp()
    start()
    await arrived()
    const [page] = maker.pages
    expect(page?.told).toEqual([
      { kind: 'fetch', id: 1, url: ADDRESS, method: 'GET', body: undefined, maxResponseBytes: 1000 },
    ])
    desk.onAnswer(ADDRESS, 407, {})
    desk.onAnswer(ADDRESS, 302, {})
    page?.say({ kind: 'fetched', id: 1, body: new Uint8Array(3) })
    expect(outcomes).toEqual([{ ok: true, status: 302, body: new Uint8Array(3) }])
  })

  it('is let out with its own headers, and nothing else is', async () => {
    const { desk, start } = setUp()
    start()
    await arrived()
    expect(desk.headersFor(ADDRESS)).toMatchObject({ Host: 'hidden.example', 'User-Agent': 'UA' })
    for (const address of [
      'https://front.example/path?query=1#2',
      'https://front.example/path?query=1',
      'https://front.example/other#1',
      'https://elsewhere.example/path?query=1#1',
      'https://front.example/path?query=1#01',
      '#1',
    ]) {
      expect(desk.headersFor(address), address).toBeUndefined()
    }
  })

  it('is let out no more when it is over', async () => {
    const { maker, desk, start } = setUp()
    start()
    await arrived()
    maker.pages[0]?.say({ kind: 'not-fetched', id: 1, why: 'failed' })
    expect(desk.headersFor(ADDRESS)).toBeUndefined()
  })

  it('fails in words: the engine names the error, and no other text goes on', async () => {
    const { maker, desk, outcomes, start } = setUp()
    for (let id = 1; id <= 4; id++) start()
    await arrived()
    const address = (id: number): string => `https://front.example/path?query=1#${id}`
    desk.onError(address(1), 'net::ERR_CERT_DATE_INVALID')
    desk.onError(address(2), 'net::ERR_TUNNEL_CONNECTION_FAILED')
    desk.onError(address(3), 'net::ERR_<b>192.0.2.1</b>')
    for (let id = 1; id <= 3; id++) maker.pages[0]?.say({ kind: 'not-fetched', id, why: 'failed' })
    maker.pages[0]?.say({ kind: 'not-fetched', id: 4, why: 'too-long' })
    expect(outcomes).toEqual([
      {
        ok: false,
        kind: 'wrong-identity',
        detail: "the web server's certificate is not to be trusted (net::ERR_CERT_DATE_INVALID)",
      },
      {
        ok: false,
        kind: 'channel-failed',
        detail: 'the web request failed (net::ERR_TUNNEL_CONNECTION_FAILED)',
      },
      { ok: false, kind: 'channel-failed', detail: 'the web request failed' },
      { ok: false, kind: 'channel-failed', detail: 'the answer is longer than it may be' },
    ])
  })

  it('is not believed when the page says more than the limit, or that an answer came which main has not seen', async () => {
    const { maker, desk, outcomes, start } = setUp()
    start()
    start()
    await arrived()
    desk.onAnswer(ADDRESS, 200, {})
    maker.pages[0]?.say({ kind: 'fetched', id: 1, body: new Uint8Array(1001) })
    maker.pages[0]?.say({ kind: 'fetched', id: 2, body: new Uint8Array(1) })
    expect(outcomes.map(({ ok }) => ok)).toEqual([false, false])
  })

  it('ends with the page that crashed, and the next one has a new page', async () => {
    const { maker, desk, outcomes, start } = setUp()
    start()
    await arrived()
    maker.pages[0]?.crash()
    expect(outcomes).toMatchObject([{ ok: false, detail: 'the page crashed' }])
    start()
    await arrived()
    expect(maker.pages).toHaveLength(2)
    desk.onAnswer(ADDRESS.replace('#1', '#2'), 200, {})
    maker.pages[0]?.say({ kind: 'fetched', id: 2, body: new Uint8Array(1) })
    expect(outcomes).toHaveLength(1)
    maker.pages[1]?.say({ kind: 'fetched', id: 2, body: new Uint8Array(1) })
    expect(outcomes).toHaveLength(2)
  })

  it('fails when no page can be made, and the next one is tried anew', async () => {
    const { maker, outcomes, start } = setUp()
    maker.fail = true
    start()
    await arrived()
    expect(outcomes).toMatchObject([{ ok: false }])
    maker.fail = false
    start()
    await arrived()
    expect(maker.pages).toHaveLength(1)
  })

  it('that is cancelled tells the page and nobody else', async () => {
    const { maker, outcomes, start } = setUp()
    const cancel = start()
    await arrived()
    cancel()
    cancel()
    await arrived()
    expect(maker.pages[0]?.told.at(-1)).toEqual({ kind: 'cancel', id: 1 })
    maker.pages[0]?.say({ kind: 'not-fetched', id: 1, why: 'failed' })
    expect(outcomes).toEqual([])
  })

  it('is refused when too many run', async () => {
    const { outcomes, start } = setUp()
    for (let id = 0; id <= MAX_WEB_REQUESTS; id++) start()
    expect(outcomes).toMatchObject([{ ok: false, detail: 'too many web requests at once' }])
  })
})

describe('the page', () => {
  it('is not there before a request, stays for the next one, and goes when there is none for a while', async () => {
    const { clock, maker, start } = setUp()
    expect(maker.pages).toEqual([])
    start()
    await arrived()
    maker.pages[0]?.say({ kind: 'not-fetched', id: 1, why: 'failed' })
    clock.advance(30_000)
    start()
    await arrived()
    clock.advance(120_000)
    expect(maker.pages).toHaveLength(1)
    expect(maker.pages[0]?.isClosed).toBe(false)
    maker.pages[0]?.say({ kind: 'not-fetched', id: 2, why: 'failed' })
    clock.advance(120_000)
    await arrived()
    expect(maker.pages[0]?.isClosed).toBe(true)
    start()
    await arrived()
    expect(maker.pages).toHaveLength(2)
  })

  it('goes with the core', async () => {
    const { desk, maker, outcomes, start } = setUp()
    start()
    await arrived()
    desk.close()
    await arrived()
    expect(maker.pages[0]?.isClosed).toBe(true)
    expect(outcomes).toMatchObject([{ ok: false, detail: 'the core has ended' }])
  })
})
