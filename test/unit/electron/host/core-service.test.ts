import { connect, createServer, type Server } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type ClientConfig,
  IDENTITY_CHANGES,
  IDENTITY_KEEPS,
  Logger,
  type SitePolicyEntry,
  type StreamStatus,
  systemClock,
  TorError,
} from '../../../../core/index.ts'
import { DerivedValue, WatchedValue } from '../../../../core/util/watched-value.ts'
import { CoreService, type HostClient } from '../../../../electron/host/core-service.ts'
import { HOST_CONFIG as CONFIG } from '../samples.ts'
import { circuit, STATUS } from './host-samples.ts'

const STREAM: StreamStatus = { id: 1, target: 'a.test:443', site: 'a.test', state: 'open', circuitId: 7 }
const watchable = <T>(value: T) => ({ value, watch: () => () => {}, watchAge: () => () => {} })

function fakeClient(said: string[], changes: Partial<HostClient> = {}): HostClient {
  const say =
    (what: string) =>
    async (...args: readonly unknown[]): Promise<undefined> =>
      void said.push([what, ...args.map((arg) => JSON.stringify(arg))].join(' '))
  const never = (): Promise<never> => Promise.reject(new TorError('no-path', 'not here'))
  return {
    connect: never,
    openStream: never,
    resolve: async () => [{ address: '192.0.2.7', family: 'ipv4', ttlSeconds: 0 }],
    resolveAddress: never,
    nameBehind: () => undefined,
    destinationOf: (asked) => asked,
    status: watchable({ ...STATUS, circuits: [circuit(7, { sites: ['a.test'] })] }),
    bootstrap: say('bootstrap'),
    reconfigure: async ({ isNetworkDisabled }) => void said.push(`reconfigure ${isNetworkDisabled}`),
    wake: () => {},
    loadCountries: async () => {},
    exitCountries: async () => [],
    closeCircuit: (id) => void said.push(`closeCircuit ${id}`),
    newCircuitFor: (site) => void said.push(`newCircuitFor ${site}`),
    newIdentity: async () => ({ epoch: 1, changed: IDENTITY_CHANGES, kept: IDENTITY_KEEPS }),
    sitePolicies: watchable<readonly SitePolicyEntry[]>([]),
    setSitePolicy: say('setSitePolicy'),
    forgetSite: say('forgetSite'),
    requestUrl: async () => ({ status: 200, headers: new Map(), body: Buffer.from('{}'), url: '' }),
    close: say('close'),
    ...changes,
  }
}

const services: CoreService[] = []
const servers: Server[] = []

afterEach(async () => {
  for (const service of services.splice(0)) await service.stop()
  for (const server of servers.splice(0)) server.close()
})

function setUp(changes: Partial<HostClient> = {}, onChange = (): void => {}) {
  const said: string[] = []
  const configs: ClientConfig[] = []
  const service = new CoreService({
    createClient: async (config) => {
      configs.push(config)
      return fakeClient(said, changes)
    },
    clock: systemClock,
    log: new Logger(() => {}),
    onChange,
  })
  services.push(service)
  return { said, configs, service, handlers: service.handlers }
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

describe('the core as main uses it', () => {
  it('opens both doors, begins to connect, and takes all of it back when it is stopped', async () => {
    const { handlers, service, said } = setUp()
    expect(service.readStatus()).toBeUndefined()
    await handlers.start(CONFIG)
    const { socks, http, trouble } = service.readStatus()?.proxies ?? {}
    expect(trouble).toBeUndefined()
    expect(await isOpen(socks?.port ?? 0)).toBe(true)
    expect(await isOpen(http?.port ?? 0)).toBe(true)
    expect(said).toEqual(['bootstrap'])
    await handlers.stop(undefined)
    await handlers.stop(undefined)
    expect(said).toEqual(['bootstrap', 'close'])
    expect(await isOpen(socks?.port ?? 0)).toBe(false)
    expect(service.readStatus()).toBeUndefined()
  })

  it('takes a free port where somebody has the one that is asked for, and says so', async () => {
    const taken = createServer()
    servers.push(taken)
    const port = await new Promise<number>((resolve) =>
      taken.listen(0, '127.0.0.1', () => {
        const address = taken.address()
        resolve(address !== null && typeof address === 'object' ? address.port : 0)
      }),
    )
    const { handlers, service } = setUp()
    await handlers.start({ ...CONFIG, socksPort: port })
    const { socks, trouble } = service.readStatus()?.proxies ?? {}
    expect(trouble).toEqual({ port, detail: 'EADDRINUSE' })
    expect(socks?.port).not.toBe(port)
    expect(await isOpen(socks?.port ?? 0)).toBe(true)
    await new Promise((resolve) => taken.close(resolve))
    // Programs have been told where the door is: it moves back when it is opened anew.
    await handlers.reconfigure({ ...CONFIG, socksPort: port, allowedPorts: [443] })
    expect(service.readStatus()?.proxies).toMatchObject({ socks, trouble: { port } })
    await handlers.stop(undefined)
    await handlers.start({ ...CONFIG, socksPort: port })
    expect(service.readStatus()?.proxies).toMatchObject({ socks: { port }, trouble: undefined })
  })

  it('leaves doors that stay as they are alone when something else changes', async () => {
    const { handlers, service } = setUp()
    await handlers.start(CONFIG)
    const before = service.readStatus()?.proxies
    await handlers.reconfigure({ ...CONFIG, allowedPorts: [443] })
    expect(service.readStatus()?.proxies).toEqual(before)
  })

  it('closes what it has opened when it cannot start', async () => {
    const { handlers, said, service } = setUp()
    await expect(handlers.start({ ...CONFIG, networkLines: ['Nonsense 1'] })).rejects.toMatchObject({
      kind: 'bad-config',
    })
    expect(service.readStatus()).toBeUndefined()
    expect(said).toEqual([])
  })

  it('does not connect while bridges are wanted and there is none, and does when there is no such wish any more', async () => {
    const { handlers, said, configs, service } = setUp()
    await handlers.start({ ...CONFIG, bridgeLines: [] })
    expect(configs[0]?.isNetworkDisabled).toBe(true)
    expect(said).toEqual([])
    expect(service.readStatus()).toMatchObject({ isConnected: false, blockage: { kind: 'no-path' } })
    await handlers.reconfigure(CONFIG)
    expect(service.readStatus()).toMatchObject({ isConnected: true, blockage: undefined })
    expect(said).toEqual(['reconfigure false', 'bootstrap'])
    await handlers.reconfigure(CONFIG)
    expect(said.filter((line) => line === 'bootstrap')).toHaveLength(1)
  })

  it('says again how it fares when it has taken a change: what it said before counted for the way before', async () => {
    const { handlers, service } = setUp()
    await handlers.start(CONFIG)
    const before = service.readStatus()
    expect(service.readStatus()).toBe(before)
    await handlers.reconfigure({ ...CONFIG, allowedPorts: [443] })
    expect(service.readStatus()).not.toBe(before)
    expect(service.readStatus()).toEqual(before)
  })

  it('wakes a core that nobody has used for long when somebody connects again or chooses another way', async () => {
    let wakes = 0
    const { handlers } = setUp({ wake: () => void wakes++ })
    await handlers.start(CONFIG)
    await handlers.start(CONFIG)
    expect(wakes).toBe(1)
    await handlers.reconfigure({ ...CONFIG, allowedPorts: [443] })
    expect(wakes).toBe(2)
  })

  it('dials nothing for a wish that was taken back while it started: bridges, chosen meanwhile, come first', async () => {
    const { handlers, said } = setUp()
    const started = handlers.start(CONFIG)
    const hiding = handlers.reconfigure({ ...CONFIG, bridgeLines: ['192.0.2.1:443'] })
    await Promise.all([started, hiding])
    expect(said).toEqual(['reconfigure false', 'bootstrap'])
  })

  it('says in its status that the core has given up', async () => {
    const { handlers, service } = setUp({
      bootstrap: () => Promise.reject(new TorError('obsolete-client', 'this release is too old')),
    })
    await handlers.start(CONFIG)
    await new Promise((resolve) => setImmediate(resolve))
    expect(service.readStatus()).toMatchObject({ isConnected: false, blockage: { kind: 'obsolete-client' } })
  })

  it('gives the same status as long as nothing has changed', async () => {
    const { handlers, service } = setUp()
    await handlers.start(CONFIG)
    expect(service.readStatus()).toBe(service.readStatus())
  })

  it('says that its status may be another now: at each change once, until that is read', async () => {
    let streams = 0
    let changes = 0
    const status = new DerivedValue(() => ({ ...STATUS, streams: Array(streams).fill(STREAM) }))
    const sitePolicies = new WatchedValue<readonly SitePolicyEntry[]>([])
    const { handlers, service } = setUp({ status, sitePolicies }, () => changes++)
    const changesIn = (work: () => void): number => {
      const before = changes
      work()
      return changes - before
    }
    expect(await handlers.start(CONFIG)).toBeUndefined()
    expect(changes).toBeGreaterThan(0)
    service.readStatus()
    const request = (): void => {
      streams++
      status.invalidate()
    }
    expect(changesIn(() => Array.from({ length: 1_000 }, request))).toBe(1)
    service.readStatus()
    expect(changesIn(request)).toBe(1)
    expect(
      changesIn(() =>
        sitePolicies.set([{ site: 'a.test', isBlocked: true, exitCountry: undefined, pin: undefined }]),
      ),
    ).toBe(1)
    service.readStatus()
    expect(service.readStatus()?.sites).toMatchObject([{ site: 'a.test' }])
    await handlers.stop(undefined)
    expect(changesIn(request)).toBe(0)
  })

  it('says so when it has given up, and when the doors have moved', async () => {
    let changes = 0
    let giveUp: (error: TorError) => void = () => {}
    const bootstrap = (): Promise<never> => new Promise((_, reject) => (giveUp = reject))
    const { handlers, service } = setUp({ bootstrap }, () => changes++)
    await handlers.start(CONFIG)
    const started = changes
    giveUp(new TorError('obsolete-client', 'too old'))
    await new Promise((resolve) => setImmediate(resolve))
    expect(changes).toBe(started + 1)
    expect(service.readStatus()).toMatchObject({ blockage: { kind: 'obsolete-client' } })
    await handlers.reconfigure({ ...CONFIG, allowedPorts: [443] })
    expect(changes).toBeGreaterThan(started + 1)
  })

  it('refuses what needs a running core with a kind', async () => {
    const { handlers } = setUp()
    await expect(handlers['identity.new'](undefined)).rejects.toMatchObject({ kind: 'closed' })
    await expect(handlers['circuit.close'](1)).rejects.toMatchObject({ kind: 'closed' })
    await expect(handlers.reconfigure(CONFIG)).rejects.toMatchObject({ kind: 'closed' })
  })

  it('hands the wishes of a person on', async () => {
    const { handlers, said } = setUp()
    await handlers.start(CONFIG)
    await handlers['circuit.close'](7)
    await handlers['site.new-circuit']('a.test')
    await handlers['site.forget']('a.test')
    expect(await handlers['identity.new'](undefined)).toEqual({
      changed: IDENTITY_CHANGES,
      kept: IDENTITY_KEEPS,
    })
    expect(await handlers['check.resolve']('b.test')).toEqual({ addresses: ['192.0.2.7'] })
    expect(said.slice(1)).toEqual(['closeCircuit 7', 'newCircuitFor a.test', 'forgetSite "a.test"'])
  })

  it("pins the exit of the site's newest circuit, and refuses where there is none", async () => {
    const { handlers, said } = setUp()
    await handlers.start(CONFIG)
    const rules = { isBlocked: false, exitCountry: null, pinForMs: 3_600_000 }
    await handlers['site.set-policy']({ site: 'a.test', ...rules })
    expect(said.at(-1)).toContain('EXIT7')
    await expect(handlers['site.set-policy']({ site: 'b.test', ...rules })).rejects.toMatchObject({
      kind: 'no-path',
    })
    await handlers['site.set-policy']({ site: 'b.test', isBlocked: true, exitCountry: null, pinForMs: null })
    expect(said.at(-1)).toBe('setSitePolicy "b.test" {"isBlocked":true}')
  })
})
