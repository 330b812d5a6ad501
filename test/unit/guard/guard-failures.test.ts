import { describe, expect, it } from 'vitest'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { fakeIdentity, fakeNetDir } from '../../support/fake-net-dir.ts'
import {
  ANY,
  connect,
  DAY_MS,
  GuardBench,
  HOUR_MS,
  MINUTE_MS,
  NEW_FAILURE,
  placeOf,
  placesInUse,
  relays,
  rsaAt,
  SECOND_MS,
} from '../../support/guard-bench.ts'

describe('a guard that cannot be reached', () => {
  it('is passed over until its retry time and then is first again', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = connect(guards, netDir, () => true)
    guards.reportChannelFailure(netDir.ids(first).rsa, NEW_FAILURE)
    expect(placesInUse(guards, netDir)).toEqual([1])
    bench.clock.advance(30 * SECOND_MS - 1)
    expect(placesInUse(guards, netDir)).toEqual([1])
    bench.clock.advance(2)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('is tried less and less often, at times that nobody can foretell, at least every six hours', async () => {
    const waits = async (seed: number): Promise<number[]> => {
      const bench = new GuardBench(new MemoryStateStore(), seed)
      const guards = await bench.load()
      const netDir = fakeNetDir(relays(300))
      const first = guards.pickGuard(netDir, ANY)
      return Array.from({ length: 30 }, () => {
        guards.reportChannelFailure(netDir.ids(first).rsa, NEW_FAILURE)
        const fromMs = bench.clock.monotonicMs()
        while (guards.pickGuard(netDir, ANY) !== first) bench.clock.advance(10 * SECOND_MS)
        return bench.clock.monotonicMs() - fromMs
      })
    }
    const waited = await waits(1)
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(30 * SECOND_MS)
    expect(Math.max(...waited)).toBeLessThanOrEqual(6 * HOUR_MS + 10 * SECOND_MS)
    expect(Math.max(...waited.slice(20))).toBeGreaterThan(HOUR_MS)
    expect(await waits(2)).not.toEqual(waited)
  })

  it('is blamed once for one connection, however many circuits waited for it', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    const { rsa } = netDir.ids(first)
    const beganMs = bench.clock.monotonicMs()
    guards.reportChannelAttempt(rsa)
    bench.clock.advance(20 * SECOND_MS)
    for (let waiter = 0; waiter < 32; waiter++) guards.reportChannelFailure(rsa, { ...NEW_FAILURE, beganMs })
    bench.clock.advance(30 * SECOND_MS)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('is blamed no second time by a circuit that joined the attempt late and gave it up late', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = guards.pickGuard(netDir, ANY)
    const { rsa } = netDir.ids(first)
    const waitersMs = [0, 10, 20].map((s) => bench.clock.monotonicMs() + s * SECOND_MS)
    guards.reportChannelAttempt(rsa)
    bench.clock.advance(60 * SECOND_MS)
    for (const beganMs of waitersMs) {
      guards.reportChannelFailure(rsa, { ...NEW_FAILURE, beganMs })
      bench.clock.advance(10 * SECOND_MS)
    }
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    // One that begins now is another one.
    guards.reportChannelFailure(rsa, { ...NEW_FAILURE, beganMs: bench.clock.monotonicMs() })
    expect(guards.pickGuard(netDir, ANY)).not.toBe(first)
  })

  it('is not brought back or kept away by a jump of the wall clock', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = connect(guards, netDir, () => false)
    bench.clock.jump(30 * DAY_MS)
    expect(guards.pickGuard(netDir, ANY)).not.toBe(first)
    bench.clock.jump(-60 * DAY_MS)
    bench.clock.advance(MINUTE_MS)
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('is tried again when the network comes back, since the failures were the network’s', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = connect(guards, netDir, () => true)
    bench.clock.advance(10 * MINUTE_MS)
    for (let n = 0; n < 3; n++) connect(guards, netDir, () => false)
    const fourth = connect(guards, netDir, () => true)
    expect(placeOf(guards, netDir, fourth)).toBe(3)
    expect(guards.sample[3]?.confirmed).toBeUndefined()
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    // The network is known to be up now: the next failures are the guards' own.
    for (let n = 0; n < 3; n++) connect(guards, netDir, () => false)
    expect(connect(guards, netDir, () => true)).toBe(fourth)
    expect(placesInUse(guards, netDir)).toEqual([3])
    expect(guards.sample[3]?.confirmed).toBeDefined()
  })

  it('is tried again and waited for when this machine had no way out for some seconds', async () => {
    const bench = new GuardBench()
    const guards = await bench.load()
    const netDir = fakeNetDir(relays(300))
    const first = connect(guards, netDir, () => true)
    bench.clock.advance(3 * MINUTE_MS)
    for (let n = 0; n < 5; n++) {
      const { rsa } = netDir.ids(guards.pickGuard(netDir, ANY))
      guards.reportChannelAttempt(rsa)
      guards.reportChannelFailure(rsa, { ...NEW_FAILURE, isWithoutRoute: true })
      bench.clock.advance(SECOND_MS)
    }
    const sixth = connect(guards, netDir, () => true)
    expect(placeOf(guards, netDir, sixth)).toBe(5)
    expect(guards.readiness(rsaAt(guards, 5), ANY, netDir)).toBe('waiting')
    expect(guards.sample[5]?.confirmed).toBeUndefined()
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
    await guards.close()
  })

  it('is left for one that can be reached when there is no way to it alone, as to IPv6 without IPv6', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300))
    const isRouted = (rsa: RsaIdentity): boolean => guards.sample.findIndex((g) => g.rsa === rsa) > 2
    const open = new Set<RsaIdentity>()
    const tries = Array.from({ length: 20 }, () => {
      const { rsa } = netDir.ids(guards.pickGuard(netDir, ANY))
      if (!open.has(rsa)) guards.reportChannelAttempt(rsa)
      if (isRouted(rsa)) {
        open.add(rsa)
        guards.reportChannelSuccess(rsa)
      } else {
        guards.reportChannelFailure(rsa, { ...NEW_FAILURE, isWithoutRoute: true })
      }
      return guards.readiness(rsa, ANY, netDir)
    })
    expect(placesInUse(guards, netDir)).toEqual([3])
    expect(tries.slice(-10)).toEqual(tries.slice(-10).map(() => 'usable'))
    await guards.close()
  })

  it('is tried again at once when the machine woke up or has another network', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(300))
    const first = connect(guards, netDir, () => false)
    expect(guards.pickGuard(netDir, ANY)).not.toBe(first)
    guards.forgiveFailures()
    expect(guards.pickGuard(netDir, ANY)).toBe(first)
  })

  it('is blamed only for what it was picked for: no fallback directory and no stranger changes the order', async () => {
    const guards = await new GuardBench().load()
    const netDir = fakeNetDir(relays(30))
    const first = guards.pickGuard(netDir, ANY)
    guards.reportChannelFailure(fakeIdentity(999), NEW_FAILURE)
    guards.reportChannelSuccess(fakeIdentity(999))
    // Its channel was opened for something else, say as a directory of the first start.
    for (let n = 0; n < 5; n++) {
      guards.reportChannelAttempt(rsaAt(guards, 7))
      guards.reportChannelSuccess(rsaAt(guards, 7))
    }
    expect(guards.sample[7]?.confirmed).toBeUndefined()
    expect(placesInUse(guards, netDir)).toEqual([placeOf(guards, netDir, first)])
  })
})
