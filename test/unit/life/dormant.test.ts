/** A whole client on a whole network that nobody uses. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import { BODY_SHA256, fetchBody, startWholeNetwork, type WholeNetwork } from '../../support/whole-network.ts'

const MINUTE_MS = 60_000

let whole: WholeNetwork

beforeEach(async () => {
  whole = await startWholeNetwork()
})
afterEach(async () => {
  await whole.reset()
  await whole.stop()
})

it('a client that is dormant when it has a directory builds no circuit until somebody asks for something', async () => {
  const client = await whole.startClient()
  const stop = client.status.watch(({ bootstrap }) => {
    if (bootstrap.phase === 'enough-dirinfo') client.setDormant()
  })
  let isBootstrapped = false
  const bootstrapping = client.bootstrap().then(() => {
    isBootstrapped = true
  })
  await expect.poll(() => client.status.value.surroundings.isDormant).toBe(true)
  stop()
  const untilMs = whole.clock.monotonicMs() + 20 * MINUTE_MS
  await expect.poll(() => whole.clock.monotonicMs() >= untilMs, { interval: 5, timeout: 10_000 }).toBe(true)
  expect([isBootstrapped, client.status.value.circuits]).toEqual([false, []])
  expect(await fetchBody(client)).toBe(BODY_SHA256)
  await bootstrapping
})
