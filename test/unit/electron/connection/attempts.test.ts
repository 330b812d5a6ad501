/** The rows of attempts, success and loss, and what is told of them. */
import { describe, expect, it } from 'vitest'
import { MAX_ATTEMPTS } from '../../../../electron/ipc/snapshot-connection.ts'
import { blockage, BRIDGES, MachineRig } from './machine-rig.ts'

describe('the attempts', () => {
  it('ends the row of a cancelled attempt as cancelled, and says how far it came', () => {
    const rig = new MachineRig().start().status({ phase: 'loading-status' }).wait(4_000).stop()
    expect(rig.lastAttempt).toMatchObject({ outcome: 'cancelled', step: 'get-directory', percent: 30 })
    expect(rig.lastAttempt.endedMs).toBe(rig.lastAttempt.startedMs + 4_000)
  })

  it('never lets the percent of an attempt fall, whatever the core says', () => {
    const rig = new MachineRig().start().status({ phase: 'circuit-create' }).status({ phase: 'conn' })
    expect(rig.view).toMatchObject({ percent: 95, step: 'build-circuit' })
  })

  it('begins a new row with the new way when bridges are turned on meanwhile', () => {
    const rig = new MachineRig().start().status({ phase: 'conn', network: 'blocked' })
    rig.send({ kind: 'way', way: BRIDGES })
    expect(rig.view.attempts).toMatchObject([
      { way: { kind: 'direct' }, outcome: 'cancelled', next: 'retrying' },
      { way: BRIDGES, outcome: 'running' },
    ])
  })

  it('does not disturb a working connection when a bridge is added', () => {
    const rig = new MachineRig().send({ kind: 'way', way: BRIDGES }).connect()
    rig.send({ kind: 'way', way: { kind: 'bridges', transports: ['vanilla'], count: 3 } })
    expect(rig.view.state).toBe('connected')
    expect(rig.view.attempts).toHaveLength(1)
  })

  it('ends the row as failed when the core crashes, and begins another with the next core', () => {
    const rig = new MachineRig().start().status({ phase: 'conn' }).crash()
    expect(rig.lastAttempt).toMatchObject({
      outcome: 'failed',
      reason: { kind: 'core-crashed', detail: 'exit code 6' },
      next: 'restarting-core',
    })
    rig.wait(1_000).start()
    expect(rig.view.attempts).toHaveLength(2)
    expect(rig.lastAttempt).toMatchObject({ outcome: 'running', percent: 0 })
  })

  it('keeps the newest rows only', () => {
    const rig = new MachineRig()
    for (let round = 0; round < MAX_ATTEMPTS + 20; round++) rig.start().stop()
    expect(rig.view.attempts).toHaveLength(MAX_ATTEMPTS)
    expect(rig.lastAttempt.id).toBe(MAX_ATTEMPTS + 20)
  })

  it('changes nothing when it is asked to connect twice', () => {
    const rig = new MachineRig().connect().send({ kind: 'wanted', isWanted: true })
    expect(rig.view.state).toBe('connected')
    expect(rig.view.attempts).toHaveLength(1)
  })

  it('believes nothing of a core that was stopped', () => {
    const rig = new MachineRig().connect().stop().status({ isConnected: true, phase: 'done' })
    expect(rig.view.state).toBe('off')
    rig.send({ kind: 'wanted', isWanted: true }).status({ isConnected: true, phase: 'done' })
    expect(rig.view.state).toBe('checking')
  })
})

describe('what is told of success and loss', () => {
  it('tells the first success ever, once', () => {
    const rig = new MachineRig()
    expect(rig.connect().view.hasConnectedBefore).toBe(true)
    rig.stop().connect()
    expect(rig.notices).toEqual([{ kind: 'first-success' }])
    expect(new MachineRig(true).connect().notices).toEqual([])
  })

  it('tells of a loss that lasts, and of the return', () => {
    const rig = new MachineRig(true).connect().status({ isConnected: false })
    expect(rig.wait(4_000).notices).toEqual([])
    expect(rig.wait(60_000).notices).toEqual([{ kind: 'lost', state: 'degraded' }])
    rig.status({ isConnected: true }).wait(3_000)
    expect(rig.notices).toEqual([{ kind: 'lost', state: 'degraded' }, { kind: 'regained' }])
  })

  it('tells of a crash at once', () => {
    const rig = new MachineRig(true).connect().crash()
    expect(rig.notices).toEqual([{ kind: 'lost', state: 'protected-down' }])
  })

  it('says nothing of a short loss, of a failure to connect, or of a stop', () => {
    const short = new MachineRig(true).connect().status({ isConnected: false }).wait(2_000)
    expect(short.status({ isConnected: true }).wait(30_000).notices).toEqual([])
    const never = new MachineRig(true).start().status({ phase: 'conn', blockage: blockage('timeout') })
    expect(never.wait(300_000).notices).toEqual([])
    expect(new MachineRig(true).connect().stop().wait(60_000).notices).toEqual([])
  })

  it('tells of a system proxy that something else took away', () => {
    const rig = new MachineRig(true).proxy('on').connect().proxy('changed').wait(6_000)
    expect(rig.notices).toEqual([{ kind: 'lost', state: 'proxy-not-applied' }])
  })
})
