/** Who is told what, how often, and with which number. */
import { describe, expect, it } from 'vitest'
import { AppState, type SnapshotChange } from '../../../../electron/state/app-state.ts'
import { firstSnapshot } from '../../../../electron/state/first-snapshot.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { ABOUT } from '../samples.ts'

const INITIAL = firstSnapshot(ABOUT)

function setUp() {
  const clock = manualClock()
  const told: SnapshotChange[] = []
  const state = new AppState({ clock, initial: INITIAL, tell: (change) => told.push(change) })
  return { clock, told, state }
}

function withBytes(readBytes: number) {
  return { readBytes, writtenBytes: 0, samples: [] }
}

describe('the snapshot', () => {
  it('tells the first change after a quiet time at once', () => {
    const { told, state } = setUp()
    state.set('traffic', withBytes(1))
    expect(told).toEqual([{ sequence: 1, value: { traffic: withBytes(1) } }])
  })

  it('tells what changes many times a second four times a second, and always the last value', () => {
    const { clock, told, state } = setUp()
    for (let index = 1; index <= 200; index++) {
      state.set('traffic', withBytes(index))
      clock.advance(10)
    }
    clock.advance(1000)
    expect(told.length).toBeLessThanOrEqual(9)
    expect(told.at(-1)?.value.traffic).toEqual(withBytes(200))
    expect(told.map((change) => change.sequence)).toEqual(told.map((_, index) => index + 1))
  })

  it('tells nothing while nobody sees the page, and then all that changed in one event', () => {
    const { clock, told, state } = setUp()
    state.set('traffic', withBytes(1))
    state.set('traffic', withBytes(2))
    state.hold(true)
    for (let index = 3; index <= 100; index++) {
      state.set('traffic', withBytes(index))
      clock.advance(1000)
    }
    expect(told).toHaveLength(1)
    state.hold(false)
    expect(told.slice(1)).toEqual([{ sequence: 2, value: { traffic: withBytes(100) } }])
    state.set('traffic', withBytes(101))
    clock.advance(250)
    expect(told.at(-1)?.sequence).toBe(3)
  })

  it('is read whole also while nobody sees the page, and goes on from there', () => {
    const { told, state } = setUp()
    state.hold(true)
    state.set('traffic', withBytes(7))
    expect(state.read()).toMatchObject({ sequence: 1, value: { traffic: withBytes(7) } })
    state.hold(false)
    expect(told).toHaveLength(1)
  })

  it('puts sections that changed together into one event, and leaves the others out', () => {
    const { clock, told, state } = setUp()
    state.set('traffic', withBytes(1))
    state.set('proxies', { socks: { host: '127.0.0.1', port: 1 }, http: undefined, trouble: undefined })
    state.set('traffic', withBytes(2))
    clock.advance(250)
    expect(Object.keys(told[1]?.value ?? {}).sort()).toEqual(['proxies', 'traffic'])
  })

  it('tells nobody of a value that equals the one before', () => {
    const { clock, told, state } = setUp()
    let watched = 0
    state.watch(() => watched++)
    state.set('traffic', withBytes(0))
    clock.advance(1000)
    expect(told).toEqual([])
    expect(watched).toBe(0)
  })

  it('is read with the number after which events go on, and nothing in them is older', () => {
    const { clock, told, state } = setUp()
    state.set('traffic', withBytes(1))
    state.set('traffic', withBytes(2))
    const { sequence, value } = state.read()
    expect(value.traffic).toEqual(withBytes(2))
    expect(told.at(-1)?.sequence).toBe(sequence)
    clock.advance(1000)
    expect(told).toHaveLength(2)
    state.set('traffic', withBytes(3))
    expect(told.at(-1)?.sequence).toBe(sequence + 1)
  })

  it('tells watchers inside main of each change at once', () => {
    const { state } = setUp()
    const seen: number[] = []
    const stop = state.watch((snapshot) => seen.push(snapshot.traffic.readBytes))
    state.set('traffic', withBytes(1))
    state.set('traffic', withBytes(2))
    stop()
    state.set('traffic', withBytes(3))
    expect(seen).toEqual([1, 2])
  })

  it('tells nothing more once it is closed', () => {
    const { clock, told, state } = setUp()
    state.set('traffic', withBytes(1))
    state.set('traffic', withBytes(2))
    state.close()
    clock.advance(1000)
    expect(told).toHaveLength(1)
  })
})
