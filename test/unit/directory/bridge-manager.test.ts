/** The user's bridges over time: who they are, how they fare, what is kept of them, and who is asked when. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { formatBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { TorError } from '../../../core/util/errors.ts'
import type { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { FakeBridges, identityAt, lineAt, NOW_MS } from './support/fake-bridges.ts'
import { advanceUntil, settle, until } from './support/test-clock.ts'

const HOUR_MS = 3_600_000
const CACHE = 'cached-bridge-descriptors'
let bridges: FakeBridges

beforeEach(() => {
  bridges = new FakeBridges()
})

afterEach(async () => {
  await bridges.manager.close()
  await settle()
  expect([bridges.network.openConnections, bridges.network.openStreams]).toEqual([0, 0])
  expect(bridges.clock.liveTimers()).toBe(0)
})

const readyCount = (): number =>
  (bridges.manager.relays.value ?? []).filter(({ descriptor }) => descriptor !== undefined).length

const kept = async (store: MemoryStateStore): Promise<string> =>
  Buffer.from((await store.read(CACHE)) ?? '').toString('latin1')

describe('bridges that answer', () => {
  test('are rows with their descriptors, in the order of the configuration', async () => {
    bridges.manager.use([lineAt(1), lineAt(0)])
    expect(bridges.manager.relays.value?.map(({ ids }) => ids.rsa)).toEqual([
      identityAt(1).rsa,
      identityAt(0).rsa,
    ])
    expect(bridges.network.connects).toEqual([])
    bridges.manager.start()
    await until(() => readyCount() === 2, 'both descriptors')
    expect(bridges.manager.views.value.map(({ health }) => health)).toMatchObject([
      { lastWorkedMs: NOW_MS, failingSinceMs: undefined },
      { lastWorkedMs: NOW_MS, failingSinceMs: undefined },
    ])
    expect(bridges.failures).toEqual([])
  })

  test('are asked again about hourly', async () => {
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await until(() => readyCount() === 1, 'the descriptor')
    bridges.clock.advance(HOUR_MS * 0.7)
    await settle()
    expect(bridges.network.requests).toHaveLength(1)
    bridges.serve(0, bridges.descriptorOf(0, 60_000))
    const before = bridges.manager.relays.value
    const isAsking = (): boolean => bridges.network.openConnections > 0
    const isNew = (): boolean => bridges.manager.relays.value !== before
    await advanceUntil(bridges.clock, HOUR_MS / 20, isNew, 'a new one', isAsking)
    expect(bridges.clock.wallMs() - NOW_MS).toBeLessThan(HOUR_MS * 1.5)
  })

  test('without a fingerprint are who answered first, and nobody else for the whole run', async () => {
    bridges.manager.use([lineAt(0, false)])
    expect(bridges.manager.relays.value).toEqual([])
    expect(bridges.manager.directories).toEqual([])
    bridges.manager.start()
    await until(() => readyCount() === 1, 'the descriptor')
    expect(bridges.manager.views.value[0]?.rsa).toBe(identityAt(0).rsa)
    bridges.impostors.set('10.0.0.1:443', { rsa: identityAt(1).rsa, ed25519: identityAt(1).ed25519 })
    bridges.serve(0, bridges.descriptorOf(1))
    // Taken away and added again: what was learned stays learned.
    bridges.manager.use(undefined)
    bridges.manager.use([lineAt(0, false)])
    await until(() => bridges.failures.length > 0, 'a refusal')
    expect(bridges.failures[0]).toBe('it is another relay')
    expect(bridges.manager.views.value[0]).toMatchObject({
      rsa: identityAt(0).rsa,
      health: { kind: 'wrong-identity' },
    })
  })

  test('by two addresses are one relay', async () => {
    bridges.impostors.set('10.0.0.2:443', { rsa: identityAt(0).rsa, ed25519: identityAt(0).ed25519 })
    bridges.serve(1, bridges.descriptorOf(0))
    bridges.manager.use([lineAt(0, false), lineAt(1, false)])
    bridges.manager.start()
    await until(() => bridges.network.requests.length === 2, 'both')
    await until(() => readyCount() === 1, 'one row')
    expect(bridges.manager.views.value).toHaveLength(2)
  })

  test('are asked for documents in the order in which they were used before', () => {
    bridges.preferred = [identityAt(2).rsa, identityAt(0).rsa]
    bridges.manager.use([lineAt(0), lineAt(1), lineAt(2)])
    const { directories } = bridges.manager
    expect(directories.map(({ ids }) => ids.rsa)).toEqual([2, 0, 1].map((index) => identityAt(index).rsa))
    expect(directories[0]).toMatchObject({ bridge: lineAt(2), endpoints: [{ host: '10.0.0.3', port: 443 }] })
  })
})

describe('bridges that do not answer', () => {
  test('are tried again, with pauses that grow, and count as failing since the first time', async () => {
    bridges.answer(0, 'refuses')
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await advanceUntil(bridges.clock, 1_000, () => bridges.failures.length === 6, 'six tries')
    expect(bridges.manager.views.value[0]?.health).toMatchObject({
      failingSinceMs: NOW_MS,
      lastWorkedMs: undefined,
      reason: 'refused',
    })
    expect(bridges.network.connects).toHaveLength(6)
    bridges.serve(0, bridges.descriptorOf(0))
    await advanceUntil(bridges.clock, 10_000, () => readyCount() === 1, 'the descriptor')
    expect(bridges.manager.views.value[0]?.health.failingSinceMs).toBeUndefined()
  })

  test('are reached three at a time, and those that hang make room', async () => {
    for (let index = 0; index < 4; index++) bridges.answer(index, 'hangs')
    bridges.manager.use([0, 1, 2, 3].map((index) => lineAt(index)))
    bridges.manager.start()
    await settle()
    expect(bridges.network.connects).toHaveLength(3)
    bridges.clock.advance(3_000)
    await settle()
    expect(bridges.network.connects).toHaveLength(4)
  })

  test('are tried at once when the network is back', async () => {
    bridges.answer(0, 'refuses')
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await until(() => bridges.failures.length === 1, 'a failure')
    bridges.serve(0, bridges.descriptorOf(0))
    bridges.manager.reconsider()
    await until(() => readyCount() === 1, 'the descriptor')
  })

  test('because the options forbid them, are not reached, and say why', async () => {
    bridges.refusal = (line) =>
      line.endpoint.host === '10.0.0.1' ? 'ExcludeNodes forbids the bridge' : undefined
    bridges.manager.use([lineAt(0), lineAt(1)])
    bridges.manager.start()
    await until(() => readyCount() === 1 && bridges.failures.length === 1, 'the other one')
    expect(bridges.manager.directories.map(({ bridge }) => bridge)).toEqual([lineAt(1)])
    expect(bridges.manager.views.value[0]?.health.reason).toBe('ExcludeNodes forbids the bridge')
    expect(bridges.network.connects).toEqual(['10.0.0.2:443'])
  })

  test('because the options forbid them, are nobody to ask for documents until the options allow them', async () => {
    bridges.refusal = () => 'ExcludeNodes forbids the bridge'
    bridges.manager.use([lineAt(0)])
    let isReachable = false
    const waiting = bridges.manager.whenReachable(new AbortController().signal).then(() => {
      isReachable = true
    })
    await settle()
    expect(isReachable).toBe(false)
    bridges.refusal = () => undefined
    bridges.manager.use([lineAt(0)])
    await waiting
    expect(bridges.manager.directories).toHaveLength(1)
  })

  test('are not blamed for what is not their doing', () => {
    bridges.manager.use([lineAt(0)])
    for (const kind of ['aborted', 'closed', 'proxy-failed', 'no-path', 'not-allowed'] as const) {
      bridges.manager.noteChannel(lineAt(0), new TorError(kind, 'not its doing'))
    }
    expect(bridges.manager.views.value[0]?.health.failingSinceMs).toBeUndefined()
    bridges.manager.noteChannel(lineAt(0), new TorError('channel-failed', 'its doing'))
    expect(bridges.manager.views.value[0]?.health.failingSinceMs).toBe(NOW_MS)
  })

  test('do not work because they open channels: only with a descriptor that is any good', async () => {
    bridges.serve(0, bridges.descriptorOf(1))
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await until(() => bridges.failures.length === 1, 'a failure')
    bridges.manager.noteChannel(lineAt(0), undefined)
    expect(bridges.manager.views.value[0]?.health).toMatchObject({
      kind: 'wrong-identity',
      lastWorkedMs: undefined,
    })
  })
})

describe('a change of the bridges', () => {
  test('gives up what is asked of those that are taken away', async () => {
    bridges.answer(0, 'hangs')
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await settle()
    bridges.manager.use([lineAt(1)])
    await until(() => readyCount() === 1, 'the other descriptor')
    expect(bridges.manager.views.value.map(({ line }) => formatBridgeLine(line))).toEqual([
      formatBridgeLine(lineAt(1)),
    ])
    bridges.clock.advance(10 * HOUR_MS)
    await settle()
    expect(bridges.network.connects.filter((address) => address.startsWith('10.0.0.1:'))).toHaveLength(1)
  })

  test('to none is said, and nothing is reached', async () => {
    bridges.manager.use([])
    bridges.manager.start()
    expect(bridges.failures).toEqual(['bridges are wanted, and there is none to connect to'])
    expect(bridges.manager.relays.value).toEqual([])
    expect(bridges.network.connects).toEqual([])
  })

  test('to no use of bridges takes the rows away', async () => {
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await until(() => readyCount() === 1, 'the descriptor')
    bridges.manager.use(undefined)
    expect(bridges.manager.relays.value).toBeUndefined()
    expect(bridges.manager.views.value).toEqual([])
  })

  test('waits, while dormant, for the end of dormancy', async () => {
    bridges = new FakeBridges({ isDormant: true })
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await settle()
    expect(bridges.network.connects).toEqual([])
    bridges.manager.setDormant(false)
    await until(() => readyCount() === 1, 'the descriptor')
  })
})

describe('descriptors that are kept', () => {
  async function storeWith(...indexes: readonly number[]): Promise<MemoryStateStore> {
    bridges.manager.use(indexes.map((index) => lineAt(index)))
    bridges.manager.start()
    await until(() => readyCount() === indexes.length, 'the descriptors')
    await bridges.manager.close()
    return bridges.store
  }

  async function loaded(store: MemoryStateStore): Promise<void> {
    bridges = new FakeBridges({ store })
    await bridges.manager.load()
    bridges.manager.use([lineAt(0), lineAt(1, false)])
  }

  test('serve at the next start, for bridges with a fingerprint alone', async () => {
    await loaded(await storeWith(0, 1))
    expect(readyCount()).toBe(1)
    expect(bridges.manager.relays.value?.[0]?.ids).toMatchObject({ ed25519: identityAt(0).ed25519 })
  })

  test('do not serve when somebody has changed them, or when they are old', async () => {
    const store = await storeWith(0)
    const text = await kept(store)
    await store.write(CACHE, Buffer.from(text.replace('platform Tor', 'platform Tar'), 'latin1'))
    await loaded(store)
    expect(readyCount()).toBe(0)
    await store.write(CACHE, Buffer.from(`garbage\n${text}`, 'latin1'))
    await loaded(store)
    expect(readyCount()).toBe(1)
    bridges = new FakeBridges({ store })
    bridges.clock.jump(30 * 24 * HOUR_MS)
    await bridges.manager.load()
    bridges.manager.use([lineAt(0)])
    expect(readyCount()).toBe(0)
  })

  test('that could not be written are written with the next look, though they are the same', async () => {
    const { store } = bridges
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new TorError('state', 'disk full'))
    bridges.manager.use([lineAt(0)])
    bridges.manager.start()
    await until(() => readyCount() === 1, 'the descriptor')
    await settle()
    store.write = write
    bridges.manager.use([lineAt(0)])
    await bridges.manager.close()
    expect(await kept(store)).toContain(`master-key-ed25519 ${identityAt(0).ed25519}`)
  })

  test('go when their bridge is taken away', async () => {
    const store = await storeWith(0, 1)
    expect(await kept(store)).toContain(`master-key-ed25519 ${identityAt(1).ed25519}`)
    await loaded(store)
    bridges.manager.use([lineAt(0)])
    await bridges.manager.close()
    const text = await kept(store)
    expect(text).toContain(`master-key-ed25519 ${identityAt(0).ed25519}`)
    expect(text).not.toContain(`master-key-ed25519 ${identityAt(1).ed25519}`)
  })
})
