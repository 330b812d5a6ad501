import { describe, expect, it } from 'vitest'
import type { HostStatus } from '../../../../electron/host/protocol.ts'
import { viewHostStatus } from '../../../../electron/host/host-status.ts'
import { StatusPump } from '../../../../electron/host/status-pump.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { STATUS } from './host-samples.ts'

function statusOf(readBytes: number): HostStatus {
  const bandwidth = { readBytes, writtenBytes: 0 }
  const proxies = { socks: undefined, http: undefined, trouble: undefined }
  const now = { wallMs: 0, monotonicMs: 0 }
  return viewHostStatus({ ...STATUS, bandwidth }, { now, policies: [], proxies, failure: undefined })
}

function setUp() {
  const clock = manualClock()
  const core: { status: HostStatus | undefined; reads: number } = { status: undefined, reads: 0 }
  const told: number[] = []
  const read = (): HostStatus | undefined => {
    core.reads++
    return core.status
  }
  const pump = new StatusPump(clock, read, ({ readBytes }) => told.push(readBytes))
  const change = (status: HostStatus | undefined): void => {
    core.status = status
    pump.tellSoon()
  }
  return { clock, core, told, pump, change }
}

describe('the telling of the status', () => {
  it('happens four times a second at most, and only of what is new', () => {
    const { clock, core, told, change } = setUp()
    for (let count = 1; count <= 100; count++) {
      change(statusOf(count))
      clock.advance(10)
    }
    clock.advance(1_000)
    expect(core.reads).toBeLessThanOrEqual(5)
    expect(told.at(-1)).toBe(100)
    expect(told).toEqual([...new Set(told)])
    const before = core.reads
    change(core.status)
    clock.advance(1_000)
    expect(core.reads).toBe(before + 1)
    expect(told.at(-1)).toBe(100)
  })

  it('waits for what belongs together, but not for long', () => {
    const { clock, told, change } = setUp()
    clock.advance(60_000)
    for (const count of [1, 2, 3]) change(statusOf(count))
    clock.advance(99)
    expect(told).toEqual([])
    clock.advance(1)
    expect(told).toEqual([3])
  })

  it('reads nothing and keeps no timer while nothing changes', () => {
    const { clock, core, change } = setUp()
    change(statusOf(1))
    clock.advance(3_600_000)
    expect(core.reads).toBe(1)
  })

  it('tells nothing of a core that does not run, and the first of the next one', () => {
    const { clock, told, change } = setUp()
    change(statusOf(3))
    clock.advance(250)
    change(undefined)
    clock.advance(250)
    change(statusOf(4))
    clock.advance(250)
    expect(told).toEqual([3, 4])
  })

  it('can be hurried, and ends', () => {
    const { clock, core, told, pump, change } = setUp()
    core.status = statusOf(1)
    pump.tell()
    expect(told).toEqual([1])
    change(statusOf(2))
    pump.stop()
    change(statusOf(3))
    clock.advance(10_000)
    expect(told).toEqual([1])
  })
})
