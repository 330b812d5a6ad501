import { beforeEach, describe, expect, it } from 'vitest'
import { loadSitePolicies, type SitePolicies } from '../../../core/client/site-policies.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const DAY_MS = 86_400_000
const EXIT = fakeIdentity(7)
const TWICE = { site: 'a.example', blocked: 1, country: '' }

let store: MemoryStateStore
let clock: ManualClock

beforeEach(() => {
  store = new MemoryStateStore()
  clock = manualClock()
})

function load(): Promise<SitePolicies> {
  return loadSitePolicies({ store, clock }, '/home/somebody/data')
}

describe('what is decided for a site', () => {
  it('is nothing until something is', async () => {
    const sites = await load()
    expect(sites.policyFor('example.com')).toEqual({
      isBlocked: false,
      exitCountry: undefined,
      pin: undefined,
    })
  })

  it('is kept over a restart, and forgotten by an empty choice', async () => {
    const sites = await load()
    await sites.set('example.com', { exitCountry: 'DE' })
    await sites.set('ads.example', { isBlocked: true })
    await sites.set('bank.example', { pin: { exit: `$${EXIT}`, untilMs: clock.wallMs() + DAY_MS } })
    const again = await load()
    expect(again.policyFor('example.com').exitCountry).toBe('de')
    expect(again.policyFor('ads.example').isBlocked).toBe(true)
    expect(again.policyFor('bank.example').pin?.exit).toBe(EXIT)
    await again.set('ads.example', {})
    expect((await load()).entries.value.map(({ site }) => site)).toEqual(['example.com', 'bank.example'])
  })

  it('pins an exit until its time is over on the wall clock, also over a sleep', async () => {
    const sites = await load()
    await sites.set('bank.example', { pin: { exit: EXIT, untilMs: clock.wallMs() + DAY_MS } })
    clock.jump(DAY_MS - 1)
    expect(sites.policyFor('bank.example').pin?.exit).toBe(EXIT)
    clock.jump(1)
    expect(sites.policyFor('bank.example').pin).toBeUndefined()
    expect((await load()).policyFor('bank.example').pin).toBeUndefined()
  })

  it('is shown to whoever watches', async () => {
    const sites = await load()
    const seen: string[][] = []
    sites.entries.watch((entries) => seen.push(entries.map(({ site }) => site)))
    await sites.set('example.com', { isBlocked: true })
    await sites.set('example.com', {})
    expect(seen).toEqual([['example.com'], []])
  })

  it.each([
    ['www.example.com', {}, 'bad-target', /site example\.com/],
    ['not a host', {}, 'bad-target', /valid name|host/],
    ['example.com', { isBlocked: true, exitCountry: 'de' }, 'bad-config', /block it, or choose/],
    ['example.com', { exitCountry: 'Germany' }, 'bad-config', /two letters/],
    ['example.com', { exitCountry: 'uk' }, 'bad-config', /"gb"/],
    ['example.com', { pin: { exit: 'moria1', untilMs: 1_790_000_100_000 } }, 'bad-config', /fingerprint/],
    ['example.com', { pin: { exit: EXIT, untilMs: 1 } }, 'bad-config', /90 days/],
    ['example.com', { pin: { exit: EXIT, untilMs: Number.MAX_SAFE_INTEGER } }, 'bad-config', /90 days/],
    ['example.com', { pin: { exit: EXIT, untilMs: Number.NaN } }, 'bad-config', /90 days/],
    [
      'example.com',
      { exitCountry: 'de', pin: { exit: EXIT, untilMs: 1_790_000_100_000 } },
      'bad-config',
      /a country or an exit/,
    ],
  ])('is refused in words for %s: %o', async (site, choice, kind, message) => {
    const sites = await load()
    const setting = sites.set(site, choice)
    await expect(setting).rejects.toMatchObject({ kind })
    await expect(setting).rejects.toThrow(message)
    expect(sites.entries.value).toEqual([])
    expect(store.names()).toEqual([])
  })

  it('treats sites named like parts of objects as sites', async () => {
    const sites = await load()
    expect(sites.policyFor('__proto__').isBlocked).toBe(false)
    expect(sites.policyFor('constructor').isBlocked).toBe(false)
    await sites.set('__proto__', { isBlocked: true })
    expect((await load()).policyFor('__proto__').isBlocked).toBe(true)
    expect(sites.policyFor('toString').isBlocked).toBe(false)
  })

  it('holds a thousand sites and no more', async () => {
    const sites = await load()
    for (let at = 0; at < 1_000; at++) await sites.set(`site${at}.example`, { isBlocked: true })
    await expect(sites.set('more.example', { isBlocked: true })).rejects.toMatchObject({ kind: 'limit' })
    await sites.set('site3.example', { exitCountry: 'fr' })
    expect(sites.entries.value.length).toBe(1_000)
  })

  it.each([
    ['damaged', { version: 1, content: { sites: [TWICE, TWICE] } }, /every site once/],
    ["a newer program's", { version: 2, content: { sites: [] } }, /versions up to 1/],
  ])(
    'stops the start when its file is %s, or what is blocked would be open',
    async (_what, document, words) => {
      const bytes = Buffer.from(JSON.stringify(document))
      await store.write('sites.json', bytes)
      for (let start = 0; start < 2; start++) {
        await expect(load()).rejects.toMatchObject({ kind: 'damaged-rules' })
        await expect(load()).rejects.toThrow(words)
        await expect(load()).rejects.toThrow('"/home/somebody/data/sites.json"')
      }
      expect(store.names()).toEqual(['sites.json'])
      await store.remove('sites.json')
      expect((await load()).entries.value).toEqual([])
    },
  )
})
