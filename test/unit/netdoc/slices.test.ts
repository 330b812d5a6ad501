import { describe, expect, it } from 'vitest'
import { type Slices, finishSlices, runSlices } from '../../../core/netdoc/slices.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { isTorError } from '../../../core/util/errors.ts'

function* countTo(limit: number, seen: number[]): Slices<string> {
  for (let at = 0; at < limit; at++) {
    seen.push(at)
    yield undefined
  }
  return 'done'
}

describe('work in slices', () => {
  it('gives its result at once or over several turns', async () => {
    expect(finishSlices(countTo(3, []))).toBe('done')
    expect(await runSlices(countTo(3, []), systemClock)).toBe('done')
  })

  it('lets the event loop turn between two slices', async () => {
    const seen: number[] = []
    const work = runSlices(countTo(5, seen), systemClock)
    expect(seen).toEqual([0])
    await work
    expect(seen).toEqual([0, 1, 2, 3, 4])
  })

  it('stops when the signal fires', async () => {
    const seen: number[] = []
    const controller = new AbortController()
    const work = runSlices(countTo(5, seen), systemClock, controller.signal)
    controller.abort()
    await expect(work).rejects.toSatisfy((error) => isTorError(error, 'aborted'))
    expect(seen).toEqual([0])
  })
})
