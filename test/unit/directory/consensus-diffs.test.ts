import { describe, expect, it } from 'vitest'
import { httpReply } from './support/fake-directory.ts'
import {
  BEGIN_MS,
  createLife,
  HOUR_MS,
  type LivingNetwork,
  makeDiff,
  signedSha3,
} from './support/living-network.ts'

const CONSENSUS = '/tor/status-vote/'

function validAfter(life: ReturnType<typeof createLife>): number {
  return life.manager.current.value?.validAfterMs ?? 0
}

describe('consensus diffs in a directory life', () => {
  it('come hour after hour, each to the one before, and the cache on disk is the whole document', async () => {
    const life = createLife()
    await life.manager.start()
    await life.until(() => validAfter(life) >= BEGIN_MS + 12 * HOUR_MS, 'half a day')
    expect(life.living.served[0]).toBe('whole')
    const later = life.living.served.slice(1)
    expect(later.length).toBeGreaterThan(3)
    expect(new Set(later)).toEqual(new Set(['diff']))
    await life.manager.close()
    const kept = await life.store.read('cached-microdesc-consensus')
    expect(
      Buffer.from(kept ?? []).equals(life.living.consensusAt(validAfter(life) || BEGIN_MS + 12 * HOUR_MS)),
    ).toBe(true)
    expect(life.network.openConnections).toBe(0)
    expect(life.clock.liveTimers()).toBe(0)
  })

  it('are asked for by the digest of what we hold, after a restart too', async () => {
    const life = createLife()
    await life.manager.start()
    await life.manager.close()
    const asked: (string | undefined)[] = []
    const later = createLife({ living: life.living, store: life.store, nowMs: BEGIN_MS + 2.9 * HOUR_MS })
    const good = later.living.cache(() => later.clock.wallMs())
    later.network.setDefault((path, headers) => {
      if (path.startsWith(CONSENSUS)) asked.push(headers.get('X-Or-Diff-From-Consensus'))
      return good(path, headers)
    })
    await later.manager.start()
    await later.until(() => validAfter(later) > BEGIN_MS, 'the next consensus')
    expect(asked[0]).toBe(signedSha3(life.living.consensusAt(BEGIN_MS)))
    expect(later.living.served.at(-1)).toBe('diff')
    await later.manager.close()
  })

  it.each([
    [
      'to a consensus that we do not hold',
      (living: LivingNetwork, nowMs: number) =>
        makeDiff(living.consensusAt(BEGIN_MS - 5 * HOUR_MS), living.consensusAt(nowMs)),
    ],
    [
      'that is cut short',
      (living: LivingNetwork, nowMs: number) =>
        makeDiff(living.consensusAt(BEGIN_MS), living.consensusAt(nowMs)).subarray(0, -20),
    ],
    [
      'that is a bomb (TROVE-2026-042)',
      (living: LivingNetwork) =>
        Buffer.concat([
          makeDiff(living.consensusAt(BEGIN_MS), living.consensusAt(BEGIN_MS)),
          Buffer.alloc(5_000_000, '1d\n'),
        ]),
    ],
    [
      'whose result carries no good signature',
      (living: LivingNetwork, nowMs: number) =>
        makeDiff(
          living.consensusAt(BEGIN_MS),
          Buffer.from(living.consensusAt(nowMs).toString().replace('cc_alg=2', 'cc_alg=3')),
        ),
    ],
  ])('%s give way to the whole document of the same relay', async (_, diff) => {
    const life = createLife()
    await life.manager.start()
    const good = life.living.cache(() => life.clock.wallMs())
    const isWhole: boolean[] = []
    life.network.setDefault((path, headers) => {
      if (!path.startsWith(CONSENSUS)) return good(path, headers)
      const asksForDiff = headers.has('X-Or-Diff-From-Consensus')
      isWhole.push(!asksForDiff)
      return asksForDiff ? httpReply(200, diff(life.living, life.clock.wallMs())) : good(path, headers)
    })
    life.network.chunkBytes = 65_536
    const before = life.network.requests.length
    await life.until(() => validAfter(life) > BEGIN_MS, 'the next consensus')
    expect(isWhole.slice(0, 2)).toEqual([false, true])
    const asked = life.network.requests.slice(before).map((request) => request.split(' ')[0])
    expect(asked[1]).toBe(asked[0])
    await life.manager.close()
    expect(life.network.openConnections).toBe(0)
  })

  it('that nobody asked for are refused', async () => {
    const life = createLife()
    const diff = makeDiff(life.living.consensusAt(BEGIN_MS - HOUR_MS), life.living.consensusAt(BEGIN_MS))
    const good = life.living.cache(() => life.clock.wallMs())
    life.network.setDefault((path, headers) =>
      path.startsWith(CONSENSUS) ? httpReply(200, diff) : good(path, headers),
    )
    life.manager.start().catch(() => {})
    await life.until(() => life.manager.progress.value.blockage !== undefined, 'a blockage', 100)
    expect(life.manager.progress.value.blockage?.kind).toBe('malformed')
    await life.manager.close()
  })
})
