/** When the traffic is looked at, and when not. */
import { describe, expect, it } from 'vitest'
import type { TrafficView } from '../../../../electron/ipc/snapshot.ts'
import { TrafficSampler } from '../../../../electron/session/traffic-sampler.ts'
import { manualClock } from '../../../support/manual-clock.ts'

function setUp() {
  const clock = manualClock()
  const views: TrafficView[] = []
  const sampler = new TrafficSampler(clock, (view) => views.push(view))
  const received = (): readonly number[] => views.at(-1)?.samples.map(({ readBytes }) => readBytes) ?? []
  return { clock, sampler, views, received }
}

describe('the sampling of the traffic', () => {
  it('goes on each second while something moves, and ends with one that shows that nothing does', () => {
    const { clock, sampler, views, received } = setUp()
    sampler.run(true)
    for (const readBytes of [100, 300, 600]) {
      sampler.onStatus({ readBytes, writtenBytes: 0 })
      clock.advance(1_000)
    }
    expect(received()).toEqual([100, 200, 300])
    clock.advance(3_600_000)
    expect(received()).toEqual([100, 200, 300, 0])
    expect(views).toHaveLength(4)
  })

  it('begins again with the first byte, and not with a status that brings none', () => {
    const { clock, sampler, views, received } = setUp()
    sampler.run(true)
    clock.advance(60_000)
    expect(received()).toEqual([0])
    sampler.onStatus({ readBytes: 0, writtenBytes: 0 })
    clock.advance(60_000)
    expect(views).toHaveLength(1)
    sampler.onStatus({ readBytes: 0, writtenBytes: 7 })
    clock.advance(60_000)
    expect(views.at(-1)?.samples.map(({ writtenBytes }) => writtenBytes)).toEqual([0, 7, 0])
    const [, moved] = views.at(-1)?.samples ?? []
    expect(moved?.atMs).toBe(clock.wallMs() - 59_000)
  })

  it('does nothing before a core runs, counts all of one that is stopped, and goes on with the next', () => {
    const { clock, sampler, views, received } = setUp()
    sampler.run(false)
    sampler.onStatus({ readBytes: 5, writtenBytes: 0 })
    clock.advance(10_000)
    expect(views).toEqual([])
    sampler.run(true)
    sampler.run(false)
    expect(received()).toEqual([5, 0])
    sampler.onCoreEnded()
    sampler.run(true)
    sampler.onStatus({ readBytes: 3, writtenBytes: 0 })
    clock.advance(1_000)
    expect(received()).toEqual([5, 0, 3])
    expect(views.at(-1)?.readBytes).toBe(8)
    sampler.close()
    clock.advance(10_000)
    expect(received()).toEqual([5, 0, 3])
  })
})
