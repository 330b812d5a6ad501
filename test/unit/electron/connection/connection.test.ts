/** The running state machine: its timer and what it publishes. */
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../../electron/clock.ts'
import { Connection } from '../../../../electron/connection/connection.ts'
import type { ConnectionView } from '../../../../electron/ipc/snapshot-connection.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { NOTHING_YET } from './machine-rig.ts'

function setUp() {
  const clock = manualClock()
  let timers = 0
  const counting: Clock = {
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    setTimer(delayMs, callback) {
      timers += 1
      const timer = clock.setTimer(delayMs, () => {
        timers -= 1
        callback()
      })
      return {
        cancel() {
          timers -= 1
          timer.cancel()
        },
      }
    },
  }
  const views: ConnectionView[] = []
  const connection = new Connection({
    clock: counting,
    hasConnectedBefore: false,
    publish: (view) => views.push(view),
    onNotice: () => {},
  })
  return { clock, connection, views, timers: () => timers }
}

describe('the connection', () => {
  it('sees by its own timer that nothing moves', () => {
    const { clock, connection, views } = setUp()
    connection.handle({ kind: 'wanted', isWanted: true })
    connection.handle({ kind: 'core', state: { kind: 'running' } })
    connection.handle({ kind: 'status', status: { ...NOTHING_YET, phase: 'conn' } })
    clock.advance(32_000)
    expect(connection.view.state).toBe('stalled')
    expect(views.at(-1)).toBe(connection.view)
  })

  it('has no timer once it is connected, and one again as soon as something is to be waited for', () => {
    const { clock, connection, timers } = setUp()
    const connected = { ...NOTHING_YET, phase: 'done' as const, network: 'up' as const, isConnected: true }
    connection.handle({ kind: 'wanted', isWanted: true })
    connection.handle({ kind: 'core', state: { kind: 'running' } })
    connection.handle({ kind: 'status', status: connected })
    expect(connection.view.state).toBe('connected')
    clock.advance(1_000)
    expect(timers()).toBe(0)
    clock.advance(3_600_000)
    connection.handle({ kind: 'status', status: connected })
    expect(timers()).toBe(0)
    // A proxy that does not come is missed after three seconds, by nobody's word.
    connection.handle({ kind: 'system-proxy', view: { isWanted: true, state: 'applying' } })
    expect(connection.view.state).toBe('connected')
    clock.advance(5_000)
    expect(connection.view.state).toBe('proxy-not-applied')
    connection.handle({ kind: 'system-proxy', view: { isWanted: true, state: 'on' } })
    clock.advance(1_000)
    expect(timers()).toBe(0)
    // What is lost begins an attempt after five.
    connection.handle({ kind: 'status', status: { ...connected, isConnected: false } })
    expect(connection.view.state).toBe('degraded')
    clock.advance(6_000)
    expect(connection.view.attempts.at(-1)?.outcome).toBe('running')
  })

  it('has no timer while off, and none after its end', () => {
    const { clock, connection, timers } = setUp()
    expect(timers()).toBe(0)
    connection.handle({ kind: 'wanted', isWanted: true })
    expect(timers()).toBe(1)
    connection.handle({ kind: 'wanted', isWanted: false })
    clock.advance(2_000)
    expect(timers()).toBe(0)
    connection.handle({ kind: 'wanted', isWanted: true })
    connection.close()
    expect(timers()).toBe(0)
  })
})
