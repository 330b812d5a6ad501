/** A whole client on a whole network that nobody uses, or nobody used until now. */
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  BODY_SHA256,
  fetchBody,
  ONE_PATH,
  startWholeNetwork,
  type WholeNetwork,
} from '../../support/whole-network.ts'

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

it('a program that asks a dormant client to connect wakes it, whatever an earlier run left behind', async () => {
  const client = await whole.startClient([...ONE_PATH, 'DormantOnFirstStartup 1'])
  expect(client.status.value.surroundings.isDormant).toBe(true)
  await client.bootstrap()
  expect(client.status.value.surroundings.isDormant).toBe(false)
  expect(await fetchBody(client)).toBe(BODY_SHA256)
})

it('a dormant client that starts by itself sends nothing until somebody asks for something', async () => {
  const client = await whole.startClient([...ONE_PATH, 'DormantOnFirstStartup 1'])
  const bootstrapping = client.bootstrapWhenAwake()
  const untilMs = whole.clock.monotonicMs() + 20 * MINUTE_MS
  await expect.poll(() => whole.clock.monotonicMs() >= untilMs, { interval: 5, timeout: 10_000 }).toBe(true)
  const { surroundings, channels } = client.status.value
  expect([surroundings.isDormant, channels]).toEqual([true, []])
  expect(await fetchBody(client)).toBe(BODY_SHA256)
  await bootstrapping
})
