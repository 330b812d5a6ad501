/** What the big button does, and where its one next step leads. */
import { describe, expect, it } from 'vitest'
import {
  type AttemptNext,
  CONNECT_STEPS,
  CONNECTION_STATES,
  type ConnectionView,
} from '../../../electron/ipc/snapshot-connection.ts'
import { lookOf, stepNumber, STEPS } from '../../../renderer/views/connect/state-look.ts'
import { attempt, connectionIn } from '../../renderer/support/snapshots.ts'

const failedWith = (next: AttemptNext): ConnectionView =>
  connectionIn('failed', { attempts: [attempt({ outcome: 'failed', next })] })

describe('the look of a state', () => {
  it('lets an attempt be cancelled in every state in which one is on its way', () => {
    for (const state of CONNECTION_STATES) {
      const look = lookOf(connectionIn(state), false)
      if (look.isUnderWay) expect(look.press, state).toBe('cancel')
    }
  })

  it('is green only where a real stream went through', () => {
    const green = CONNECTION_STATES.filter((state) => lookOf(connectionIn(state), false).tone === 'good')
    expect(green).toEqual(['connected'])
  })

  it('never offers to connect where bridges are wanted and there is none', () => {
    for (const state of CONNECTION_STATES) {
      expect(['connect', 'retry']).not.toContain(lookOf(connectionIn(state), true).press)
    }
  })

  it('leads after a failure to what the attempt says would help', () => {
    expect(lookOf(failedWith('add-bridges'), false).place).toBe('bridges')
    expect(lookOf(failedWith('check-proxy'), false).place).toBe('bridges')
    expect(lookOf(failedWith('update-app'), false).place).toBe('about')
    expect(lookOf(failedWith('none'), false).place).toBe('logs')
  })

  it('counts the steps of the contract in their order', () => {
    expect(STEPS).toEqual(CONNECT_STEPS)
    expect(STEPS.map(stepNumber)).toEqual([1, 2, 3, 4, 5, 6])
  })
})
