/** The core host crashes, hangs, lies still and comes back, on a clock turned by hand. */
import { describe, expect, it } from 'vitest'
import { AppError } from '../../../../electron/app-error.ts'
import type { HostConfig, HostStatus } from '../../../../electron/host/protocol.ts'
import { Supervisor } from '../../../../electron/host/supervisor.ts'
import type { CoreState } from '../../../../electron/parts.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { FakeHost, hostStatus } from './fake-host.ts'
import { HOST_CONFIG } from '../samples.ts'

const CONFIG: HostConfig = { ...HOST_CONFIG, socksPort: 9250, httpPort: 9251 }

function setUp(prepare: (host: FakeHost, index: number) => void = (host) => readySoon(host)) {
  const clock = manualClock()
  const hosts: FakeHost[] = []
  const states: CoreState[] = []
  const statuses: HostStatus[] = []
  const supervisor = new Supervisor({
    spawn: () => {
      const host = new FakeHost()
      hosts.push(host)
      prepare(host, hosts.length - 1)
      return host
    },
    clock,
    onState: (state) => states.push(state),
    onStatus: (status) => statuses.push(status),
    onLog: () => undefined,
  })
  return { clock, hosts, states, statuses, supervisor }
}

function readySoon(host: FakeHost): void {
  queueMicrotask(() => host.say({ kind: 'ready' }))
}

function nth(hosts: readonly FakeHost[], index: number): FakeHost {
  const host = hosts[index]
  if (host === undefined) throw new Error(`host ${index} was never started`)
  return host
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

describe('starting', () => {
  it('sends nothing before the host listens', async () => {
    const { hosts, supervisor } = setUp(() => undefined)
    const started = supervisor.start(CONFIG)
    await settle()
    expect(nth(hosts, 0).sent).toEqual([])
    nth(hosts, 0).say({ kind: 'ready' })
    await started
    expect(nth(hosts, 0).calls('start')).toMatchObject([{ argument: CONFIG }])
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('passes on the kind of what went wrong, and leaves no process behind', async () => {
    const { hosts, supervisor } = setUp((host) => {
      host.answers.delete('start')
      readySoon(host)
    })
    const started = supervisor.start(CONFIG)
    await settle()
    nth(hosts, 0).reply(1, { ok: false, error: { kind: 'bad-config', detail: 'a port is taken' } })
    await expect(started).rejects.toMatchObject({ kind: 'bad-config' })
    expect(nth(hosts, 0).isKilled).toBe(true)
    expect(supervisor.state).toEqual({ kind: 'stopped' })
  })

  it('says in the log’s words that a process could not be made', async () => {
    const { supervisor } = setUp(() => {
      throw new Error('no memory for a process')
    })
    await expect(supervisor.start(CONFIG)).rejects.toThrow('no memory')
    expect(supervisor.state).toEqual({ kind: 'stopped' })
  })

  it('tells the core at once what was changed while it was starting', async () => {
    const { hosts, supervisor } = setUp((host) => {
      host.answers.delete('start')
      readySoon(host)
    })
    const started = supervisor.start(CONFIG)
    await settle()
    await supervisor.reconfigure({ ...CONFIG, excludedCountries: ['fr'] })
    expect(nth(hosts, 0).calls('reconfigure')).toMatchObject([{ argument: { excludedCountries: ['fr'] } }])
    nth(hosts, 0).reply(1, { ok: true, value: undefined })
    await started
    expect(supervisor.state).toEqual({ kind: 'running' })
  })
})

describe('a core that crashed', () => {
  it('is said to be gone at once, and comes back with the newest configuration', async () => {
    const { clock, hosts, states, supervisor } = setUp()
    await supervisor.start(CONFIG)
    await supervisor.reconfigure({ ...CONFIG, excludedCountries: ['de'] })
    nth(hosts, 0).say({ kind: 'crash', detail: 'TypeError: a bug' })
    nth(hosts, 0).exit(1)
    expect(states.at(-1)).toMatchObject({
      kind: 'gone',
      reason: 'crashed',
      detail: 'TypeError: a bug',
      count: 1,
    })
    clock.advance(250)
    await settle()
    expect(nth(hosts, 1).calls('start')).toMatchObject([{ argument: { excludedCountries: ['de'] } }])
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('opens the doors on the ports that it had, where the system took any free one', async () => {
    const { clock, hosts, supervisor } = setUp()
    await supervisor.start({ ...CONFIG, socksPort: 0, httpPort: 0 })
    const proxies = {
      socks: { host: '127.0.0.1', port: 40_001 },
      http: { host: '127.0.0.1', port: 40_002 },
      trouble: undefined,
    }
    nth(hosts, 0).say({ kind: 'status', status: hostStatus({ proxies }) })
    nth(hosts, 0).exit(9)
    clock.advance(250)
    await settle()
    expect(nth(hosts, 1).calls('start')).toMatchObject([
      { argument: { socksPort: 40_001, httpPort: 40_002 } },
    ])
  })

  it('goes back to the ports on which it was, when those of the settings were taken at its start', async () => {
    const { clock, hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const proxies = {
      socks: { host: '127.0.0.1', port: 40_001 },
      http: { host: '127.0.0.1', port: 9251 },
      trouble: { port: 9250, detail: 'EADDRINUSE' },
    }
    nth(hosts, 0).say({ kind: 'status', status: hostStatus({ proxies }) })
    // The host that runs is told what it was told before: another number would move its door.
    await supervisor.reconfigure({ ...CONFIG, excludedCountries: ['fr'] })
    expect(nth(hosts, 0).calls('reconfigure')).toMatchObject([{ argument: { socksPort: 9250 } }])
    nth(hosts, 0).exit(1)
    clock.advance(250)
    await settle()
    expect(nth(hosts, 1).calls('start')).toMatchObject([{ argument: { socksPort: 40_001, httpPort: 9251 } }])
    await supervisor.reconfigure({ ...CONFIG, excludedCountries: ['de'] })
    expect(nth(hosts, 1).calls('reconfigure')).toMatchObject([{ argument: { socksPort: 40_001 } }])
    await supervisor.reconfigure({ ...CONFIG, socksPort: 9999 })
    expect(nth(hosts, 1).calls('reconfigure')[1]).toMatchObject({ argument: { socksPort: 9999 } })
  })

  it('waits longer after each crash, up to a limit, and not after it ran well for a while', async () => {
    const { clock, hosts, states, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const pauses: number[] = []
    for (let crash = 0; crash < 10; crash++) {
      nth(hosts, crash).exit(1)
      const state = states.at(-1)
      if (state?.kind !== 'gone') throw new Error('it did not say that the core is gone')
      pauses.push(state.nextMs - clock.wallMs())
      clock.advance(state.nextMs - clock.wallMs())
      await settle()
    }
    expect(pauses).toEqual([250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    clock.advance(61_000)
    nth(hosts, 10).exit(1)
    expect(states.at(-1)).toMatchObject({ kind: 'gone', count: 1 })
  })

  it('is tried again when the restarted host lives and cannot start the core', async () => {
    const { clock, hosts, states, supervisor } = setUp((host, index) => {
      if (index === 1) host.answers.delete('start')
      readySoon(host)
    })
    await supervisor.start(CONFIG)
    nth(hosts, 0).exit(1)
    clock.advance(250)
    await settle()
    nth(hosts, 1).reply(1, { ok: false, error: { kind: 'state', detail: 'locked' } })
    await settle()
    expect(nth(hosts, 1).isKilled).toBe(true)
    expect(states.at(-1)).toMatchObject({ kind: 'gone', count: 2, detail: 'locked' })
    clock.advance(500)
    await settle()
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('is tried again when no process could be made for it', async () => {
    const { clock, hosts, states, supervisor } = setUp((host, index) => {
      if (index === 1) throw new Error('no memory')
      readySoon(host)
    })
    await supervisor.start(CONFIG)
    nth(hosts, 0).exit(1)
    clock.advance(250)
    await settle()
    expect(states.at(-1)).toMatchObject({ kind: 'gone', count: 2, detail: 'no memory' })
    clock.advance(500)
    await settle()
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('answers calls that were under way with a kind of their own', async () => {
    const { hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const asked = supervisor.call('identity.new', undefined)
    nth(hosts, 0).exit(1)
    await expect(asked).rejects.toMatchObject({ kind: 'core-gone' })
    await expect(supervisor.call('identity.new', undefined)).rejects.toMatchObject({ kind: 'core-gone' })
  })
})

describe('a core that hangs', () => {
  it('is ended after a few seconds of silence and started again', async () => {
    const { clock, hosts, states, supervisor } = setUp()
    await supervisor.start(CONFIG)
    clock.advance(20_000)
    expect(supervisor.state).toEqual({ kind: 'running' })
    nth(hosts, 0).isHung = true
    clock.advance(5000)
    expect(nth(hosts, 0).isKilled).toBe(false)
    clock.advance(3000)
    expect(nth(hosts, 0).isKilled).toBe(true)
    expect(states).toContainEqual(expect.objectContaining({ kind: 'gone', reason: 'silent' }))
  })

  it('gets its full patience after main itself stood still', async () => {
    const { clock, hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    nth(hosts, 0).isHung = true
    clock.advance(1_900)
    // As when the computer slept: one tick comes late, and no more than one.
    clock.standStill(3_600_000)
    expect(nth(hosts, 0).isKilled).toBe(false)
    nth(hosts, 0).isHung = false
    clock.advance(10_000)
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('is asked thirty times a minute and not before it listens, and says nothing by itself', async () => {
    const { clock, hosts, supervisor } = setUp(() => undefined)
    const started = supervisor.start(CONFIG)
    clock.advance(10_000)
    expect(nth(hosts, 0).asked).toBe(0)
    nth(hosts, 0).say({ kind: 'ready' })
    await started
    clock.advance(60_000)
    expect(nth(hosts, 0).asked).toBe(30)
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('is given time at its start', () => {
    const { clock, hosts, supervisor } = setUp(() => undefined)
    void supervisor.start(CONFIG).catch(() => undefined)
    clock.advance(10_000)
    expect(nth(hosts, 0).isKilled).toBe(false)
    clock.advance(15_000)
    expect(nth(hosts, 0).isKilled).toBe(true)
  })

  it('does not keep a caller waiting for ever', async () => {
    const { clock, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const asked = supervisor.call('circuit.close', 7)
    clock.advance(11_000)
    await expect(asked).rejects.toMatchObject({ kind: 'timeout' })
    await expect(asked).rejects.toBeInstanceOf(AppError)
  })
})

describe('a core that somebody else has taken over', () => {
  it('is ended and replaced as soon as it says what no core says, and nothing of it is passed on', async () => {
    const { clock, hosts, states, statuses, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const elsewhere = { socks: undefined, http: { host: '192.0.2.1', port: 80 }, trouble: undefined }
    nth(hosts, 0).say({ kind: 'status', status: hostStatus({ proxies: elsewhere }) })
    expect(statuses).toEqual([])
    expect(nth(hosts, 0).isKilled).toBe(true)
    expect(states.at(-1)).toMatchObject({ kind: 'gone', detail: 'it said what no core says' })
    nth(hosts, 0).say({ kind: 'status', status: hostStatus() })
    expect(statuses).toEqual([])
    clock.advance(250)
    await settle()
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it.each([[undefined], [null], ['alive'], [{ kind: 'status' }], [{ kind: 'reply', id: 1 }]])(
    'does not harm main by saying %o',
    async (message) => {
      const { hosts, supervisor } = setUp()
      await supervisor.start(CONFIG)
      nth(hosts, 0).sayAnything(message)
      expect(nth(hosts, 0).isKilled).toBe(true)
    },
  )

  it('is ended when it floods main', async () => {
    const { hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    for (let said = 0; said < 3_000; said++) nth(hosts, 0).say({ kind: 'alive' })
    expect(nth(hosts, 0).isKilled).toBe(true)
  })

  it('cannot answer a question with something else', async () => {
    const { hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const asked = supervisor.call('exit-countries.list', undefined)
    nth(hosts, 0).reply(2, { ok: true, value: 'nowhere' })
    await expect(asked).rejects.toMatchObject({ kind: 'malformed' })
  })
})

describe('stopping', () => {
  it('asks the core first, then ends the process, and starts nothing again', async () => {
    const { clock, hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    await supervisor.stop()
    expect(nth(hosts, 0).calls('stop')).toHaveLength(1)
    expect(nth(hosts, 0).isKilled).toBe(true)
    clock.advance(100_000)
    await settle()
    expect(hosts).toHaveLength(1)
    expect(supervisor.state).toEqual({ kind: 'stopped' })
  })

  it('ends a core that does not answer', async () => {
    const { clock, hosts, supervisor } = setUp((host) => {
      host.answers.delete('stop')
      readySoon(host)
    })
    await supervisor.start(CONFIG)
    const stopped = supervisor.stop()
    clock.advance(8000)
    await stopped
    expect(nth(hosts, 0).isKilled).toBe(true)
  })

  it('cancels a restart that is due', async () => {
    const { clock, hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    nth(hosts, 0).exit(1)
    await supervisor.stop()
    clock.advance(100_000)
    expect(hosts).toHaveLength(1)
  })

  it('can be followed by a start at once', async () => {
    const { hosts, supervisor } = setUp()
    await supervisor.start(CONFIG)
    const stopped = supervisor.stop()
    const started = supervisor.start(CONFIG)
    await Promise.all([stopped, started])
    expect(hosts).toHaveLength(2)
    expect(supervisor.state).toEqual({ kind: 'running' })
  })

  it('breaks off a start', async () => {
    const { supervisor } = setUp((host) => {
      host.answers.delete('start')
      readySoon(host)
    })
    const started = supervisor.start(CONFIG)
    await settle()
    await supervisor.stop()
    await expect(started).rejects.toMatchObject({ kind: 'core-gone' })
    expect(supervisor.state).toEqual({ kind: 'stopped' })
  })
})
