import { describe, expect, it } from 'vitest'
import type { BuildOutcome } from '../../../core/circuit-manager/circuit-builder.ts'
import { ConnectionWatch } from '../../../core/client/connection-watch.ts'
import type { BootstrapStatus } from '../../../core/client/status.ts'
import { TorError } from '../../../core/util/errors.ts'
import { createDeferred, type Deferred } from '../../../core/util/deferred.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const REFUSED = new TorError('channel-failed', 'the guard does not answer')
const FAILED: BuildOutcome = { kind: 'failed', error: REFUSED }
const LOST: BuildOutcome = { kind: 'lost', error: REFUSED }

function setUp() {
  const clock = manualClock()
  const outcomes = new WatchedValue<BuildOutcome | undefined>(undefined)
  const opened = new WatchedValue(0)
  const lifetime = new AbortController()
  const checks: Deferred<void>[] = []
  const net = { hasOpenPath: true, mayCheck: true, verified: 0, restored: 0 }
  const connected: BootstrapStatus = {
    phase: 'done',
    progress: undefined,
    blockage: undefined,
    isConnected: true,
  }
  let bootstrap = connected
  const watch = new ConnectionWatch({
    clock,
    random: seededRandom(1),
    log: silentLogger,
    board: {
      get bootstrap() {
        return bootstrap
      },
      setBootstrap: (next) => {
        bootstrap = next
      },
      noteVerified: () => net.verified++,
      opened,
    },
    outcomes,
    hasOpenPath: () => net.hasOpenPath,
    mayCheck: () => net.mayCheck,
    check: () => {
      const check = createDeferred<void>()
      checks.push(check)
      return check.promise
    },
    onRestored: () => net.restored++,
    lifetime: lifetime.signal,
  })
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn++) await Promise.resolve()
  }
  return {
    pass: async (ms: number): Promise<void> => {
      clock.advance(ms)
      await settle()
    },
    ...{ clock, outcomes, opened, lifetime, checks, net, watch, settle },
    status: () => bootstrap,
    answer: async (error?: TorError): Promise<void> => {
      const check = checks.at(-1)
      if (error === undefined) check?.resolve()
      else check?.reject(error)
      await settle()
    },
    tell: (...news: readonly BuildOutcome[]): void => {
      for (const outcome of news) outcomes.set({ ...outcome })
    },
  }
}

describe('the watch over the connection', () => {
  it('sends nothing while circuits are built, and while one of several is lost', () => {
    const { tell, checks, status } = setUp()
    tell({ kind: 'built' }, FAILED, { kind: 'built' }, LOST, FAILED, FAILED, { kind: 'built' })
    expect(checks).toHaveLength(0)
    expect(status().isConnected).toBe(true)
  })

  it('looks at once when the last circuit is lost, and says that the guard does not answer', async () => {
    const { tell, checks, status, net, answer } = setUp()
    net.hasOpenPath = false
    tell(LOST)
    expect(checks).toHaveLength(1)
    expect(status().isConnected).toBe(true)
    await answer(REFUSED)
    expect(status()).toMatchObject({
      phase: 'done',
      isConnected: false,
      blockage: { kind: 'channel-failed', failures: 1, stuckAt: 'done' },
    })
  })

  it('tries again until a stream goes through, and then all is well', async () => {
    const { tell, checks, status, net, answer, pass } = setUp()
    net.hasOpenPath = false
    tell(LOST)
    await answer(REFUSED)
    for (const tries of [2, 3, 4]) {
      await pass(10_000)
      expect(checks).toHaveLength(tries)
      await answer(REFUSED)
    }
    expect(status().blockage?.failures).toBe(4)
    await pass(10_000)
    await answer()
    expect(status()).toMatchObject({ isConnected: true, blockage: undefined })
    expect(net).toMatchObject({ verified: 1, restored: 1 })
    await pass(60_000)
    expect(checks).toHaveLength(5)
  })

  it('looks after several failures in a row, and forgives one bad relay while circuits are open', async () => {
    const { tell, checks, status, answer, pass } = setUp()
    tell(FAILED, FAILED)
    expect(checks).toHaveLength(0)
    tell(FAILED)
    expect(checks).toHaveLength(1)
    await answer(REFUSED)
    expect(status().isConnected).toBe(true)
    await pass(10_000)
    await answer(REFUSED)
    expect(status().isConnected).toBe(false)
  })

  it('sends one check at a time, however many circuits fail', async () => {
    const { tell, checks, net, answer } = setUp()
    net.hasOpenPath = false
    for (let at = 0; at < 100; at++) tell(FAILED, LOST)
    expect(checks).toHaveLength(1)
    await answer(REFUSED)
    for (let at = 0; at < 100; at++) tell(FAILED, LOST)
    expect(checks).toHaveLength(1)
  })

  it('lets nobody set its pace: who kills all circuits again and again is met with pauses, and with the truth', async () => {
    const { tell, checks, net, answer, pass, status } = setUp()
    net.hasOpenPath = false
    tell(LOST)
    await answer()
    for (let at = 0; at < 20; at++) {
      tell(LOST)
      expect(status().isConnected).toBe(false)
      await pass(100)
    }
    expect(checks.length).toBeLessThan(4)
    await pass(10_000)
    await answer()
    expect(status().isConnected).toBe(true)
    await pass(60_000)
    const before = checks.length
    tell(LOST)
    expect(checks).toHaveLength(before + 1)
  })

  it('looks again at once when a circuit could be built', async () => {
    const { tell, checks, net, answer, settle, status } = setUp()
    net.hasOpenPath = false
    tell(LOST)
    await answer(REFUSED)
    tell({ kind: 'built' })
    await settle()
    expect(checks).toHaveLength(2)
    await answer()
    expect(status().isConnected).toBe(true)
  })

  it("takes an application's stream for proof, at once", async () => {
    const { tell, net, answer, opened, status } = setUp()
    net.hasOpenPath = false
    tell(LOST)
    await answer(REFUSED)
    opened.set(1)
    expect(status()).toMatchObject({ isConnected: true, blockage: undefined })
  })

  it('says that nothing answers when a check is silent, and believes a stream that went through meanwhile', async () => {
    const silent = setUp()
    silent.net.hasOpenPath = false
    silent.tell(LOST)
    silent.clock.advance(3_000)
    expect(silent.status()).toMatchObject({ isConnected: false, blockage: { kind: 'timeout' } })
    await silent.answer()
    expect(silent.status().isConnected).toBe(true)

    const busy = setUp()
    busy.net.hasOpenPath = false
    busy.tell(LOST)
    busy.opened.set(1)
    busy.clock.advance(15_000)
    expect(busy.status().isConnected).toBe(true)
  })

  it('sends nothing while the network is not wanted, and looks when it is wanted again', async () => {
    const { tell, checks, net, watch, settle } = setUp()
    net.mayCheck = false
    net.hasOpenPath = false
    tell(LOST, FAILED)
    watch.checkSoon()
    await settle()
    expect(checks).toHaveLength(0)
    net.mayCheck = true
    watch.checkSoon()
    expect(checks).toHaveLength(1)
  })

  it('ends with the client', async () => {
    const { tell, checks, net, answer, pass, lifetime, status, settle } = setUp()
    net.hasOpenPath = false
    tell(LOST)
    lifetime.abort()
    await answer(REFUSED)
    await pass(60_000)
    tell(LOST)
    await settle()
    expect(checks).toHaveLength(1)
    expect(status().isConnected).toBe(true)
  })
})
