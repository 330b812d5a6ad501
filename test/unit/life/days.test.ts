/**
 * Days in the life of a whole client on a whole network, in seconds: its clock leaps from timer to timer. Consensuses are
 * fetched and expire, authorities change their keys, the machine sleeps, somebody turns its clock.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { isTorError, type TorClient } from '../../../core/index.ts'
import { BODY_SHA256, fetchBody, startWholeNetwork, type WholeNetwork } from '../../support/whole-network.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Without the padding of idle channels, which is a timer every few seconds and tells nothing here. */
const LINES = ['ConnectionPadding 0']
/** How long the client may take on this machine's clock to come back by itself. */
const POLL = { timeout: 30_000, interval: 50 }
const LONG_MS = 90_000
const CONSENSUS = /consensus-microdesc/

let whole: WholeNetwork
let client: TorClient

beforeEach(async () => {
  whole = await startWholeNetwork()
  client = await whole.startClient(LINES)
  await client.bootstrap()
})
afterEach(async () => {
  await whole.reset()
  await whole.stop()
})

async function pass(ms: number): Promise<void> {
  const untilMs = whole.clock.monotonicMs() + ms
  await expect.poll(() => whole.clock.monotonicMs() >= untilMs, { interval: 5, timeout: 60_000 }).toBe(true)
}

async function outcome(): Promise<string> {
  return fetchBody(client).catch((error: unknown) => {
    if (isTorError(error)) return error.kind
    throw error
  })
}

/** Whose circuits carry the requests; directories are asked of others, too. */
function guardInUse(): string | undefined {
  const { circuits } = client.status.value
  return circuits.filter(({ purpose, sites }) => purpose === 'exit' && sites.length > 0).at(-1)?.hops[0]
    ?.nickname
}

describe('a client', { timeout: LONG_MS }, () => {
  it('keeps a fresh consensus for a day by diffs, at a pace that nobody has to fear, and keeps its guards', async () => {
    const { served } = whole.network.directory
    expect(await outcome()).toBe(BODY_SHA256)
    const guard = guardInUse()
    const before = { ...served }
    for (let hour = 0; hour < 24; hour++) {
      await pass(HOUR_MS)
      expect(await outcome()).toBe(BODY_SHA256)
    }
    const fetched = served.consensuses - before.consensuses + served.diffs - before.diffs
    expect(served.diffs).toBeGreaterThan(5)
    expect(served.consensuses - before.consensuses).toBeLessThanOrEqual(2)
    expect(fetched).toBeLessThanOrEqual(30)
    expect([guardInUse(), guard]).toEqual([guard, expect.any(String)])
  })

  it('goes on with its last consensus while no directory answers, not beyond a day of its end, and comes back', async () => {
    whole.commit({ does: { at: 'directory', path: CONSENSUS, do: 'not-found' } })
    await pass(20 * HOUR_MS)
    expect(await outcome()).toBe(BODY_SHA256)
    await pass(8 * HOUR_MS)
    // It waits for a directory, as long as applications do.
    expect(await outcome()).toBe('timeout')
    // Which has every circuit made anew, those ahead of need among them: from what has expired none may be, but the
    // one hop to a directory that is asked for what replaces it.
    await client.newIdentity()
    await pass(60_000)
    const { circuits } = client.status.value
    const made = circuits.filter(({ isRetired }) => !isRetired)
    expect(made.filter(({ purpose, hops }) => purpose !== 'directory' || hops.length > 1)).toEqual([])
    whole.network.faults.clear()
    await expect.poll(outcome, POLL).toBe(BODY_SHA256)
  })

  it('takes the consensuses that authorities sign with new keys', async () => {
    const { certificates } = whole.network.directory.served
    for (const authority of whole.network.authorities) authority.changeSigningKey()
    await pass(6 * HOUR_MS)
    expect(whole.network.directory.served.certificates).toBeGreaterThan(certificates)
    expect(await outcome()).toBe(BODY_SHA256)
  })

  it('serves again when the machine wakes from ten hours of sleep', async () => {
    whole.clock.sleep(10 * HOUR_MS)
    await pass(60_000)
    expect(await outcome()).toBe(BODY_SHA256)
  })

  it.each([
    ['ahead', 5 * DAY_MS],
    ['back', -5 * DAY_MS],
  ])('whose clock is turned five days %s serves again when it is right', async (_which, ms) => {
    expect(await outcome()).toBe(BODY_SHA256)
    const guard = guardInUse()
    whole.clock.jump(ms)
    await pass(HOUR_MS)
    whole.clock.jump(-ms)
    await expect.poll(outcome, POLL).toBe(BODY_SHA256)
    expect([guardInUse(), guard]).toEqual([guard, expect.any(String)])
  })
})
