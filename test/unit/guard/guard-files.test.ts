import { describe, expect, it } from 'vitest'
import { SAVE_RETRY_MS } from '../../../core/guard/guard-saver.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { TorError } from '../../../core/util/errors.ts'
import { fakeIdentity, fakeNetDir } from '../../support/fake-net-dir.ts'
import {
  ANY,
  connect,
  connectPlaces,
  DAY_MS,
  GuardBench,
  placesInUse,
  relays,
} from '../../support/guard-bench.ts'

const netDir = fakeNetDir(relays(300))

/** A store in which a client of some history left its guards; the last one confirmed is the fourth of the sample. */
async function storeWithGuards(): Promise<MemoryStateStore> {
  const store = new MemoryStateStore()
  const guards = await new GuardBench(store).load()
  connect(guards, netDir, () => true)
  connectPlaces(guards, netDir, false, 0, 1, 2)
  connect(guards, netDir, () => true)
  await guards.flush()
  return store
}

/** Longer than any write into memory takes. */
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function text(store: MemoryStateStore, name: string): string {
  return Buffer.from(store.peek(name) ?? []).toString()
}

const UNREADABLE = [
  '{"version":2,"content":{"serial":1,"samples":{"default":[{"rsa":"zz"}],"restricted":[]}}}',
  '{"version":2,"content":{"serial":1,"samples":{"default":',
  '{"version":2,"content":{"serial":-1,"samples":{"default":[],"restricted":[]}}}',
  '{"version":2,"content":{"serial":1,"samples":[]}}',
  '\0\0\0\0',
  '',
  `{"version":1,"content":{"sample":[${`{"rsa":"${'A'.repeat(40)}","ed25519":null,"added-at-ms":1,"unlisted-since-ms":null},`.repeat(2).slice(0, -1)}]}}`,
]

const OF_NEWER_VERSION = '{"version":9,"content":{}}'

describe('the file with the guards', () => {
  it('keeps the order of use over a restart', async () => {
    const store = await storeWithGuards()
    const bench = new GuardBench(store, 2)
    const guards = await bench.load()
    guards.pickGuard(netDir, ANY)
    const confirmed = guards.sample.filter((guard) => guard.confirmed !== undefined)
    expect(confirmed.map(({ confirmed: { place } = { place: -1 } }) => place)).toEqual([0, 1])
    for (const { rsa, confirmed: kept } of guards.sample) expect(guards.confirmedMs(rsa)).toBe(kept?.atMs)
    expect(guards.confirmedMs(fakeIdentity(9_999))).toBeUndefined()
    expect(guards.primaryGuards(netDir)).toEqual(
      [0, 3, 1].map((place) => netDir.indexOf(guards.sample[place]?.rsa ?? fakeIdentity(0))),
    )
    expect(bench.lines).toEqual([])
  })

  it('hides when the client was first used: dates are moved back by up to a tenth of the lifetime', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    guards.pickGuard(netDir, ANY)
    const backMs = guards.sample.map((guard) => netDir.validAfterMs - guard.addedAtMs)
    expect(Math.min(...backMs)).toBeGreaterThan(0)
    expect(Math.max(...backMs)).toBeLessThanOrEqual(12 * DAY_MS)
    expect(Math.max(...backMs) - Math.min(...backMs)).toBeGreaterThan(DAY_MS)
  })

  it.each([...UNREADABLE, OF_NEWER_VERSION])(
    'that is damaged costs nothing while its copy is whole, and is said: %j',
    async (damaged) => {
      const store = await storeWithGuards()
      const before = (await new GuardBench(store).load()).sample
      await store.write('guards.json', Buffer.from(damaged))
      const bench = new GuardBench(store, 3)
      const guards = await bench.load()
      expect(guards.sample).toEqual(before)
      expect(bench.warnings()).toHaveLength(2)
      expect(bench.warnings()[1]).toContain('They stay the same')
      expect(text(store, 'guards.json.bad-1')).toBe(damaged)
      await guards.flush()
      // Both are whole again.
      await store.write('guards-copy.json', Buffer.from(damaged))
      const next = new GuardBench(store, 4)
      const again = await next.load()
      expect(again.sample).toEqual(before)
      expect(next.warnings()).toHaveLength(1)
      await again.flush()
      expect(text(store, 'guards-copy.json')).toBe(text(store, 'guards.json'))
    },
  )

  it('that is missing is restored from its copy', async () => {
    const store = await storeWithGuards()
    const before = (await new GuardBench(store).load()).sample
    await store.remove('guards.json')
    const bench = new GuardBench(store)
    expect((await bench.load()).sample).toEqual(before)
    expect(bench.warnings()).toHaveLength(1)
    expect(bench.warnings()[0]).toContain('is missing')
  })

  it('that was rolled back does not bring back an old choice, and is said', async () => {
    const store = new MemoryStateStore()
    const first = await new GuardBench(store).load()
    first.pickGuard(netDir, ANY)
    await first.flush()
    const old = store.peek('guards.json') ?? Buffer.alloc(0)
    connect(first, netDir, () => true)
    connectPlaces(first, netDir, false, 0, 1, 2)
    connect(first, netDir, () => true)
    await first.flush()
    await store.write('guards.json', old)
    const bench = new GuardBench(store, 2)
    const guards = await bench.load()
    expect(guards.sample).toEqual(first.sample)
    expect(bench.warnings()).toHaveLength(1)
    expect(bench.warnings()[0]).toContain('is older than its copy')
    await guards.flush()
    expect((await new GuardBench(store).load()).sample).toEqual(first.sample)
  })

  it('that was rolled back together with its copy still gives the guards of then, in their order', async () => {
    const store = new MemoryStateStore()
    const first = await new GuardBench(store).load()
    connect(first, netDir, () => true)
    await first.flush()
    const old = store.peek('guards.json') ?? Buffer.alloc(0)
    const { sample } = first
    for (let n = 0; n < 30; n++) connect(first, netDir, () => false)
    await first.flush()
    await store.write('guards.json', old)
    await store.write('guards-copy.json', old)
    const guards = await new GuardBench(store, 7).load()
    expect(placesInUse(guards, netDir)).toEqual([0])
    expect(guards.sample).toEqual(sample)
    expect(first.sample.slice(0, sample.length).map(({ rsa }) => rsa)).toEqual(sample.map(({ rsa }) => rsa))
  })

  it('after a crash between the two writes is simply the newer one', async () => {
    const store = await storeWithGuards()
    const copy = store.peek('guards-copy.json') ?? Buffer.alloc(0)
    const guards = await new GuardBench(store).load()
    guards.pickGuard(fakeNetDir(relays(250)), ANY)
    await guards.flush()
    await store.write('guards-copy.json', copy)
    const bench = new GuardBench(store)
    expect((await bench.load()).sample).toEqual(guards.sample)
    expect(bench.lines).toEqual([])
  })

  it.each(UNREADABLE)(
    'that cannot be read, nor its copy, is kept and said before guards are drawn anew: %j',
    async (damaged) => {
      const store = new MemoryStateStore()
      const bench = new GuardBench(store)
      await store.write('guards.json', Buffer.from(damaged))
      await store.write('guards-copy.json', Buffer.from(damaged))
      const guards = await bench.load()
      expect(bench.warnings()).toHaveLength(3)
      expect(bench.warnings()[2]).toContain('New guards will be chosen')
      guards.pickGuard(netDir, ANY)
      await guards.flush()
      expect(text(store, 'guards.json.bad-1')).toBe(damaged)
      expect(text(store, 'guards-copy.json.bad-1')).toBe(damaged)
      expect((await bench.load()).sample).toEqual(guards.sample)
    },
  )

  it.each([
    ['both', OF_NEWER_VERSION, OF_NEWER_VERSION],
    ['the first, the other being damaged', OF_NEWER_VERSION, 'damaged'],
    ['the copy, the other being damaged', 'damaged', OF_NEWER_VERSION],
    ['the first, the other being gone', OF_NEWER_VERSION, undefined],
  ])('that a newer version wrote stops the start and stays in its place: %s', async (_which, main, copy) => {
    const store = new MemoryStateStore()
    await store.write('guards.json', Buffer.from(main))
    if (copy !== undefined) await store.write('guards-copy.json', Buffer.from(copy))
    const before = store.names()
    for (let starts = 0; starts < 2; starts++) {
      const loading = new GuardBench(store).load()
      await expect(loading).rejects.toMatchObject({ kind: 'newer-guards' })
      await expect(loading).rejects.toThrow(/newer version .* nothing is started/)
    }
    expect(store.names()).toEqual(before)
    expect(text(store, 'guards.json')).toBe(main)
  })

  it('can be put back by the user after it was lost: it wins over what was drawn since', async () => {
    const store = await storeWithGuards()
    const kept = store.peek('guards.json') ?? Buffer.alloc(0)
    const { sample } = await new GuardBench(store).load()
    await store.write('guards.json', Buffer.from('lost'))
    await store.write('guards-copy.json', Buffer.from('lost'))
    const guards = await new GuardBench(store, 5).load()
    guards.pickGuard(netDir, ANY)
    await guards.flush()
    expect(guards.sample).not.toEqual(sample)
    await store.write('guards.json', kept)
    expect((await new GuardBench(store).load()).sample).toEqual(sample)
  })

  it('of version 1 gives the same guards in the same order', async () => {
    const store = new MemoryStateStore()
    const sample = [7, 3, 9].map((id) => ({
      rsa: fakeIdentity(id),
      ed25519: null,
      'added-at-ms': netDir.validAfterMs - DAY_MS,
      'unlisted-since-ms': null,
    }))
    await store.write('guards.json', Buffer.from(JSON.stringify({ version: 1, content: { sample } })))
    const bench = new GuardBench(store)
    const guards = await bench.load()
    expect(placesInUse(guards, netDir)).toEqual([0])
    expect(guards.primaryGuards(netDir)).toEqual([6, 2, 8])
    expect(guards.sample).toHaveLength(20)
    await guards.flush()
    expect(JSON.parse(text(store, 'guards.json'))).toMatchObject({ version: 2 })
    expect(bench.lines).toEqual([])
  })

  it('keeps what a newer version said of guards, and samples of other names', async () => {
    const store = await storeWithGuards()
    const file = text(store, 'guards.json')
      .replace('"samples": {', '"samples": { "vanguards": [{ "layer": "x" }],')
      .replace('"rsa"', '"path-bias": { "tries": 5 }, "__proto__": { "polluted": true }, "rsa"')
      .replace(/"serial": [0-9]+/, '"serial": 100')
    await store.write('guards.json', Buffer.from(file))
    const guards = await new GuardBench(store).load()
    guards.pickGuard(fakeNetDir(relays(250)), ANY)
    await guards.flush()
    const flat = text(store, 'guards.json').replaceAll(/\s+/g, '')
    expect(flat).toContain('"vanguards":[{"layer":"x"}]')
    expect(flat).toContain('"path-bias":{"tries":5},"__proto__":{"polluted":true},"rsa"')
    expect(flat).toMatch(/"serial":10[1-9]/)
    expect({}).not.toHaveProperty('polluted')
  })

  it('with the largest of all numbers can still be written and read again', async () => {
    const store = await storeWithGuards()
    const file = text(store, 'guards.json')
      .replace(/"serial": [0-9]+/, `"serial": ${Number.MAX_SAFE_INTEGER}`)
      .replace('"place": 1', `"place": ${Number.MAX_SAFE_INTEGER}`)
    await store.write('guards.json', Buffer.from(file))
    const guards = await new GuardBench(store).load()
    const third = guards.sample[1]?.rsa
    for (let n = 0; n < 6; n++) connect(guards, netDir, (rsa) => rsa === third)
    await guards.flush()
    const bench = new GuardBench(store)
    expect((await bench.load()).sample).toEqual(guards.sample)
    expect(guards.sample.flatMap(({ confirmed }) => confirmed?.place ?? [])).toEqual([0, 2, 1])
    expect(bench.lines).toEqual([])
  })

  it('that the disk does not give up stops the start rather than changing guards', async () => {
    const store = new MemoryStateStore()
    store.read = () => Promise.reject(new TorError('state', 'no permission'))
    await expect(new GuardBench(store).load()).rejects.toMatchObject({ kind: 'state' })
  })

  it('that cannot be written is said once, and the choice holds while the client runs', async () => {
    const store = new MemoryStateStore()
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new TorError('state', 'disk full'))
    const bench = new GuardBench(store)
    const guards = await bench.load()
    const first = guards.pickGuard(netDir, ANY)
    await guards.flush()
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    await guards.flush()
    expect(bench.warnings()).toEqual(['warn The choice of guards cannot be saved: disk full'])
    store.write = write
    await guards.close()
    expect((await new GuardBench(store).load()).sample).toEqual(guards.sample)
  })

  it('that cannot be written is tried again by itself, and no more once the client is closed', async () => {
    const store = new MemoryStateStore()
    const write = store.write.bind(store)
    store.write = () => Promise.reject(new TorError('state', 'disk full'))
    const bench = new GuardBench(store)
    const guards = await bench.load()
    connect(guards, netDir, () => true)
    for (let tries = 0; tries < 3; tries++) {
      await nextTurn()
      bench.clock.advance(SAVE_RETRY_MS)
    }
    await nextTurn()
    expect(bench.warnings()).toHaveLength(1)
    store.write = write
    bench.clock.advance(SAVE_RETRY_MS)
    await nextTurn()
    expect(bench.clock.nextTimerMs()).toBeUndefined()
    expect((await new GuardBench(store).load()).sample).toEqual(guards.sample)
    store.write = () => Promise.reject(new TorError('state', 'disk full'))
    connectPlaces(guards, netDir, true, 1)
    guards.pickGuard(fakeNetDir(relays(250)), ANY)
    await nextTurn()
    expect(bench.clock.nextTimerMs()).toBe(SAVE_RETRY_MS)
    await guards.close()
    expect(bench.clock.nextTimerMs()).toBeUndefined()
  })

  it('is not written again when nothing changed', async () => {
    const store = new MemoryStateStore()
    let writes = 0
    const write = store.write.bind(store)
    store.write = (name, bytes) => {
      writes++
      return write(name, bytes)
    }
    const guards = await new GuardBench(store).load()
    for (let n = 0; n < 10; n++) {
      guards.pickGuard(fakeNetDir(relays(30)), ANY)
      await guards.flush()
    }
    expect(writes).toBe(2)
  })
})
