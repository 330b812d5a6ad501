import { describe, expect, it } from 'vitest'
import { DEFAULT_CLIENT_CONFIG, type ClientConfig } from '../../../core/client/config.ts'
import { automaticLimitBytes, createQueueMemory, memoryOfMachine } from '../../../core/client/queue-limit.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { manualClock } from '../../support/manual-clock.ts'

const MEBIBYTE = 1_048_576
const GIBIBYTE = 1_024 * MEBIBYTE

describe('the limit over all queues, where nobody chose one,', () => {
  it.each([
    ['a small machine', 0.25 * GIBIBYTE, 'x64', 256 * MEBIBYTE],
    ['1 GB', GIBIBYTE, 'x64', 0.75 * GIBIBYTE],
    ['just below 8 GB', 8 * GIBIBYTE - 4, 'x64', 6 * GIBIBYTE - 3],
    ['8 GB', 8 * GIBIBYTE, 'arm64', Math.floor(3.2 * GIBIBYTE)],
    ['16 GB', 16 * GIBIBYTE, 'x64', Math.floor(6.4 * GIBIBYTE)],
    ['very much', 256 * GIBIBYTE, 'x64', 8 * GIBIBYTE],
    ['much, of which a process can use little', 16 * GIBIBYTE, 'arm', 2 * GIBIBYTE],
    ['little on such a machine', GIBIBYTE, 'ia32', 0.75 * GIBIBYTE],
  ])('is that of C tor: %s', (_what, memoryBytes, architecture, limitBytes) => {
    expect(automaticLimitBytes(memoryBytes, architecture)).toBe(limitBytes)
  })

  it('follows the memory of this machine, and what a container leaves of it', () => {
    expect(memoryOfMachine()).toBeGreaterThan(64 * MEBIBYTE)
    expect(memoryOfMachine()).toBeLessThan(2 ** 50)
  })
})

it('the limit over all queues is the user’s, also while the client runs', () => {
  const base = { ...DEFAULT_CLIENT_CONFIG, authorities: [], fallbackDirs: [] }
  const config = new WatchedValue<ClientConfig>({ ...base, maxMemInQueuesBytes: 5 * MEBIBYTE })
  const queues = createQueueMemory(config, { clock: manualClock(), log: silentLogger })
  expect(queues.limitBytes).toBe(5 * MEBIBYTE)
  config.set({ ...base, maxMemInQueuesBytes: 3 * MEBIBYTE })
  expect(queues.limitBytes).toBe(3 * MEBIBYTE)
  config.set(base)
  expect(queues.limitBytes).toBe(automaticLimitBytes(memoryOfMachine()))
})
