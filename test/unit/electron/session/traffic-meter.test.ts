/** The bytes that the graph shows. */
import { describe, expect, it } from 'vitest'
import { MAX_TRAFFIC_SAMPLES } from '../../../../electron/ipc/snapshot.ts'
import { TrafficMeter } from '../../../../electron/session/traffic-meter.ts'

describe('the traffic', () => {
  it('is sampled as what came since the sample before', () => {
    const meter = new TrafficMeter()
    meter.onStatus({ readBytes: 100, writtenBytes: 10 })
    meter.sample(1000)
    meter.onStatus({ readBytes: 250, writtenBytes: 15 })
    expect(meter.sample(2000)).toEqual({
      readBytes: 250,
      writtenBytes: 15,
      samples: [
        { atMs: 1000, readBytes: 100, writtenBytes: 10 },
        { atMs: 2000, readBytes: 150, writtenBytes: 5 },
      ],
    })
  })

  it('goes on where it was when a new core counts from nothing', () => {
    const meter = new TrafficMeter()
    meter.onStatus({ readBytes: 100, writtenBytes: 10 })
    meter.sample(1000)
    meter.onCoreEnded()
    expect(meter.sample(2000).samples.at(-1)).toEqual({ atMs: 2000, readBytes: 0, writtenBytes: 0 })
    meter.onStatus({ readBytes: 7, writtenBytes: 1 })
    expect(meter.sample(3000)).toMatchObject({ readBytes: 107, writtenBytes: 11 })
    expect(meter.view.samples.at(-1)).toEqual({ atMs: 3000, readBytes: 7, writtenBytes: 1 })
  })

  it('is the same view as long as nothing moves, so that an idle app has nothing to tell', () => {
    const meter = new TrafficMeter()
    meter.onStatus({ readBytes: 100, writtenBytes: 10 })
    meter.sample(1000)
    const atRest = meter.sample(2000)
    expect(atRest.samples.at(-1)).toEqual({ atMs: 2000, readBytes: 0, writtenBytes: 0 })
    expect(meter.sample(3000)).toBe(atRest)
    meter.onStatus({ readBytes: 101, writtenBytes: 10 })
    expect(meter.sample(4000).samples.at(-1)).toEqual({ atMs: 4000, readBytes: 1, writtenBytes: 0 })
  })

  it('ends at rest when it is paused, with all bytes counted', () => {
    const meter = new TrafficMeter()
    meter.onStatus({ readBytes: 100, writtenBytes: 10 })
    const paused = meter.pause(1000)
    expect(paused).toMatchObject({ readBytes: 100, writtenBytes: 10 })
    expect(paused.samples.map(({ readBytes }) => readBytes)).toEqual([100, 0])
    expect(meter.pause(2000)).toBe(paused)
  })

  it('keeps five minutes', () => {
    const meter = new TrafficMeter()
    for (let second = 0; second < 1000; second++) {
      meter.onStatus({ readBytes: second + 1, writtenBytes: 0 })
      meter.sample(second * 1000)
    }
    expect(meter.view.samples).toHaveLength(MAX_TRAFFIC_SAMPLES)
    expect(meter.view.samples.at(-1)?.atMs).toBe(999_000)
  })
})
