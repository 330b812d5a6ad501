import { describe, expect, test } from 'vitest'
import { waitForProcessEnd } from '../../../core/daemon/owning-process.ts'
import type { ProcessTable } from '../../../core/persist/process-identity.ts'
import { manualClock } from '../../support/manual-clock.ts'

class FakeProcesses implements ProcessTable {
  startToken = 'first'
  isThere = true

  self() {
    return this.identify(1)
  }

  identify(pid: number) {
    return Promise.resolve({ pid, startToken: this.startToken })
  }

  isAlive({ startToken }: { startToken: string | undefined }) {
    return Promise.resolve(this.isThere && startToken === this.startToken)
  }

  uptimeMs() {
    return 0
  }
}

async function turn(clock: ReturnType<typeof manualClock>): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
  clock.advance(15_000)
  await new Promise((resolve) => setImmediate(resolve))
}

async function run(change: (processes: FakeProcesses) => void): Promise<{ before: boolean; after: boolean }> {
  const processes = new FakeProcesses()
  const clock = manualClock()
  let isGone = false
  void waitForProcessEnd(7, processes, clock, new AbortController().signal).then(() => {
    isGone = true
  })
  // Each look waits for the table; there are four in a minute.
  for (let look = 0; look < 4; look++) await turn(clock)
  const before = isGone
  change(processes)
  await turn(clock)
  return { before, after: isGone }
}

describe('the owning process', () => {
  test('is missed within 15 seconds', async () => {
    expect(await run((processes) => (processes.isThere = false))).toEqual({ before: false, after: true })
  })

  test('is gone too when another process has its number', async () => {
    expect(await run((processes) => (processes.startToken = 'second'))).toEqual({
      before: false,
      after: true,
    })
  })
})
