/** Every state that the big button has, and the way into it and out of it. */
import { describe, expect, it } from 'vitest'
import { CONNECTION_STATES, type ConnectionState } from '../../../../electron/ipc/snapshot-connection.ts'
import { blockage, BRIDGES, MachineRig, WALL_START_MS } from './machine-rig.ts'

const HOUR_MS = 3_600_000

/** One for every state: the type checker asks for the way into a new one, or it would be words that nobody ever sees. */
const WAYS_INTO: Readonly<Record<ConnectionState, () => MachineRig>> = {
  off: () => new MachineRig(),
  checking: () => new MachineRig().start(),
  'no-network': () => new MachineRig().start().status({ phase: 'conn', network: 'down' }),
  'clock-wrong': () =>
    new MachineRig().start().status({
      phase: 'loading-status',
      clockAheadMs: -26 * HOUR_MS,
      blockage: blockage('bad-directory', 'clock-skew'),
    }),
  connecting: () => new MachineRig().start().status({ phase: 'conn' }),
  slow: () => new MachineRig().start().status({ phase: 'conn' }).wait(12_000),
  stalled: () => new MachineRig().start().status({ phase: 'conn' }).wait(40_000),
  blocked: () => new MachineRig().start().status({ phase: 'conn', network: 'blocked' }),
  connected: () => new MachineRig().connect(),
  'proxy-not-applied': () => new MachineRig().proxy('failed').connect(),
  degraded: () => new MachineRig().connect().status({ isConnected: false }),
  failed: () => new MachineRig().start().status({ blockage: blockage('obsolete-client') }),
  'protected-down': () => new MachineRig().connect().crash(),
  restoring: () => new MachineRig().connect().send({ kind: 'wanted', isWanted: false }),
}

describe('the states of the connection', () => {
  it('is off at first and has no attempt', () => {
    const { view } = new MachineRig()
    expect(view).toMatchObject({ state: 'off', internet: 'unknown', tor: 'off', percent: 0, attempts: [] })
  })

  it('is checking from the press of the button on, before there is any core', () => {
    const rig = new MachineRig().send({ kind: 'wanted', isWanted: true })
    expect(rig.view).toMatchObject({ state: 'checking', tor: 'working', step: 'start' })
    expect(rig.view.startedMs).toBe(WALL_START_MS)
  })

  it('is connecting as soon as the core tries a relay, with step and percent', () => {
    const rig = new MachineRig().start().status({ phase: 'conn' })
    expect(rig.view).toMatchObject({ state: 'connecting', step: 'reach-network', percent: 5, phase: 'conn' })
    rig.status({ phase: 'loading-descriptors', progress: { done: 40, total: 80 } })
    expect(rig.view).toMatchObject({ step: 'get-relays', percent: 62, progress: { done: 40, total: 80 } })
  })

  it('says that this computer has no network, and begins a new attempt when it is back', () => {
    const rig = new MachineRig().start().status({ phase: 'conn', network: 'down' })
    expect(rig.view).toMatchObject({ state: 'no-network', internet: 'down', tor: 'trouble' })
    expect(rig.lastAttempt).toMatchObject({ outcome: 'running', next: 'waiting-for-network' })
    rig.wait(10_000).status({ network: 'up', phase: 'handshake' })
    expect(rig.view.attempts).toMatchObject([
      { outcome: 'failed', reason: { kind: 'no-network' }, next: 'retrying' },
      { outcome: 'running', step: 'reach-network', reason: undefined },
    ])
    rig.wait(3_000)
    expect(rig.view.state).toBe('connecting')
  })

  it.each([-26 * HOUR_MS, 30 * HOUR_MS])(
    'says by how much a clock is wrong, and which way: %d',
    (aheadMs) => {
      const wrong = blockage('bad-directory', 'clock-skew')
      const rig = new MachineRig()
        .start()
        .status({ phase: 'loading-status', clockAheadMs: aheadMs, blockage: wrong })
      expect(rig.view).toMatchObject({ state: 'clock-wrong', clock: { aheadMs } })
      expect(rig.lastAttempt.next).toBe('fix-clock')
      rig.status({ clockAheadMs: undefined, blockage: undefined })
      expect(rig.view).toMatchObject({ state: 'clock-wrong', clock: { aheadMs } })
      rig.wait(3_000)
      expect(rig.view).toMatchObject({ state: 'connecting', clock: undefined })
    },
  )

  it('mentions a clock that does no harm, and goes on connecting', () => {
    const rig = new MachineRig().start().status({ phase: 'conn', clockAheadMs: 2 * HOUR_MS })
    expect(rig.view).toMatchObject({ state: 'connecting', clock: { aheadMs: 2 * HOUR_MS } })
  })

  it('is slow when little comes, and stays so until the next step', () => {
    const rig = new MachineRig().start().status({ phase: 'conn' }).wait(11_000)
    expect(rig.view.state).toBe('slow')
    rig.status({ phase: 'handshake' }).wait(4_000)
    expect(rig.view.state).toBe('slow')
    rig.status({ phase: 'onehop-create' }).wait(3_000)
    expect(rig.view.state).toBe('connecting')
  })

  it('is slow and never stalled as long as descriptors come one by one, however long it takes', () => {
    const rig = new MachineRig().start()
    for (let done = 0; done < 100; done++) {
      rig.status({ phase: 'loading-descriptors', progress: { done, total: 8_000 } }).wait(8_000)
      expect(rig.view.state).not.toBe('stalled')
    }
    expect(rig.view.state).toBe('slow')
  })

  it('is stalled when nothing has moved, marks the row, and is slow when it moves again', () => {
    const rig = new MachineRig().start().status({ phase: 'conn' }).wait(31_000)
    expect(rig.view).toMatchObject({ state: 'stalled', tor: 'trouble' })
    expect(rig.lastAttempt).toMatchObject({ outcome: 'stalled', endedMs: undefined, next: 'retrying' })
    rig.status({ phase: 'handshake' }).wait(3_000)
    expect(rig.view.state).toBe('slow')
    expect(rig.lastAttempt).toMatchObject({ outcome: 'running', next: 'none' })
  })

  it('gives bridges twice the time, and the consensus three times', () => {
    const bridged = new MachineRig().send({ kind: 'way', way: BRIDGES }).start().status({ phase: 'conn' })
    expect(bridged.wait(50_000).view.state).toBe('slow')
    expect(bridged.wait(11_000).view.state).toBe('stalled')
    const loading = new MachineRig().start().status({ phase: 'loading-status' })
    expect(loading.wait(85_000).view.state).toBe('slow')
    expect(loading.wait(6_000).view.state).toBe('stalled')
  })

  it('does not take a closed lid for a silent network', () => {
    const rig = new MachineRig()
      .start()
      .status({ phase: 'conn' })
      .sleep(8 * HOUR_MS)
    expect(rig.view.state).toBe('connecting')
  })

  it('is stalled at once when the own proxy does not work, and says to check it', () => {
    const rig = new MachineRig().start().status({ phase: 'conn', blockage: blockage('proxy-failed') })
    expect(rig.view.state).toBe('stalled')
    expect(rig.lastAttempt.next).toBe('check-proxy')
  })

  it('suspects a block when there is a network and no relay answers', () => {
    const rig = new MachineRig()
      .start()
      .status({ phase: 'conn', network: 'blocked', blockage: blockage('channel-failed', 'blocked') })
    expect(rig.view).toMatchObject({ state: 'blocked', internet: 'up', tor: 'trouble' })
    expect(rig.view.blockage).toMatchObject({ kind: 'channel-failed', failures: 3 })
    expect(rig.lastAttempt).toMatchObject({ reason: { kind: 'channel-failed' }, next: 'add-bridges' })
  })

  it('is connected only by a real stream, never by a phase', () => {
    const rig = new MachineRig().start().status({ phase: 'done', network: 'up' })
    expect(rig.view).toMatchObject({ state: 'connecting', step: 'verify', percent: 99 })
    rig.status({ isConnected: true, verifiedMs: WALL_START_MS + 7 })
    expect(rig.view).toMatchObject({ state: 'connected', tor: 'connected', internet: 'up', percent: 100 })
    expect(rig.view.verifiedMs).toBe(WALL_START_MS + 7)
    expect(rig.lastAttempt).toMatchObject({ outcome: 'connected', percent: 100 })
  })

  it('is not green while the wanted system proxy is missing', () => {
    const rig = new MachineRig().proxy('failed').connect()
    expect(rig.view.state).toBe('proxy-not-applied')
    rig.proxy('on')
    expect(rig.view.state).toBe('connected')
    rig.proxy('changed')
    expect(rig.view.state).toBe('proxy-not-applied')
  })

  it('is not green before programs are led to us, too', () => {
    const rig = new MachineRig().proxy('applying').connect()
    expect(rig.view.state).toBe('connecting')
    rig.proxy('on')
    expect(rig.view.state).toBe('connected')
    const late = new MachineRig().proxy('applying').connect()
    expect(late.wait(4_000).view.state).toBe('proxy-not-applied')
  })

  it('gives a system proxy that is on its way a moment, and no more', () => {
    const rig = new MachineRig().connect().proxy('applying')
    expect(rig.view.state).toBe('connected')
    expect(rig.wait(4_000).view.state).toBe('proxy-not-applied')
  })

  it('is degraded at once when circuits fail, and connected again when that has lasted', () => {
    const rig = new MachineRig()
      .connect()
      .status({ isConnected: false, blockage: blockage('circuit-failed') })
    expect(rig.view.state).toBe('degraded')
    rig.wait(6_000)
    expect(rig.view.attempts).toHaveLength(2)
    expect(rig.lastAttempt).toMatchObject({ outcome: 'running', reason: { kind: 'circuit-failed' } })
    rig.status({ isConnected: true, blockage: undefined })
    expect(rig.view.state).toBe('degraded')
    rig.wait(2_000)
    expect(rig.view.state).toBe('connected')
  })

  it('is failed when this version is too old for the network, and begins anew when asked to', () => {
    const rig = new MachineRig().start().status({ phase: 'conn', blockage: blockage('obsolete-client') })
    expect(rig.view.state).toBe('failed')
    expect(rig.lastAttempt).toMatchObject({ outcome: 'failed', next: 'update-app' })
    rig.send({ kind: 'wanted', isWanted: true })
    expect(rig.view.state).toBe('checking')
    expect(rig.view.attempts).toHaveLength(2)
  })

  it('is failed when the core refuses to start, and says why', () => {
    const reason = { kind: 'bad-config', detail: 'port 9250 is in use' }
    const rig = new MachineRig().send({ kind: 'wanted', isWanted: true })
    rig.send({ kind: 'core', state: { kind: 'starting' } }).send({ kind: 'start-failed', reason })
    expect(rig.view.state).toBe('failed')
    rig.send({ kind: 'core', state: { kind: 'stopped' } }).wait(60_000)
    expect(rig.view.state).toBe('failed')
    expect(rig.lastAttempt).toMatchObject({ outcome: 'failed', reason })
  })

  it('is failed without bridges where bridges are wanted, and goes on by itself when one is added', () => {
    const rig = new MachineRig()
      .send({ kind: 'way', way: { kind: 'bridges', transports: [], count: 0 } })
      .start()
    expect(rig.view.state).toBe('failed')
    expect(rig.lastAttempt).toMatchObject({ reason: { kind: 'no-bridges' }, next: 'add-bridges' })
    rig.send({ kind: 'way', way: BRIDGES }).status({ phase: 'conn' })
    expect(rig.view.state).toBe('connecting')
    expect(rig.lastAttempt).toMatchObject({ way: BRIDGES, outcome: 'running' })
  })

  it('is protected-down from the crash of the core until it runs again', () => {
    const rig = new MachineRig().connect().proxy('on').crash()
    expect(rig.view).toMatchObject({ state: 'protected-down', tor: 'trouble', coreRestart: { count: 1 } })
    expect(rig.view.coreRestart?.nextMs).toBe(WALL_START_MS + 1_000)
    rig.send({ kind: 'core', state: { kind: 'starting' } })
    expect(rig.view).toMatchObject({ state: 'protected-down', coreRestart: { count: 1, nextMs: undefined } })
    rig.send({ kind: 'core', state: { kind: 'running' } })
    expect(rig.view).toMatchObject({ state: 'checking', coreRestart: undefined })
  })

  it('is restoring until the old settings are back and the core is gone, and then off', () => {
    const rig = new MachineRig().connect().send({ kind: 'wanted', isWanted: false })
    expect(rig.view).toMatchObject({ state: 'restoring', tor: 'off' })
    rig.send({ kind: 'restoring', isRestoring: true }).send({ kind: 'core', state: { kind: 'stopped' } })
    expect(rig.view.state).toBe('restoring')
    rig.send({ kind: 'restoring', isRestoring: false })
    expect(rig.view).toMatchObject({ state: 'off', startedMs: undefined, percent: 0 })
  })

  it.each(CONNECTION_STATES)('can be seen: %s', (state) => {
    expect(WAYS_INTO[state]().view.state).toBe(state)
  })

  it.each(CONNECTION_STATES)('is left by a stop, and ends in off: %s', (state) => {
    expect(WAYS_INTO[state]().stop().view).toMatchObject({ state: 'off', tor: 'off' })
  })

  it.each(CONNECTION_STATES)('shows a cancelled attempt as soon as it is stopped: %s', (state) => {
    const { view } = WAYS_INTO[state]().send({ kind: 'wanted', isWanted: false })
    expect(['off', 'restoring']).toContain(view.state)
    expect(view.attempts.every(({ endedMs }) => endedMs !== undefined)).toBe(true)
  })
})
