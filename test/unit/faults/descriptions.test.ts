/**
 * What a network is described as is what its directory says, at the time that its clock shows, and what whole clients make
 * of it.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parseAuthorityCerts } from '../../../core/netdoc/authority-cert.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { writeCountryTable } from '../../network/country-table.ts'
import type { RelayDescription } from '../../network/relays/relay-description.ts'
import { SMALL_NETWORK } from '../../network/small-description.ts'
import { type NetworkDescription, TorInProcess } from '../../network/tor-in-process.ts'
import { manualClock } from '../../support/manual-clock.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  startWholeNetwork,
  TWO_GUARDS,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

/** Guards for the middle, too, and exits for nothing else. */
const WEIGHTS =
  'Wbd=0 Wbe=0 Wbg=5000 Wbm=10000 Wdb=10000 Web=10000 Wed=10000 Wee=10000 Weg=10000 Wem=10000 Wgb=10000 Wgd=0 Wgg=5000 Wgm=5000 Wmb=10000 Wmd=0 Wme=0 Wmg=5000 Wmm=10000'

/** Guards in Germany and France, exits in Sweden and Japan, one operator, and relays with which something is wrong. */
const DESCRIBED: NetworkDescription = {
  consensusIntervalMs: HOUR_MS,
  params: 'circuit_priority_halflife_msec=123 cc_alg=2',
  weights: WEIGHTS,
  relays: SMALL_NETWORK.relays.map((relay): RelayDescription => {
    switch (relay.nickname) {
      case 'guard1':
        return { ...relay, country: 'de', family: ['guard1', 'middle2'] }
      case 'middle2':
        return { ...relay, family: ['guard1', 'middle2'] }
      case 'guard2':
        return { ...relay, country: 'fr', bandwidth: 77 }
      case 'exit1':
        // So that most of the network can be used without the next one.
        return { ...relay, country: 'se', bandwidth: 50_000 }
      case 'exit2':
        return { ...relay, country: 'jp', listsZeroKey: true }
      case 'exit3':
        return { ...relay, flags: [...relay.flags, 'BadExit', 'MiddleOnly'] }
      default:
        return relay
    }
  }),
}

describe('the authorities', () => {
  it('sign for the time that the clock of the network shows, wherever it is turned', async () => {
    const clock = manualClock()
    const network = await TorInProcess.start(DESCRIBED, clock)
    const { directory, authorities } = network
    const shown = (): { validAfterMs: number; freshUntilMs: number; validUntilMs: number } =>
      parseConsensus(directory.consensus().bytes)
    const hourMs = Math.floor(clock.wallMs() / HOUR_MS) * HOUR_MS
    const ofHour = (ms: number): object => ({
      validAfterMs: ms,
      freshUntilMs: ms + HOUR_MS,
      validUntilMs: ms + 3 * HOUR_MS,
    })
    expect(shown()).toMatchObject(ofHour(hourMs))
    const first = directory.consensus()
    clock.advance(3 * HOUR_MS)
    expect(shown()).toMatchObject(ofHour(hourMs + 3 * HOUR_MS))
    clock.jump(-3 * HOUR_MS)
    expect(directory.consensus()).toBe(first)
    clock.jump(40 * DAY_MS)
    const { certs, rejected } = parseAuthorityCerts(directory.certificates())
    expect([certs.length, rejected]).toEqual([authorities.length, []])
    for (const { publishedMs, expiresMs } of certs) {
      expect(publishedMs).toBeLessThanOrEqual(clock.wallMs())
      expect(expiresMs).toBeGreaterThan(clock.wallMs())
    }
    await network.stop()
  })

  it('say of the network what it is described as', async () => {
    const network = await TorInProcess.start(DESCRIBED, manualClock())
    const consensus = network.directory.consensus().bytes.toString('latin1')
    expect(consensus).toContain('\nparams circuit_priority_halflife_msec=123 cc_alg=2\n')
    expect(consensus).toContain(`\nbandwidth-weights ${WEIGHTS}\n`)
    expect(consensus).toMatch(/^r guard2 (?:.*\n){5}w Bandwidth=77$/m)
    expect(consensus).toMatch(/^r exit3 .*\nm .*\ns BadExit Exit Fast MiddleOnly Running/m)
    const [guard1, middle2] = ['guard1', 'middle2'].map((name) => relayNamed(network, name).rsa)
    expect(network.directory.microdescriptors()).toContain(`\nfamily $${guard1} $${middle2}\n`)
    await network.stop()
  })
})

describe('a client of it', () => {
  let whole: WholeNetwork
  let folder: string

  beforeAll(async () => {
    whole = await startWholeNetwork(DESCRIBED)
    folder = mkdtempSync(join(tmpdir(), 'allium-countries-'))
    writeFileSync(join(folder, 'countries'), writeCountryTable(DESCRIBED.relays))
  })
  afterEach(() => whole.reset())
  afterAll(async () => {
    rmSync(folder, { recursive: true })
    await whole.stop()
  })

  it('finds relays in the countries that they are in', async () => {
    const client = await whole.startClient([
      `GeoIPFile ${join(folder, 'countries')}`,
      'EntryNodes {fr}',
      'ExitNodes {se}',
    ])
    await client.bootstrap()
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    expect(guardOf(client)).toBe('guard2')
    const used = client.status.value.circuits.find(({ sites }) => sites.includes('site.test'))
    expect(used?.hops.at(-1)).toMatchObject({ nickname: 'exit1', country: 'se' })
  })

  it('puts no two relays of one operator into a circuit', async () => {
    const client = await whole.startClient(['EntryNodes guard1', 'MiddleNodes middle2', 'ExitNodes exit1'])
    client.bootstrap().catch(() => {})
    expect(await outcomeOf(fetchBody(client))).toBe('no-path')
    const other = await whole.startClient(['EntryNodes guard1', 'MiddleNodes middle1', 'ExitNodes exit1'])
    await other.bootstrap()
    expect(await fetchBody(other)).toBe(BODY_SHA256)
  })

  it('sends nothing to a relay with an onion key of zero, and blames nobody else for it (TROVE-2026-030)', async () => {
    const client = await whole.startClient(TWO_GUARDS.map((line) => line.replace('exit1', 'exit1,exit2')))
    await client.bootstrap()
    const guard = guardOf(client)
    for (let request = 0; request < 10; request++) {
      expect(
        await outcomeOf(client.requestUrl('http://site.test/', { isolation: String(request) })),
      ).toMatchObject({
        status: 200,
      })
    }
    expect(guardOf(client)).toBe(guard)
    expect(whole.relay('exit2').carriedCells).toBe(0)
  })

  it('has no exit but relays that may be one, whatever it is told (TROVE-2026-067)', async () => {
    const client = await whole.startClient(['EntryNodes guard1', 'ExitNodes exit3'])
    client.bootstrap().catch(() => {})
    expect(await outcomeOf(fetchBody(client))).toBe('no-path')
  })

  it('goes on when relays change their onion keys, before and after it hears of it', async () => {
    const client = await whole.startClient([...TWO_GUARDS, 'ConnectionPadding 0'])
    await client.bootstrap()
    for (const relay of whole.network.relays) relay.changeOnionKey()
    expect(await outcomeOf(client.requestUrl('http://site.test/', { isolation: 'before' }))).toMatchObject({
      status: 200,
    })
    const { microdescriptors } = whole.network.directory.served
    await expect
      .poll(() => whole.network.directory.served.microdescriptors, { timeout: 15_000 })
      .toBeGreaterThan(microdescriptors)
    for (const { id } of client.status.value.circuits) client.closeCircuit(id)
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
  })
})

function relayNamed(network: TorInProcess, nickname: string): TorInProcess['relays'][number] {
  const relay = network.relays.find(({ description }) => description.nickname === nickname)
  if (relay === undefined) throw new RangeError(`no relay ${nickname}`)
  return relay
}
