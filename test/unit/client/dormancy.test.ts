import { describe, expect, it } from 'vitest'
import { type DormancyConfig, loadDormancy, startState } from '../../../core/client/dormancy.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { countingClock } from '../directory/support/test-clock.ts'

const HOUR_MS = 3_600_000
const DEFAULTS: DormancyConfig = {
  dormantClientTimeoutMs: 24 * HOUR_MS,
  dormantOnFirstStartup: false,
  dormantCanceledByStartup: false,
}

async function client(config: Partial<DormancyConfig> = {}, store = new MemoryStateStore()) {
  const clock = countingClock(0)
  let streams = 0
  const dormancy = await loadDormancy({
    clock,
    store,
    log: silentLogger,
    config: () => ({ ...DEFAULTS, ...config }),
    hasStreams: () => streams > 0,
  })
  const setStreams = (count: number): void => {
    streams = count
  }
  return { clock, store, dormancy, setStreams }
}

describe('dormant mode', () => {
  it('comes after a day without use, and ends with the next request', async () => {
    const { clock, dormancy } = await client()
    clock.advance(23 * HOUR_MS)
    expect(dormancy.isDormant.value).toBe(false)
    clock.advance(2 * HOUR_MS)
    expect(dormancy.isDormant.value).toBe(true)
    dormancy.noteUse()
    expect(dormancy.isDormant.value).toBe(false)
    await dormancy.close()
    expect(clock.liveTimers()).toBe(0)
  })

  it('is put off by each request and by open streams', async () => {
    const { clock, dormancy, setStreams } = await client()
    for (let day = 0; day < 5; day++) {
      clock.advance(20 * HOUR_MS)
      dormancy.noteUse()
    }
    setStreams(1)
    clock.advance(72 * HOUR_MS)
    expect(dormancy.isDormant.value).toBe(false)
    setStreams(0)
    clock.advance(25 * HOUR_MS)
    expect(dormancy.isDormant.value).toBe(true)
    await dormancy.close()
  })

  it('never comes by itself without a timeout, and at once when it is asked for', async () => {
    const { clock, dormancy } = await client({ dormantClientTimeoutMs: undefined })
    clock.advance(1_000 * HOUR_MS)
    expect(dormancy.isDormant.value).toBe(false)
    dormancy.setDormant()
    expect(dormancy.isDormant.value).toBe(true)
    dormancy.wake()
    expect(dormancy.isDormant.value).toBe(false)
    await dormancy.close()
  })

  it('lives on over a restart, with the time that had passed without use', async () => {
    const first = await client()
    first.clock.advance(20 * HOUR_MS)
    await first.dormancy.close()
    const second = await client({}, first.store)
    second.clock.advance(5 * HOUR_MS)
    expect(second.dormancy.isDormant.value).toBe(true)
    await second.dormancy.close()
    const third = await client({}, first.store)
    expect(third.dormancy.isDormant.value).toBe(true)
    await third.dormancy.close()
    const awake = await client({ dormantCanceledByStartup: true }, first.store)
    expect(awake.dormancy.isDormant.value).toBe(false)
    await awake.dormancy.close()
  })

  it('begins dormant at the very first start when it is told to, and only then', () => {
    const config = { ...DEFAULTS, dormantOnFirstStartup: true }
    expect(startState(config, undefined).isDormant).toBe(true)
    expect(startState(config, { isDormant: false, minutesSinceUse: 3 }).isDormant).toBe(false)
  })

  it.each(['', '{', '[]', '{"version":2}', '{"version":1,"isDormant":1,"minutesSinceUse":-1}'])(
    'is not led astray by a damaged document: %j',
    async (text) => {
      const store = new MemoryStateStore()
      await store.write('dormancy.json', Buffer.from(text))
      const { dormancy } = await client({}, store)
      expect(dormancy.isDormant.value).toBe(false)
      await dormancy.close()
    },
  )
})
