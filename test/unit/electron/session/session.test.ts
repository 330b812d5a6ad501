/** In which order the system is pointed at the doors and let go again, whatever goes wrong meanwhile. */
import { describe, expect, it } from 'vitest'
import { AppError, CoreError } from '../../../../electron/app-error.ts'
import { DEFAULT_SETTINGS, type Settings } from '../../../../electron/ipc/settings.ts'
import type { ConnectionEvent, CoreState } from '../../../../electron/parts.ts'
import { hostConfigOf } from '../../../../electron/session/host-config.ts'
import { viewOf } from '../../../../electron/connection/connection-view.ts'
import { initialModel } from '../../../../electron/connection/connection-model.ts'
import type { AttemptWay, ConnectionState } from '../../../../electron/ipc/snapshot-connection.ts'
import { Session } from '../../../../electron/session/session.ts'
import { hostStatus } from '../host/fake-host.ts'

const DOOR = { host: '127.0.0.1', port: 9251 }
const FIRST_VIEW = viewOf(initialModel({ wallMs: 0, monotonicMs: 0 }, false))
const OPEN = hostStatus({
  proxies: { socks: { host: '127.0.0.1', port: 9250 }, http: DOOR, trouble: undefined },
})

function setUp(change: Partial<Settings> = {}) {
  const done: string[] = []
  const events: ConnectionEvent[] = []
  const logged: string[] = []
  const fail: { start?: Error; change?: Error; apply?: Error; restore?: Error } = {}
  const box: {
    settings: Settings
    core: CoreState
    state: ConnectionState
    way: AttemptWay
    untilRestored?: Promise<void>
  } = {
    state: 'off',
    settings: { ...DEFAULT_SETTINGS, entry: 'direct', systemProxy: true, ...change },
    core: { kind: 'stopped' },
    way: { kind: 'direct' },
  }
  const act = (name: string, error: Error | undefined): Promise<void> => {
    done.push(name)
    return error === undefined ? Promise.resolve() : Promise.reject(error)
  }
  const session = new Session({
    core: {
      get state() {
        return box.core
      },
      start: () => act('core starts', fail.start),
      stop: () => act('core stops', undefined),
      reconfigure: () => act('core reconfigured', fail.change),
    },
    connection: {
      handle: (event) => events.push(event),
      get view() {
        return { ...FIRST_VIEW, state: box.state }
      },
    },
    systemProxy: {
      apply: ({ port }) => act(`proxy to ${port}`, fail.apply),
      restore: async () => {
        await box.untilRestored
        await act('proxy restored', fail.restore)
      },
    },
    settings: () => box.settings,
    config: () => hostConfigOf(box.settings, undefined, { dataDirectory: '/nowhere', networkLines: [] }),
    way: () => box.way,
    ways: { hold: undefined, begin: () => {}, end: () => {}, onChange: () => false },
    log: (level, text) => logged.push(`${level} ${text}`),
  })
  return { box, done, events, fail, logged, session }
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve))
}

async function connect(session: Session): Promise<void> {
  session.start()
  await settle()
  session.onStatus(OPEN)
  await settle()
}

describe('connecting', () => {
  it('opens the doors, then points the system at them, before anything is connected', async () => {
    const { done, events, session } = setUp()
    await connect(session)
    expect(done).toEqual(['core starts', 'proxy to 9251'])
    expect(events).toEqual([
      { kind: 'way', way: { kind: 'direct' }, isInForce: false },
      { kind: 'wanted', isWanted: true },
    ])
  })

  it('leaves the system alone when the person did not ask for its proxy', async () => {
    const { done, session } = setUp({ systemProxy: false })
    await connect(session)
    await session.stop()
    expect(done).toEqual(['core starts', 'core stops'])
  })

  it('is refused before the question of the first run was answered', () => {
    const { done, session } = setUp({ entry: 'unasked' })
    expect(() => session.start()).toThrow(expect.objectContaining({ kind: 'entry-unasked' }) as Error)
    expect(done).toEqual([])
  })

  it('does nothing twice', async () => {
    const { done, session } = setUp()
    await connect(session)
    await connect(session)
    expect(done).toEqual(['core starts', 'proxy to 9251'])
  })

  it('begins with another core when it is asked to after a failure, with the system on the closed door', async () => {
    const { box, done, session } = setUp()
    await connect(session)
    box.state = 'failed'
    await connect(session)
    expect(done).toEqual(['core starts', 'proxy to 9251', 'core stops', 'core starts'])
  })

  it('takes nothing that the core of before still says for a word of the other one', async () => {
    const { box, done, session } = setUp()
    await connect(session)
    box.state = 'failed'
    session.start()
    expect(session.isSwitching).toBe(true)
    await settle()
    expect(done.at(-1)).toBe('core starts')
    expect(session.isSwitching).toBe(false)
  })

  it('says why it failed, and can be tried again', async () => {
    const { box, done, events, fail, session } = setUp()
    fail.start = new CoreError({ kind: 'state', detail: 'the data folder is locked' })
    session.start()
    await settle()
    expect(events.at(-1)).toEqual({
      kind: 'start-failed',
      reason: { kind: 'state', detail: 'the data folder is locked' },
    })
    delete fail.start
    box.state = 'failed'
    await connect(session)
    expect(done).toEqual(['core starts', 'core stops', 'core starts', 'proxy to 9251'])
  })

  it('leaves the system on the closed door when it is tried again in vain', async () => {
    const { box, done, events, fail, session } = setUp()
    await connect(session)
    box.state = 'failed'
    fail.start = new CoreError({ kind: 'state', detail: 'the data folder is locked' })
    session.start()
    await settle()
    expect(events.at(-1)).toMatchObject({ kind: 'start-failed' })
    expect(done).toEqual(['core starts', 'proxy to 9251', 'core stops', 'core starts'])
    await session.stop()
    expect(done.slice(-2)).toEqual(['proxy restored', 'core stops'])
  })

  it('goes on when the core crashed at its start and is being started again', async () => {
    const { box, done, events, fail, session } = setUp()
    fail.start = new AppError('core-gone', 'it crashed')
    box.core = { kind: 'gone', reason: 'crashed', detail: 'it crashed', count: 1, nextMs: 0 }
    session.start()
    await settle()
    session.onStatus(OPEN)
    await settle()
    expect(events.filter(({ kind }) => kind === 'start-failed')).toEqual([])
    expect(done).toEqual(['core starts', 'proxy to 9251'])
  })

  it('connects all the same when the system’s setting cannot be made', async () => {
    const { done, fail, session } = setUp()
    fail.apply = new AppError('proxy-denied', 'no rights')
    await connect(session)
    session.onStatus(OPEN)
    await settle()
    expect(done).toEqual(['core starts', 'proxy to 9251'])
    await session.stop()
    expect(done.slice(-2)).toEqual(['proxy restored', 'core stops'])
  })
})

describe('the person’s word on the system’s setting', () => {
  it('puts back into force what something else has changed since', async () => {
    const { done, session } = setUp()
    await connect(session)
    await session.reapplyProxy()
    expect(done).toEqual(['core starts', 'proxy to 9251', 'proxy to 9251'])
  })

  it.each(['applyProxy', 'reapplyProxy'] as const)(
    'tries again what failed, and says when it fails again (%s)',
    async (method) => {
      const { done, fail, session } = setUp()
      fail.apply = new AppError('proxy-denied', 'no rights')
      await connect(session)
      await expect(session[method]()).rejects.toMatchObject({ kind: 'proxy-denied' })
      delete fail.apply
      await session[method]()
      expect(done).toEqual(['core starts', 'proxy to 9251', 'proxy to 9251', 'proxy to 9251'])
    },
  )

  it('is told of a failure also where a change of the settings has begun the same already', async () => {
    const { box, done, fail, session } = setUp({ systemProxy: false })
    await connect(session)
    fail.apply = new AppError('proxy-denied', 'no rights')
    box.settings = { ...box.settings, systemProxy: true }
    session.onChange()
    await expect(session.applyProxy()).rejects.toMatchObject({ kind: 'proxy-denied' })
    expect(done).toEqual(['core starts', 'proxy to 9251'])
  })

  it('tries once more to put back the old settings', async () => {
    const { done, fail, session } = setUp()
    await connect(session)
    fail.restore = new AppError('proxy-not-restored', 'no session bus')
    await expect(session.stop()).rejects.toMatchObject({ kind: 'proxy-not-restored' })
    await expect(session.stop()).rejects.toMatchObject({ kind: 'proxy-not-restored' })
    delete fail.restore
    await session.applyProxy()
    expect(done.filter((each) => each === 'proxy restored')).toHaveLength(3)
  })
})

describe('while connected', () => {
  it('says of a way whether the core dials so already: what a core at rest has said counts still', async () => {
    const { box, events, session } = setUp()
    await connect(session)
    box.way = { kind: 'direct', source: 'settings' }
    session.onChange()
    expect(events.at(-1)).toEqual({ kind: 'way', way: box.way, isInForce: true })
    box.way = { kind: 'bridges', transports: ['obfs4'], count: 1 }
    box.settings = { ...box.settings, excludedCountries: ['de'] }
    session.onChange()
    expect(events.at(-1)).toEqual({ kind: 'way', way: box.way, isInForce: false })
  })

  it('keeps the system pointed at the door while the core is gone', async () => {
    const { done, session } = setUp()
    await connect(session)
    session.onStatus(hostStatus())
    session.onChange()
    await settle()
    expect(done).toEqual(['core starts', 'proxy to 9251'])
  })

  it('follows the door when it had to move', async () => {
    const { done, session } = setUp()
    await connect(session)
    session.onStatus(
      hostStatus({ proxies: { socks: undefined, http: { ...DOOR, port: 40_000 }, trouble: undefined } }),
    )
    await settle()
    expect(done.at(-1)).toBe('proxy to 40000')
  })

  it('says that another program took the door while the core was gone, and leads the system away from it', async () => {
    const { done, logged, session } = setUp()
    await connect(session)
    session.onStatus(
      hostStatus({
        proxies: {
          socks: undefined,
          http: { ...DOOR, port: 40_000 },
          trouble: { port: DOOR.port, detail: 'EADDRINUSE' },
        },
      }),
    )
    await settle()
    expect(logged).toEqual([expect.stringMatching(/^err another program took port 9251 /)])
    expect(done.at(-1)).toBe('proxy to 40000')
  })

  it('turns the system’s proxy on and off at the person’s wish, and tells the core only its own settings', async () => {
    const { box, done, session } = setUp({ systemProxy: false })
    await connect(session)
    box.settings = { ...box.settings, systemProxy: true }
    session.onChange()
    await session.applyProxy()
    box.settings = { ...box.settings, systemProxy: false, theme: 'dark' }
    session.onChange()
    await session.applyProxy()
    box.settings = { ...box.settings, excludedCountries: ['fr'] }
    session.onChange()
    expect(done).toEqual(['core starts', 'proxy to 9251', 'proxy restored', 'core reconfigured'])
  })
})

describe('a change that the core refuses', () => {
  it('ends the core, which would go on directly for somebody who has just chosen to hide', async () => {
    const { box, done, events, fail, session } = setUp()
    await connect(session)
    fail.change = new CoreError({ kind: 'bad-config', detail: 'the proxy must be given by its IP address' })
    box.settings = { ...box.settings, entry: 'hide' }
    session.onChange()
    await settle()
    expect(events.at(-1)).toEqual({
      kind: 'start-failed',
      reason: { kind: 'bad-config', detail: 'the proxy must be given by its IP address' },
    })
    // And the system stays on the closed door.
    expect(done).toEqual(['core starts', 'proxy to 9251', 'core reconfigured', 'core stops'])
  })

  it('is made good by another start, which tells the core everything', async () => {
    const { box, done, fail, session } = setUp()
    await connect(session)
    fail.change = new AppError('timeout', 'no answer')
    box.settings = { ...box.settings, entry: 'hide' }
    session.onChange()
    await settle()
    box.state = 'failed'
    await connect(session)
    expect(done.slice(3)).toEqual(['core stops', 'core stops', 'core starts'])
  })

  it('is no refusal where the core is gone: it hears of it when it starts again', async () => {
    const { box, done, events, fail, session } = setUp()
    await connect(session)
    fail.change = new AppError('core-gone', 'it crashed')
    box.settings = { ...box.settings, entry: 'hide' }
    session.onChange()
    await settle()
    expect(done.at(-1)).toBe('core reconfigured')
    expect(events.some(({ kind }) => kind === 'start-failed')).toBe(false)
  })
})

describe('disconnecting', () => {
  it('puts the old settings back before the core ends, and says so', async () => {
    const { done, events, session } = setUp()
    await connect(session)
    await session.stop()
    expect(done.slice(2)).toEqual(['proxy restored', 'core stops'])
    expect(events.slice(-3)).toEqual([
      { kind: 'restoring', isRestoring: true },
      { kind: 'wanted', isWanted: false },
      { kind: 'restoring', isRestoring: false },
    ])
  })

  it('ends the core also when the old settings cannot be put back, and says that they were not', async () => {
    const { done, events, fail, session } = setUp()
    await connect(session)
    fail.restore = new AppError('proxy-not-restored', 'no session bus')
    await expect(session.stop()).rejects.toMatchObject({ kind: 'proxy-not-restored' })
    expect(done.at(-1)).toBe('core stops')
    expect(events.at(-1)).toEqual({ kind: 'restoring', isRestoring: false })
  })

  it('points nothing at a door that opens too late', async () => {
    const { done, session } = setUp()
    session.start()
    await settle()
    const stopped = session.stop()
    session.onStatus(OPEN)
    await stopped
    session.onStatus(OPEN)
    await settle()
    expect(done).toEqual(['core starts', 'core stops'])
  })

  it('can be followed by connecting at once, in order', async () => {
    const { done, session } = setUp()
    await connect(session)
    const stopped = session.stop()
    session.start()
    await stopped
    await settle()
    session.onStatus(OPEN)
    await settle()
    expect(done.slice(2)).toEqual(['proxy restored', 'core stops', 'core starts', 'proxy to 9251'])
  })

  it('leaves what the core that ends still says to nobody who connects meanwhile', async () => {
    const { box, done, session } = setUp()
    await connect(session)
    expect(session.isSwitching).toBe(false)
    let goOn = (): void => {}
    box.untilRestored = new Promise((resolve) => (goOn = resolve))
    const stopped = session.stop()
    session.start()
    await settle()
    expect(session.isSwitching).toBe(true)
    goOn()
    await stopped
    expect(session.isSwitching).toBe(true)
    await settle()
    expect(done.at(-1)).toBe('core starts')
    expect(session.isSwitching).toBe(false)
  })

  it('is the last word also when it is said again while the first is still being carried out', async () => {
    const { box, done, events, session } = setUp()
    await connect(session)
    let goOn = (): void => {}
    box.untilRestored = new Promise((resolve) => (goOn = resolve))
    const stops = [session.stop()]
    session.start()
    stops.push(session.stop())
    expect(session.isWanted).toBe(false)
    expect(events.at(-1)).toEqual({ kind: 'wanted', isWanted: false })
    goOn()
    await Promise.all(stops)
    await settle()
    session.onStatus(OPEN)
    await settle()
    expect(done).toEqual(['core starts', 'proxy to 9251', 'proxy restored', 'core stops'])
  })

  it('is followed by one core, however often the person has changed their mind meanwhile', async () => {
    const { done, session } = setUp()
    await connect(session)
    const stopped = session.stop()
    session.start()
    void session.stop()
    session.start()
    await stopped
    await settle()
    expect(done.slice(2)).toEqual(['proxy restored', 'core stops', 'core starts'])
  })

  it('lets nothing connect any more while the app is being closed', async () => {
    const { done, events, session } = setUp()
    await connect(session)
    session.isClosing = true
    const stopped = session.stop()
    session.start()
    await stopped
    session.start()
    await settle()
    expect(session.isWanted).toBe(false)
    expect(done.slice(2)).toEqual(['proxy restored', 'core stops'])
    expect(events.filter((event) => event.kind === 'wanted' && event.isWanted)).toHaveLength(1)
    session.isClosing = false
    session.start()
    await settle()
    expect(done.at(-1)).toBe('core starts')
  })
})
