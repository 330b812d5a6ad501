import { describe, expect, it } from 'vitest'
import { DerivedValue, waitUntil, WatchedValue } from '../../../core/util/watched-value.ts'

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

describe('a derived value', () => {
  it('is worked out once for all that read it, and anew only when what it comes from has changed', () => {
    let source = 1
    let derivations = 0
    const derived = new DerivedValue(() => ({ number: source, derivation: ++derivations }))
    derived.invalidate()
    derived.publish()
    expect(derivations).toBe(0)
    expect(derived.value).toBe(derived.value)
    expect(derived.value).toEqual({ number: 1, derivation: 1 })
    source = 2
    derived.invalidate()
    expect(derived.value).toEqual({ number: 2, derivation: 2 })
  })

  it('is told to those who watch, as it is at that time', () => {
    let source = 1
    const derived = new DerivedValue(() => ({ number: source }))
    const seen: number[] = []
    const stop = derived.watch(({ number }) => seen.push(number))
    expect(derived.isWatched).toBe(true)
    source = 2
    derived.invalidate()
    source = 3
    derived.publish()
    stop()
    derived.publish()
    expect(derived.isWatched).toBe(false)
    expect(seen).toEqual([3])
  })

  it('says once that it has aged, and again only when somebody has read it since', () => {
    const derived = new DerivedValue(() => ({}))
    let aged = 0
    const stop = derived.watchAge(() => aged++)
    derived.invalidate()
    expect(aged).toBe(0)
    for (let round = 1; round <= 3; round++) {
      derived.value satisfies object
      for (let change = 0; change < 100; change++) derived.invalidate()
      expect(aged).toBe(round)
    }
    derived.value satisfies object
    stop()
    derived.invalidate()
    expect(aged).toBe(3)
  })

  it('stays as it was settled when what it comes from goes away', () => {
    let source = 1
    const derived = new DerivedValue(() => ({ number: source }))
    derived.settle()
    source = 2
    expect(derived.value).toEqual({ number: 1 })
  })
})
