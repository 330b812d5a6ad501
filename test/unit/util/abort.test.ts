import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import {
  abortable,
  abortError,
  createLifetime,
  throwIfAborted,
  withLimit,
  withTimeout,
} from '../../../core/util/abort.ts'
import { type Clock, sleep } from '../../../core/util/clock.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { TorError } from '../../../core/util/errors.ts'
import { type StopSignal, StopSource } from '../../../core/util/stop-signal.ts'
import { manualClock } from '../../support/manual-clock.ts'

const aborted: unknown = expect.objectContaining({ kind: 'aborted' })

function listeners(signal: AbortSignal): number {
  return getEventListeners(signal, 'abort').length
}

describe('a wait that can be aborted', () => {
  it('ends with the promise and leaves nothing on the signal', async () => {
    const { signal } = new AbortController()
    expect(await abortable(Promise.resolve(7), signal)).toBe(7)
    await expect(abortable(Promise.reject(new Error('no')), signal)).rejects.toThrow('no')
    await Promise.resolve()
    expect(listeners(signal)).toBe(0)
  })

  it('ends with the signal, and swallows what the promise says later', async () => {
    const controller = new AbortController()
    const deferred = createDeferred<number>()
    const waiting = abortable(deferred.promise, controller.signal)
    controller.abort()
    await expect(waiting).rejects.toThrow(aborted)
    deferred.reject(new Error('nobody hears this'))
  })

  it('ends at once for a signal that has fired', async () => {
    await expect(abortable(new Promise(() => {}), AbortSignal.abort())).rejects.toThrow(aborted)
    expect(() => throwIfAborted(AbortSignal.abort())).toThrow(aborted)
    expect(() => throwIfAborted(undefined)).not.toThrow()
  })

  it('fails with the error of whoever aborted, when that is one of ours', () => {
    const reason = new TorError('closed', 'the client is closed')
    expect(abortError(AbortSignal.abort(reason))).toBe(reason)
    expect(abortError(AbortSignal.abort(new Error('theirs')))).toMatchObject({ kind: 'aborted' })
  })

  it('may hang on a lifetime by the hundred without a warning', async () => {
    const lifetime = createLifetime()
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    const waits = Array.from({ length: 200 }, () => abortable(new Promise(() => {}), lifetime.signal))
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', onWarning)
    lifetime.abort()
    expect((await Promise.allSettled(waits)).every(({ status }) => status === 'rejected')).toBe(true)
    expect(warnings).toEqual([])
  })
})

describe('work with a time limit that goes on in spite of trouble', () => {
  it('says what the last trouble was when its time is over', async () => {
    const clock = manualClock()
    const [first, last] = ['first', 'last'].map(
      (name) => new TorError('circuit-failed', `the ${name} trouble`),
    )
    const working = withLimit(clock, 100, 'the work', undefined, (signal) => {
      for (const trouble of [first, last]) if (trouble !== undefined) signal.noteTrouble?.(trouble)
      return new Promise(() => {})
    })
    clock.advance(100)
    await expect(working).rejects.toMatchObject({ kind: 'timeout', retry: 'elsewhere', cause: last })
    await expect(working).rejects.toThrow(/the work.*the last trouble/)
  })

  it('tells it to whoever waits for it with a longer limit', async () => {
    const outer = new StopSource()
    const trouble = new TorError('circuit-failed', 'trouble')
    await withLimit(manualClock(), 100, 'the work', outer, async (signal) => signal.noteTrouble?.(trouble))
    expect(outer.trouble).toBe(trouble)
  })
})

describe.each([
  ['the platform’s', withTimeout],
  ['a light', withLimit],
])('work with a time limit and %s signal', (_kind, run) => {
  it('ends with the work, and the timer with it', async () => {
    const clock = manualClock()
    const { signal } = new AbortController()
    let inner: StopSignal | undefined
    const result = await run(clock, 100, 'the work', signal, (given: StopSignal) => {
      inner = given
      return Promise.resolve('done')
    })
    expect(result).toBe('done')
    clock.advance(1000)
    expect(inner?.aborted).toBe(false)
    expect(listeners(signal)).toBe(0)
  })

  it('ends when the time is over, and says what took so long', async () => {
    const clock = manualClock()
    let inner: StopSignal | undefined
    const working = run(clock, 100, 'the work', undefined, (given: StopSignal) => {
      inner = given
      return new Promise(() => {})
    })
    clock.advance(99)
    expect(inner?.aborted).toBe(false)
    clock.advance(1)
    expect(inner?.aborted).toBe(true)
    await expect(working).rejects.toMatchObject({ kind: 'timeout', retry: 'elsewhere' })
    await expect(working).rejects.toThrow(/the work/)
  })

  it('ends with the caller’s signal', async () => {
    const controller = new AbortController()
    const reason = new TorError('closed', 'the client is closed')
    const working = run(manualClock(), 100, 'the work', controller.signal, (inner: StopSignal) =>
      abortable(new Promise(() => {}), inner),
    )
    controller.abort(reason)
    await expect(working).rejects.toBe(reason)
  })

  it('leaves neither timer nor listener behind, however it ends', async () => {
    const system = manualClock()
    let timers = 0
    const clock: Clock = {
      ...system,
      setTimer(delayMs, callback) {
        timers++
        const timer = system.setTimer(delayMs, callback)
        let isDone = false
        return {
          cancel() {
            if (!isDone) timers--
            isDone = true
            timer.cancel()
          },
        }
      },
    }
    const { signal } = new AbortController()
    const cancelled = new AbortController()
    const endless = new Promise<void>(() => {})
    const works = [
      run(clock, 100, 'the work', signal, () => Promise.resolve()),
      run(clock, 100, 'the work', signal, () => Promise.reject(new Error('no'))),
      run(clock, 100, 'the work', signal, () => {
        throw new Error('no')
      }),
      run(clock, 100, 'the work', cancelled.signal, () => endless),
    ]
    cancelled.abort()
    const ends = await Promise.allSettled(works)
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected'])
    expect([timers, listeners(signal), listeners(cancelled.signal)]).toEqual([0, 0, 0])
  })

  it('does not begin for a signal that has fired', async () => {
    let hasBegun = false
    const working = run(manualClock(), 100, 'the work', AbortSignal.abort(), async () => {
      hasBegun = true
    })
    await expect(working).rejects.toThrow(aborted)
    expect(hasBegun).toBe(false)
  })
})

describe('sleeping', () => {
  it('lasts as long as it was told', async () => {
    const clock = manualClock()
    let isAwake = false
    const sleeping = sleep(clock, 50).then(() => (isAwake = true))
    clock.advance(49)
    await Promise.resolve()
    expect(isAwake).toBe(false)
    clock.advance(1)
    await sleeping
  })

  it('ends with the signal, and leaves no timer', async () => {
    const clock = manualClock()
    const controller = new AbortController()
    const sleeping = sleep(clock, 50, controller.signal)
    controller.abort()
    await expect(sleeping).rejects.toThrow()
    clock.advance(100)
    await expect(sleep(clock, 50, AbortSignal.abort())).rejects.toThrow()
  })
})
