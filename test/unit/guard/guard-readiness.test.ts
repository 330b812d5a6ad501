import { describe, expect, it } from 'vitest'
import { fakeIdentity, fakeNetDir } from '../../support/fake-net-dir.ts'
import {
  ANY,
  connect,
  connectPlaces,
  GuardBench,
  MINUTE_MS,
  placesInUse,
  readinessAt,
  relays,
  rsaAt,
  SECOND_MS,
} from '../../support/guard-bench.ts'

const netDir = fakeNetDir(relays(100))

async function start(): Promise<{ bench: GuardBench; guards: Awaited<ReturnType<GuardBench['load']>> }> {
  const bench = new GuardBench()
  const guards = await bench.load()
  guards.pickGuard(netDir, ANY)
  // The network is up: what fails from now on fails by its own fault.
  guards.reportChannelAttempt(fakeIdentity(5000))
  guards.reportChannelSuccess(fakeIdentity(5000))
  return { bench, guards }
}

describe('a circuit that was built', () => {
  it('is usable at once through any primary guard', async () => {
    const { guards } = await start()
    for (const place of [0, 1, 2]) expect(readinessAt(guards, netDir, place)).toBe('usable')
  })

  it('is of no use through a relay that is none of our guards', async () => {
    const { guards } = await start()
    expect(guards.readiness(fakeIdentity(999), ANY, netDir)).toBe('unusable')
    expect((await new GuardBench().load()).readiness(fakeIdentity(1), ANY, netDir)).toBe('unusable')
  })

  it('waits while a primary guard may answer, and is usable when all of them have failed', async () => {
    const { guards } = await start()
    connectPlaces(guards, netDir, false, 0, 1)
    const seen: number[] = []
    guards.changes.watch((value) => seen.push(value))
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    connectPlaces(guards, netDir, false, 2)
    expect(seen).toHaveLength(1)
    expect(readinessAt(guards, netDir, 3)).toBe('usable')
    await guards.close()
  })

  it('waits for a better guard in time, and is of no use when that one answers', async () => {
    const { guards } = await start()
    connectPlaces(guards, netDir, false, 0, 1, 2)
    guards.pickGuard(netDir, ANY)
    guards.reportChannelAttempt(rsaAt(guards, 3))
    expect(connect(guards, netDir, () => true)).toBe(netDir.indexOf(rsaAt(guards, 4)))
    expect(readinessAt(guards, netDir, 4)).toBe('waiting')
    expect(guards.sample[4]?.confirmed).toBeUndefined()
    guards.reportChannelSuccess(rsaAt(guards, 3))
    expect(readinessAt(guards, netDir, 3)).toBe('usable')
    expect(readinessAt(guards, netDir, 4)).toBe('unusable')
    expect(guards.sample[3]?.confirmed).toBeDefined()
    await guards.close()
  })

  it('waits no longer than fifteen seconds for a better guard that does not answer, and says when they are over', async () => {
    const { bench, guards } = await start()
    connectPlaces(guards, netDir, false, 0, 1, 2)
    guards.reportChannelAttempt(rsaAt(guards, 3))
    connectPlaces(guards, netDir, true, 4)
    const seen: number[] = []
    guards.changes.watch((value) => seen.push(value))
    expect(readinessAt(guards, netDir, 4)).toBe('waiting')
    bench.clock.advance(15 * SECOND_MS - 1)
    expect(seen).toEqual([])
    bench.clock.advance(1)
    expect(seen).toHaveLength(1)
    expect(readinessAt(guards, netDir, 4)).toBe('usable')
  })

  it('is given up after ten minutes of waiting', async () => {
    const { bench, guards } = await start()
    connectPlaces(guards, netDir, false, 0, 1, 2)
    // The primary guards are worth another try, which nobody makes.
    guards.forgiveFailures()
    connectPlaces(guards, netDir, true, 3)
    const seen: number[] = []
    guards.changes.watch((value) => seen.push(value))
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    bench.clock.advance(10 * MINUTE_MS - 1)
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    expect(seen).toEqual([])
    bench.clock.advance(1)
    expect(seen).toHaveLength(1)
    expect(readinessAt(guards, netDir, 3)).toBe('unusable')
  })

  it('does not wait for a guard that its own restrictions exclude', async () => {
    const { guards } = await start()
    const first = new Set([0, 1, 2].map((place) => netDir.indexOf(rsaAt(guards, place))))
    const restrictions = { purpose: 'circuit', excludes: (index: number) => first.has(index) } as const
    connectPlaces(guards, netDir, true, 3)
    expect(readinessAt(guards, netDir, 3, restrictions)).toBe('usable')
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    // What a restriction led to is used, and is not preferred from then on.
    expect(guards.sample[3]?.confirmed).toBeUndefined()
    await guards.close()
  })

  it('is judged by the relays that its restrictions meant, whatever rows they have in a later consensus', async () => {
    const { guards } = await start()
    const first = new Set([0, 1, 2].map((place) => netDir.indexOf(rsaAt(guards, place))))
    const excludes = (index: number): boolean => {
      if (index >= netDir.relayCount) throw new RangeError('no such row')
      return first.has(index)
    }
    connectPlaces(guards, netDir, true, 3)
    const others = { purpose: 'circuit', excludes: (index: number) => !excludes(index) } as const
    // New relays before and behind the others, which have changed places.
    guards.pickGuard(fakeNetDir([...relays(50, 1000), ...relays(100).reverse(), ...relays(50, 2000)]), ANY)
    expect(readinessAt(guards, netDir, 3, { purpose: 'circuit', excludes })).toBe('usable')
    expect(readinessAt(guards, netDir, 3, others)).toBe('waiting')
    await guards.close()
  })

  it('waits for better guards of which the view that it was picked from knew nothing', async () => {
    const { guards } = await start()
    connectPlaces(guards, netDir, true, 3)
    const first = new Set([0, 1, 2].map((place) => rsaAt(guards, place)))
    const before = fakeNetDir(relays(100).filter(({ id }) => !first.has(fakeIdentity(id))))
    const all = { purpose: 'circuit', excludes: () => true } as const
    expect(readinessAt(guards, before, 3, all)).toBe('waiting')
    await guards.close()
  })

  it('waits for the primary guards when the network was away, though they had failed', async () => {
    const { bench, guards } = await start()
    bench.clock.advance(10 * MINUTE_MS)
    for (let n = 0; n < 3; n++) connect(guards, netDir, () => false)
    connect(guards, netDir, () => true)
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    expect(connect(guards, netDir, () => true)).toBe(netDir.indexOf(rsaAt(guards, 0)))
    expect(readinessAt(guards, netDir, 3)).toBe('unusable')
    await guards.close()
  })

  it('leaves no timer behind when the guards are closed', async () => {
    const { bench, guards } = await start()
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    await guards.close()
    expect(readinessAt(guards, netDir, 3)).toBe('waiting')
    const seen: number[] = []
    guards.changes.watch((value) => seen.push(value))
    bench.clock.advance(60 * MINUTE_MS)
    expect(seen).toEqual([])
  })
})

describe('guards outside the primary ones', () => {
  it('are tried by three at a time, however many circuits ask', async () => {
    const { guards } = await start()
    connectPlaces(guards, netDir, false, 0, 1, 2)
    const picked = new Set<number>()
    for (let n = 0; n < 32; n++) {
      const index = guards.pickGuard(netDir, ANY)
      picked.add(index)
      guards.reportChannelAttempt(netDir.ids(index).rsa)
    }
    expect(picked.size).toBe(3)
  })

  it('are tried further when an attempt was given up without a word', async () => {
    const { bench, guards } = await start()
    connectPlaces(guards, netDir, false, 0, 1, 2)
    guards.reportChannelAttempt(rsaAt(guards, 3))
    expect(placesInUse(guards, netDir)).toEqual([4])
    bench.clock.advance(15 * SECOND_MS)
    expect(placesInUse(guards, netDir)).toEqual([3])
  })
})
