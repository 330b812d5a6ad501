/** The running state machine: its timer and what it publishes. */
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../../../electron/clock.ts'
import { Connection } from '../../../../electron/connection/connection.ts'
import type { ConnectionView } from '../../../../electron/ipc/snapshot-connection.ts'
import { NOTHING_YET } from './machine-rig.ts'

function rig(): {
  connection: Connection
  views: ConnectionView[]
  pass: (ms: number) => void
  timers: () => number
} {
  let nowMs = 0
  let due: { atMs: number; callback: () => void }[] = []
  const clock: Clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer(delayMs, callback) {
      const timer = { atMs: nowMs + delayMs, callback }
      due.push(timer)
      return { cancel: () => void (due = due.filter((other) => other !== timer)) }
    },
  }
  const views: ConnectionView[] = []
  const publish = (view: ConnectionView): void => void views.push(view)
  const connection = new Connection({ clock, hasConnectedBefore: false, publish, onNotice: () => {} })
  const pass = (ms: number): void => {
    const untilMs = nowMs + ms
    while (nowMs < untilMs) {
      nowMs = Math.min(untilMs, ...due.map(({ atMs }) => atMs))
      const ready = due.filter(({ atMs }) => atMs <= nowMs)
      due = due.filter(({ atMs }) => atMs > nowMs)
      for (const { callback } of ready) callback()
    }
  }
  return { connection, views, pass, timers: () => due.length }
}

describe('the connection', () => {
  it('sees by its own timer that nothing moves', () => {
    const { connection, views, pass } = rig()
    connection.handle({ kind: 'wanted', isWanted: true })
    connection.handle({ kind: 'core', state: { kind: 'running' } })
    connection.handle({ kind: 'status', status: { ...NOTHING_YET, phase: 'conn' } })
    pass(32_000)
    expect(connection.view.state).toBe('stalled')
    expect(views.at(-1)).toBe(connection.view)
  })

  it('has no timer while off, and none after its end', () => {
    const { connection, pass, timers } = rig()
    expect(timers()).toBe(0)
    connection.handle({ kind: 'wanted', isWanted: true })
    expect(timers()).toBe(1)
    connection.handle({ kind: 'wanted', isWanted: false })
    pass(2_000)
    expect(timers()).toBe(0)
    connection.handle({ kind: 'wanted', isWanted: true })
    connection.close()
    expect(timers()).toBe(0)
  })
})
