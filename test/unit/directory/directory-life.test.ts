import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { TorError } from '../../../core/util/errors.ts'
import { signConsensus } from '../../support/test-authority.ts'
import { type FakeAnswer, httpReply } from './support/fake-directory.ts'
import {
  BEGIN_MS,
  createLife,
  DAY_MS,
  HOUR_MS,
  type Life,
  LivingNetwork,
  relayTarget,
} from './support/living-network.ts'

const CONSENSUS = '/tor/status-vote/'

function validAfter(life: Life): number {
  return life.manager.current.value?.validAfterMs ?? 0
}

/** From now on every cache answers so when asked for a consensus, and well otherwise. */
function answerConsensus(life: Life, answer: (nowMs: number) => FakeAnswer): void {
  const good = life.living.cache(() => life.clock.wallMs())
  life.network.setDefault((path, headers) =>
    path.startsWith(CONSENSUS) ? answer(life.clock.wallMs()) : good(path, headers),
  )
}

function behaveWell(life: Life): void {
  life.network.setDefault(life.living.cache(() => life.clock.wallMs()))
}

async function expectCleanEnd(life: Life): Promise<void> {
  await life.manager.close()
  expect(life.network.openConnections).toBe(0)
  expect(life.clock.liveTimers()).toBe(0)
}

describe('weeks of directory life', () => {
  it('always have a live view, and cost one answer every two to three hours', async () => {
    const life = createLife()
    await life.manager.start()
    let worstMs = 0
    life.manager.current.watch((view) => {
      expect(view).toBeDefined()
    })
    for (let hour = 0; hour < 14 * 24; hour += 4) {
      await life.pass(4 * HOUR_MS)
      worstMs = Math.max(worstMs, life.clock.wallMs() - (life.manager.current.value?.validUntilMs ?? 0))
    }
    expect(worstMs).toBeLessThanOrEqual(0)
    expect(life.living.served.length).toBeGreaterThan((14 * 24) / 4)
    expect(life.living.served.length).toBeLessThan((14 * 24) / 1.5)
    await expectCleanEnd(life)
  })

  it('see authorities change their keys without a gap', async () => {
    const living = new LivingNetwork()
    living.certificateLifeMs = 10 * DAY_MS
    const life = createLife({ living })
    await life.manager.start()
    for (const authority of living.authorities) {
      await life.pass(DAY_MS)
      authority.changeSigningKey()
    }
    await life.pass(9 * DAY_MS)
    expect(life.manager.progress.value.freshness).toMatch(/fresh|live/)
    await expectCleanEnd(life)
  })
})

describe('a clock that is off by three hours', () => {
  it.each([3 * HOUR_MS, -3 * HOUR_MS])(
    'still serves (%d ms), and does not ask without end',
    async (aheadMs) => {
      const life = createLife({ aheadMs })
      await life.manager.start()
      await life.pass(2 * DAY_MS)
      expect(life.manager.current.value).toBeDefined()
      expect(life.living.served.length).toBeLessThan(2 * 24 * 4)
      expect(
        life.evidence.some(
          ({ source, aheadMs: said }) => source === 'date' && Math.abs(said - aheadMs) < 2_000,
        ),
      ).toBe(true)
      await expectCleanEnd(life)
    },
  )
})

describe('time that was lost', () => {
  it('has the view judged at once and replaced at once', async () => {
    const life = createLife()
    await life.manager.start()
    life.clock.jump(3 * DAY_MS)
    life.manager.reconsider()
    expect(life.manager.current.value).toBeUndefined()
    await life.until(() => validAfter(life) >= BEGIN_MS + 3 * DAY_MS, 'the view of today', 1_000)
    expect(life.clock.monotonicMs()).toBeLessThan(60_000)
    await expectCleanEnd(life)
  })
})

describe('a clock that was wrong for a while', () => {
  it('costs nothing once it is right again: the view that it took away serves as before', async () => {
    const life = createLife()
    await life.manager.start()
    life.network.setDefault('refuses')
    life.clock.jump(3 * DAY_MS)
    life.manager.reconsider()
    expect(life.manager.current.value).toBeUndefined()
    life.clock.jump(-3 * DAY_MS)
    life.manager.reconsider()
    expect(validAfter(life)).toBe(BEGIN_MS)
    await expectCleanEnd(life)
  })
})

describe('a dormant directory', () => {
  it('asks nobody for anything, for days, and fetches what is stale when it wakes', async () => {
    const life = createLife()
    await life.manager.start()
    await life.pass(HOUR_MS / 2)
    life.manager.setDormant(true)
    const asked = life.network.connects.length
    await life.pass(4 * DAY_MS)
    expect(life.network.connects.length).toBe(asked)
    expect(life.manager.current.value).toBeUndefined()
    life.manager.setDormant(false)
    await life.until(() => validAfter(life) >= BEGIN_MS + 4 * DAY_MS, 'the view of today', 1_000)
    await expectCleanEnd(life)
  })

  it('does not even bootstrap before it is woken', async () => {
    const life = createLife({ isDormant: true })
    const starting = life.manager.start()
    await life.pass(DAY_MS)
    expect(life.network.connects).toEqual([])
    life.manager.setDormant(false)
    expect((await starting).relayCount).toBe(9)
    await expectCleanEnd(life)
  })
})

describe('guards that are asked for the next consensus', () => {
  const GUARDS = ['10.0.0.1:11', '10.0.0.1:12', '10.0.0.1:13']
  const isGuard = (address: string): boolean => GUARDS.includes(address)

  it.each<[string, () => FakeAnswer]>([
    ['have nothing newer', () => httpReply(304)],
    ['know of none', () => httpReply(404)],
    ['are busy', () => httpReply(503)],
    ['send nonsense', () => httpReply(200, 'nonsense')],
  ])('and %s lead to nobody else while the view can be used', async (_, answer) => {
    const life = createLife()
    await life.manager.start()
    const before = life.network.connects.length
    answerConsensus(life, answer)
    await life.passByTimers(12 * HOUR_MS)
    const asked = life.network.connects.slice(before)
    expect(asked.length).toBeGreaterThan(6)
    expect(asked.filter((address) => !isGuard(address))).toEqual([])
    await expectCleanEnd(life)
  })

  it('and withhold it are passed by when the view has become of no use', async () => {
    const life = createLife()
    await life.manager.start()
    for (const address of GUARDS) life.network.relays.set(address, () => httpReply(304))
    await life.untilByTimers(() => life.manager.current.value === undefined, 'the view to become too old')
    await life.untilByTimers(() => validAfter(life) > BEGIN_MS + DAY_MS, 'the view of today')
    await expectCleanEnd(life)
  })

  it('and cannot be reached have others asked, and are asked again by turns', async () => {
    const life = createLife()
    await life.manager.start()
    for (const address of GUARDS) life.network.relays.set(address, 'refuses')
    answerConsensus(life, () => httpReply(404))
    const before = life.network.connects.length
    await life.passByTimers(12 * HOUR_MS)
    const asked = life.network.connects.slice(before)
    const guards = asked.filter(isGuard).length
    expect(asked.slice(0, 3).every(isGuard)).toBe(true)
    expect(guards).toBeGreaterThan(asked.length / 3)
    expect(guards).toBeLessThan((asked.length * 2) / 3 + 3)
    await expectCleanEnd(life)
  })

  it('are those of the moment, also when they change during the search', async () => {
    const guards = [relayTarget(11)]
    const life = createLife({ guards })
    await life.manager.start()
    life.network.relays.set('10.0.0.1:11', () => httpReply(304))
    await life.passByTimers(8 * HOUR_MS)
    expect(validAfter(life)).toBe(BEGIN_MS)
    guards.push(relayTarget(12))
    await life.untilByTimers(() => validAfter(life) > BEGIN_MS, 'the consensus of the other guard')
    await expectCleanEnd(life)
  })
})

describe('guards that are picked while a consensus is fetched', () => {
  it('are picked from the newest view, also when its microdescriptors came after its consensus', async () => {
    const missing: number[] = []
    const life = createLife({ onPick: (view) => missing.push(view.missingMicrodescDigests().length) })
    await life.manager.start()
    const before = missing.length
    await life.until(() => validAfter(life) > BEGIN_MS, 'the next consensus')
    expect(new Set(missing.slice(before))).toEqual(new Set([0]))
    await expectCleanEnd(life)
  })
})

describe('a network that is gone', () => {
  it('is not hammered for days, and serves at once when it is said to be back', async () => {
    const life = createLife()
    await life.manager.start()
    life.network.setDefault('refuses')
    const before = life.network.connects.length
    await life.pass(3 * DAY_MS)
    expect(life.network.connects.length - before).toBeLessThan(3 * 24 * 20)
    behaveWell(life)
    life.manager.reconsider()
    await life.until(() => validAfter(life) >= BEGIN_MS + 3 * DAY_MS, 'the view of today', 1_000)
    await expectCleanEnd(life)
  })
})

describe('a directory with nobody to ask', () => {
  it('says so, lets what it has expire, and goes on when there is somebody again', async () => {
    const fallbacks = [21, 22].map(relayTarget)
    const life = createLife({ guards: [], fallbacks })
    await life.manager.start()
    const back = fallbacks.splice(0)
    await life.pass(6 * HOUR_MS)
    expect(life.manager.progress.value).toMatchObject({ freshness: 'stale', blockage: { kind: 'no-path' } })
    await life.pass(2 * DAY_MS)
    expect(life.manager.current.value).toBeUndefined()
    fallbacks.push(...back)
    await life.until(() => validAfter(life) > BEGIN_MS + 2 * DAY_MS, 'the view of today')
    expect(life.manager.progress.value.blockage).toBeUndefined()
    await expectCleanEnd(life)
  })

  it('asks at once when it is told that the options have changed', async () => {
    const fallbacks = [21, 22].map(relayTarget)
    const life = createLife({ guards: [], fallbacks })
    await life.manager.start()
    const back = fallbacks.splice(0)
    await life.pass(6 * HOUR_MS)
    fallbacks.push(...back)
    life.manager.reconsider()
    const nowMs = life.clock.monotonicMs()
    await life.until(() => validAfter(life) > BEGIN_MS, 'a new view', 1_000)
    expect(life.clock.monotonicMs() - nowMs).toBeLessThan(5_000)
    await expectCleanEnd(life)
  })
})

describe('a network that comes to ask for more than we speak', () => {
  it('is used no more, whatever happens then, and the status keeps saying why', async () => {
    const life = createLife()
    await life.manager.start()
    answerConsensus(life, (nowMs) => {
      const [body = ''] = life.living
        .consensusAt(nowMs)
        .toString()
        .split(/^(?=directory-signature )/m)
      const demanding = body.replace(/^required-client-protocols .*$/m, '$&,60')
      return httpReply(200, signConsensus(demanding, life.living.authorities))
    })
    const isOver = (): boolean => life.manager.progress.value.blockage?.kind === 'obsolete-client'
    await life.until(isOver, 'the end')
    expect(life.manager.current.value).toBeUndefined()
    const asked = life.network.connects.length
    behaveWell(life)
    life.manager.reconsider()
    life.manager.beginAnew()
    life.manager.noteFailure(new TorError('channel-failed', 'a bridge is gone'))
    await life.pass(DAY_MS)
    expect([life.manager.current.value, isOver()]).toEqual([undefined, true])
    expect(life.network.connects).toHaveLength(asked)
    await expectCleanEnd(life)
  })
})

describe('hostile caches', () => {
  const signedByFew = (whole: Buffer): Buffer => {
    const parts = whole.toString().split(/^(?=directory-signature )/m)
    return Buffer.from(parts.slice(0, 2).join(''))
  }
  it.each<[string, (life: Life, nowMs: number) => FakeAnswer]>([
    ['replay an older consensus', (life) => httpReply(200, life.living.consensusAt(BEGIN_MS - 2 * HOUR_MS))],
    ['never have a newer one', (life) => httpReply(200, life.living.consensusAt(BEGIN_MS))],
    [
      'have one signed by too few',
      (life, nowMs) => httpReply(200, signedByFew(life.living.consensusAt(nowMs))),
    ],
    ['are busy', () => httpReply(503)],
    [
      'send a bomb over many parts (TROVE-2026-022)',
      () => {
        const part = gzipSync(Buffer.alloc(900_000, 'a'))
        return httpReply(200, Buffer.concat(Array.from({ length: 40 }, () => part)), [
          'Content-Encoding: gzip',
        ])
      },
    ],
    [
      'send a stream without end (TROVE-2026-021)',
      (life, nowMs) =>
        httpReply(200, gzipSync(life.living.consensusAt(nowMs)).subarray(0, -30), ['Content-Encoding: gzip']),
    ],
    [
      'sign with digests that nobody knows (TROVE-2026-019)',
      (life, nowMs) =>
        httpReply(
          200,
          Buffer.from(
            life.living
              .consensusAt(nowMs)
              .toString()
              .replaceAll('directory-signature sha256', 'directory-signature sha4096'),
          ),
        ),
    ],
  ])('that %s are asked no faster and believed in nothing, and we recover from them', async (_, answer) => {
    const life = createLife()
    await life.manager.start()
    life.network.chunkBytes = 65_536
    answerConsensus(life, (nowMs) => answer(life, nowMs))
    const before = life.network.requests.length
    await life.pass(DAY_MS)
    expect(validAfter(life)).toBe(BEGIN_MS)
    expect(life.network.requests.length - before).toBeLessThan(24 * 25)
    behaveWell(life)
    await life.until(() => validAfter(life) > BEGIN_MS, 'recovery')
    await expectCleanEnd(life)
  })
})
