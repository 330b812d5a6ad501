/** Nobody waits for a client that is closed, and it begins nothing any more. */
import { beforeEach, describe, expect, it } from 'vitest'
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { TorClient } from '../../../core/client/tor-client.ts'
import { parseStreamTarget } from '../../../core/client/stream-target.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const CONFIG: ClientConfig = { ...DEFAULT_CLIENT_CONFIG, authorities: [], fallbackDirs: [] }
const closed = { kind: 'closed', message: 'the client is closed' }

let clock: ManualClock
let client: TorClient

beforeEach(async () => {
  clock = manualClock()
  client = await TorClient.create(CONFIG, { clock })
})

const CALLS: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['connect', () => client.connect('a.example', 80)],
  ['openStream', () => client.openStream(parseStreamTarget('a.example', 80))],
  ['requestUrl', () => client.requestUrl('http://a.example/')],
  ['resolve', () => client.resolve('a.example')],
  ['resolveAddress', () => client.resolveAddress('192.0.2.1')],
  ['exitCountries', () => client.exitCountries()],
  ['bootstrap', () => client.bootstrap()],
  ['newIdentity', () => client.newIdentity()],
  ['reconfigure', () => client.reconfigure({ ...CONFIG, useIpv6: !CONFIG.useIpv6 })],
]

describe('a client that is closed', () => {
  it.each(CALLS.slice(0, 7))('lets nobody wait for a directory: %s', async (_name, call) => {
    const waiting = call()
    waiting.catch(() => {})
    // It waits: only what is closed is left to end it.
    await new Promise((resolve) => setImmediate(resolve))
    await client.close()
    await expect(waiting).rejects.toMatchObject(closed)
    expect(clock.nextTimerMs()).toBe(undefined)
  })

  it.each(CALLS)('refuses %s, and leaves no timer that would keep its process alive', async (_name, call) => {
    await client.close()
    await expect(call()).rejects.toMatchObject(closed)
    expect(clock.nextTimerMs()).toBe(undefined)
    expect(client.config.value).toBe(CONFIG)
  })
})
