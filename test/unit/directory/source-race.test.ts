import { expect, it } from 'vitest'
import { PATIENCE_MS } from '../../../core/directory/directory-sources.ts'
import { BOOTSTRAP_RETRY, raceSources } from '../../../core/directory/source-race.ts'
import { SourceRecords } from '../../../core/directory/source-records.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { relayTarget } from './support/living-network.ts'
import { countingClock, settle } from './support/test-clock.ts'

it('a source that sends steadily has the line for itself, however slow the line is', async () => {
  const clock = countingClock(0)
  const asked: ((bytes: number) => void)[] = []
  const closing = new AbortController()
  const sources = [1, 2].map((n) => ({ kind: 'fallback' as const, target: relayTarget(n) }))
  const racing = raceSources<never>(
    {
      tiers: () => [{ sources, notBeforeMs: 0 }],
      records: new SourceRecords(),
      clock,
      random: seededRandom(1),
      retry: BOOTSTRAP_RETRY,
      attempt: (_source, signal, onProgress) => {
        asked.push(onProgress)
        return new Promise((_, reject) => signal.addEventListener('abort', reject, { once: true }))
      },
      discard: () => {},
      onFailure: () => {},
    },
    closing.signal,
  )
  racing.catch(() => {})
  for (let second = 0; second < 90; second += 2) {
    asked[0]?.(4_000)
    clock.advance(2_000)
    await settle()
  }
  expect(clock.monotonicMs()).toBeGreaterThan(4 * PATIENCE_MS)
  expect(asked).toHaveLength(1)
  clock.advance(4_000)
  expect(asked).toHaveLength(2)
  closing.abort()
  await expect(racing).rejects.toMatchObject({ kind: 'aborted' })
  expect(clock.liveTimers()).toBe(0)
})
