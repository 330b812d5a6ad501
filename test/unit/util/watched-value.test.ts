import { describe, expect, it } from 'vitest'
import { waitUntil, WatchedValue } from '../../../core/util/watched-value.ts'

describe('a watched value', () => {
  it('tells its watchers of changes, and of nothing else', () => {
    const watched = new WatchedValue(1)
    const seen: number[] = []
    watched.watch((value) => seen.push(value))
    watched.set(1)
    watched.set(2)
    watched.set(2)
    watched.set(3)
    expect(seen).toEqual([2, 3])
    expect(watched.value).toBe(3)
  })

  it('tells nothing to who has stopped watching, also in the middle of telling', () => {
    const watched = new WatchedValue(1)
    const seen: string[] = []
    const stopFirst = watched.watch(() => {
      seen.push('first')
      stopFirst()
    })
    watched.watch(() => seen.push('second'))
    watched.set(2)
    watched.set(3)
    expect(seen).toEqual(['first', 'second', 'second'])
  })

  it('may be watched anew by a watcher', () => {
    const watched = new WatchedValue(1)
    const seen: number[] = []
    watched.watch(() => watched.watch((value) => seen.push(value)))
    watched.set(2)
    expect(seen).toEqual([])
    watched.set(3)
    expect(seen).toEqual([3])
  })
})

describe('waiting for a value', () => {
  it('ends at once when it is there', async () => {
    expect(await waitUntil(new WatchedValue(5), (value) => value > 4)).toBe(5)
  })

  it('ends with the first that fits, and watches no longer', async () => {
    const watched = new WatchedValue(1)
    let asked = 0
    const waiting = waitUntil(watched, (value) => {
      asked++
      return value === 3
    })
    watched.set(2)
    watched.set(3)
    watched.set(4)
    expect(await waiting).toBe(3)
    expect(asked).toBe(3)
  })

  it('ends with the signal', async () => {
    const controller = new AbortController()
    const watched = new WatchedValue(1)
    const waiting = waitUntil(watched, (value) => value === 2, controller.signal)
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ kind: 'aborted' })
    watched.set(2)
    expect(() => waitUntil(watched, () => true, AbortSignal.abort())).toThrow()
  })
})
