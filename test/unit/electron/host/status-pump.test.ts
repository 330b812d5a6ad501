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

describe('the telling of the status', () => {
  it('happens four times a second at most, and only of what is new', () => {
    const clock = manualClock()
    let status: HostStatus | undefined
    let reads = 0
    const told: number[] = []
    const read = (): HostStatus | undefined => {
      reads++
      return status
    }
    const pump = new StatusPump(clock, read, ({ readBytes }) => told.push(readBytes))
    pump.start()
    clock.advance(1_000)
    expect(told).toEqual([])
    for (const bytes of [1, 2, 3]) status = statusOf(bytes)
    clock.advance(250)
    expect(told).toEqual([3])
    clock.advance(10_000)
    expect(told).toEqual([3])
    expect(reads).toBe(45)
    status = undefined
    clock.advance(250)
    status = statusOf(4)
    clock.advance(250)
    expect(told).toEqual([3, 4])
    pump.stop()
    status = statusOf(5)
    clock.advance(10_000)
    expect(told).toEqual([3, 4])
  })
})
