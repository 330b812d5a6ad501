import { afterEach, describe, expect, it } from 'vitest'
import { isolationKey } from '../../../core/circuit-manager/isolation.ts'
import type { FamilyPreference, StreamOptions } from '../../../core/client/client-port.ts'
import type { ClientConfig } from '../../../core/client/config.ts'
import { InitialData } from '../../../core/client/initial-data.ts'
import { parseClientConfig } from '../../../core/daemon/torrc-config.ts'
import { parseStreamHost, parseStreamTarget } from '../../../core/client/stream-target.ts'
import { EventLog } from '../../network/event-log.ts'
import type { FakeStream } from '../../network/fake-stream.ts'
import { costlyClock, perTurn } from '../../support/costly-clock.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { type ServedNetwork, serveNetwork } from './stream-service-support.ts'

const RESOLVE = 11
const ipv4Only: FamilyPreference = { allowsIpv4: true, allowsIpv6: false, prefersIpv6: false }
const ipv6Only: FamilyPreference = { allowsIpv4: false, allowsIpv6: true, prefersIpv6: false }
const ipv4First: FamilyPreference = { allowsIpv4: true, allowsIpv6: true, prefersIpv6: false }
const ipv6First: FamilyPreference = { allowsIpv4: true, allowsIpv6: true, prefersIpv6: true }

const answer = (type: number, value: readonly number[] | Buffer): Buffer =>
  Buffer.from([type, value.length, ...value, 0, 0, 0, 60])
const IPV4 = answer(4, [192, 0, 2, 1])
const IPV6 = answer(6, Buffer.from('20010db8000000000000000000000001', 'hex'))

let served: ServedNetwork

async function serve(changes: Partial<ClientConfig> = {}): Promise<ServedNetwork> {
  served = await serveNetwork(changes)
  return served
}

afterEach(async () => {
  expect(served.network.violations).toEqual([])
  await served.network.close()
})

/** Opens a stream and returns what BEGIN asked for, with its flags. */
async function begun(host: string, options: StreamOptions = {}): Promise<string> {
  let asked = ''
  served.network.script.service = (stream) => {
    asked = `${stream.target} ${stream.flags.toString('hex')}`.trim()
    stream.connect(Buffer.alloc(0))
  }
  const stream = await served.service.openStream(parseStreamTarget(host, 80), options)
  stream.destroy()
  return asked
}

/** The names that the exits were asked to resolve. */
function resolvedNames(): string[] {
  return served.network.circuits.all.flatMap((circuit) =>
    circuit.messages.all
      .filter(({ command }) => command === RESOLVE)
      .map(({ body }) => body.toString('latin1', 0, body.length - 1)),
  )
}

describe('the families that a front door allows', () => {
  it('are said in BEGIN, and choose the exit', async () => {
    await serve()
    expect(await begun('a.example', { families: ipv4Only })).toBe('a.example:80')
    expect(await begun('a.example', { families: ipv6Only })).toBe('a.example:80 00000003')
    expect(await begun('a.example', { families: ipv4First })).toBe('a.example:80 00000001')
    expect(await begun('a.example', { families: ipv6First })).toBe('a.example:80 00000005')
    expect(await begun('a.example')).toBe('a.example:80 00000005')
    expect(served.usages.map(({ family }) => family)).toEqual([
      undefined,
      'ipv6',
      undefined,
      undefined,
      undefined,
    ])
  })

  it('refuse an address of another family, in words, without asking an exit', async () => {
    const { service } = await serve()
    const open = (host: string, families: FamilyPreference): Promise<unknown> =>
      service.openStream(parseStreamTarget(host, 80), { families })
    await expect(open('2001:db8::1', ipv4Only)).rejects.toThrow('IPv6 is not allowed on this listener')
    await expect(open('192.0.2.1', ipv6Only)).rejects.toThrow('IPv4 is not allowed on this listener')
    expect(served.usages).toEqual([])
  })

  it('choose and order the addresses of a look-up', async () => {
    const { service, network } = await serve()
    network.script.resolved = () => Buffer.concat([IPV4, IPV6])
    const families = async (wanted: FamilyPreference): Promise<string[]> =>
      (await service.resolve('a.example', { families: wanted })).map(({ family }) => family)
    expect(await families(ipv4Only)).toEqual(['ipv4'])
    expect(await families(ipv6Only)).toEqual(['ipv6'])
    expect(await families(ipv4First)).toEqual(['ipv4', 'ipv6'])
    expect(await families(ipv6First)).toEqual(['ipv6', 'ipv4'])
    network.script.resolved = () => IPV4
    await expect(families(ipv6Only)).rejects.toMatchObject({ kind: 'resolve-failed' })
  })
})

describe('look-ups', () => {
  it('are never answered from memory: no identity learns what another has looked up', async () => {
    const { service, network } = await serve()
    await service.resolve('a.example')
    await service.resolve('a.example')
    network.script.resolved = () => answer(0, Buffer.from('host.example'))
    await service.resolveAddress('192.0.2.1')
    await service.resolveAddress('192.0.2.1')
    const reverse = '1.2.0.192.in-addr.arpa'
    expect(resolvedNames()).toEqual(['a.example', 'a.example', reverse, reverse])
  })

  it('hold their signal also where no exit is asked', async () => {
    const { service } = await serve()
    const signal = AbortSignal.abort()
    await expect(service.resolve('192.0.2.1', { signal })).rejects.toMatchObject({ kind: 'aborted' })
    await expect(service.resolveAddress('192.0.2.1', { signal })).rejects.toMatchObject({ kind: 'aborted' })
  })

  it('reject internal answers apart from internal targets', async () => {
    const { service, network } = await serve()
    const { config } = served
    network.script.resolved = () => answer(4, [10, 0, 0, 1])
    config.set({ ...config.value, rejectInternalAddresses: false })
    await expect(service.resolve('a.example')).rejects.toMatchObject({ kind: 'bad-target' })
    config.set({ ...config.value, rejectInternalAddresses: true, rejectInternalDnsAnswers: false })
    expect(await service.resolve('a.example')).toMatchObject([{ address: '10.0.0.1' }])
  })

  it('of internal addresses are refused', async () => {
    const { service } = await serve()
    for (const address of ['10.0.0.1', '127.0.0.1', '::1']) {
      await expect(service.resolveAddress(address)).rejects.toMatchObject({ kind: 'bad-target' })
    }
    await expect(service.resolveAddress('a.example')).rejects.toMatchObject({ kind: 'bad-target' })
    expect(served.usages).toEqual([])
  })
})

describe('mapped addresses', () => {
  const addressMap = [
    { from: '*.mapped.example', to: '*.b.example' },
    { from: 'address.example', to: '192.0.2.7' },
    { from: '198.51.100.1', to: 'c.example' },
    { from: 'inside.example', to: '10.0.0.1' },
  ]

  it('are gone to, looked up and named instead', async () => {
    const { service } = await serve({ addressMap })
    expect(await begun('x.mapped.example', { families: ipv4Only })).toBe('x.b.example:80')
    expect(await begun('198.51.100.1', { families: ipv4Only })).toBe('c.example:80')
    expect(await service.resolve('address.example')).toMatchObject([{ address: '192.0.2.7' }])
    await service.resolve('mapped.example')
    expect(resolvedNames()).toEqual(['b.example'])
    expect(await service.resolveAddress('198.51.100.1')).toMatchObject([{ name: 'c.example' }])
  })

  it.each([
    ['x.mapped.example', { host: 'x.b.example', kind: 'name' }],
    ['address.example', { host: '192.0.2.7', kind: 'ipv4' }],
    ['198.51.100.1', { host: 'c.example', kind: 'name' }],
    ['other.example', { host: 'other.example', kind: 'name' }],
  ])('tell a front door that %s leads to %o', async (host, destination) => {
    const { service } = await serve({ addressMap })
    expect(service.destinationOf(parseStreamHost(host), isolationKey(['who asks']))).toEqual(destination)
  })

  it('are checked as what they became', async () => {
    const { service } = await serve({ addressMap })
    const opening = service.openStream(parseStreamTarget('inside.example', 80))
    await expect(opening).rejects.toMatchObject({ kind: 'bad-target' })
  })

  it('that lead in a circle are refused when the client is made', async () => {
    await serve()
    const circle = [
      { from: 'a.example', to: 'b.example' },
      { from: 'b.example', to: 'a.example' },
    ]
    await expect(serveNetwork({ addressMap: circle })).rejects.toMatchObject({ kind: 'bad-config' })
  })

  it('follow the configuration as it changes', async () => {
    const { config } = await serve({ addressMap })
    config.set({ ...config.value, addressMap: [] })
    expect(await begun('x.mapped.example', { families: ipv4Only })).toBe('x.mapped.example:80')
  })
})

describe('addresses made up for names', () => {
  const automap = {
    automapHostsOnResolve: true,
    automapHostsSuffixes: ['.example'],
    virtualNetworkIpv4: '127.192.0.0/10',
  }
  const mapScope = isolationKey(['who asks'])

  it('lead to the name, whatever else the two requests differ in', async () => {
    const { service } = await serve(automap)
    const made = await service.resolve('a.example', { mapScope, families: ipv4First })
    expect(made.map(({ family }) => family)).toEqual(['ipv4', 'ipv6'])
    for (const { address } of made) {
      const isolation = { key: isolationKey([address]), keepsAlive: false }
      expect(await begun(address, { mapScope, isolation, families: ipv4Only })).toBe('a.example:80')
      expect(await service.resolveAddress(address, { mapScope })).toMatchObject([{ name: 'a.example' }])
    }
    expect(resolvedNames()).toEqual([])
  })

  it('TROVE-2026-051: lead nowhere for anybody else, and never to an exit', async () => {
    const { service } = await serve({ ...automap, rejectInternalAddresses: false })
    const [made] = await service.resolve('a.example', { mapScope, families: ipv4Only })
    const address = made?.address ?? ''
    const refused: unknown = expect.objectContaining({ kind: 'bad-target' })
    await expect(service.openStream(parseStreamTarget(address, 80))).rejects.toEqual(refused)
    await expect(service.resolveAddress(address)).rejects.toEqual(refused)
    await expect(service.openStream(parseStreamTarget('127.200.1.1', 80), { mapScope })).rejects.toEqual(
      refused,
    )
    expect(served.usages).toEqual([])
  })

  it('tell the name to whoever they were made for, and to nobody else', async () => {
    const { service } = await serve(automap)
    const [made] = await service.resolve('a.example', { mapScope, families: ipv4Only })
    const address = made?.address ?? ''
    expect(service.nameBehind(address, mapScope)).toBe('a.example')
    expect(service.destinationOf(parseStreamHost(address), mapScope).host).toBe('a.example')
    expect(service.nameBehind(address, isolationKey(['somebody else']))).toBeUndefined()
    for (const host of ['127.200.1.1', '192.0.2.7', '2001:db8::1', 'fe80::1%eth0', 'a.example', '']) {
      expect(service.nameBehind(host, mapScope)).toBeUndefined()
    }
  })

  it('lead nowhere after a new identity', async () => {
    const { service } = await serve(automap)
    const [made] = await service.resolve('a.example', { mapScope })
    service.forgetIdentity()
    const opening = service.openStream(parseStreamTarget(made?.address ?? '', 80), { mapScope })
    await expect(opening).rejects.toMatchObject({ kind: 'bad-target' })
  })

  it('are made for the suffixes alone, and never for .exit names', async () => {
    const { service } = await serve({ ...automap, automapHostsSuffixes: ['.onion', '.exit'] })
    await service.resolve('a.example')
    expect(resolvedNames()).toEqual(['a.example'])
    expect(await service.resolve('abc.onion')).toHaveLength(2)
    await expect(service.resolve('a.nickname.exit')).rejects.toMatchObject({ kind: 'bad-target' })
  })
})

describe('a port on which passwords go unencrypted', () => {
  const to = (port: number, host = 'a.example') => parseStreamTarget(host, port)
  const refused: unknown = expect.objectContaining({ kind: 'not-allowed' })

  it('is refused to every program that asks, and warned of once, also by a torrc of a library', async () => {
    const text = 'RejectPlaintextPorts 23\nWarnPlaintextPorts 110,23'
    const { service, network, usages } = await serve(parseClientConfig(text, '/nowhere'))
    network.script.service = (stream) => stream.connect(Buffer.alloc(0))
    for (let round = 0; round < 2; round++) {
      await expect(service.openStream(to(23))).rejects.toEqual(refused)
      for (const port of [110, 143]) (await service.openStream(to(port))).destroy()
    }
    expect(usages.map(({ port }) => port)).toEqual([110, 143, 110, 143])
    expect(served.warnings).toHaveLength(2)
    expect(served.warnings[0]).toMatch(/port 23,.*refuses/)
  })

  it('is another one as soon as the configuration changes', async () => {
    const { service, network, config } = await serve({ rejectPlaintextPorts: [23] })
    network.script.service = (stream) => stream.connect(Buffer.alloc(0))
    config.set({ ...config.value, rejectPlaintextPorts: [25] })
    ;(await service.openStream(to(23))).destroy()
    await expect(service.openStream(to(25))).rejects.toEqual(refused)
  })
})

describe('what an application sends ahead of the answer', () => {
  it('is refused when it is more than could leave', async () => {
    const { service } = await serve()
    const initialData = Buffer.alloc(249_001)
    const opening = service.openStream(parseStreamTarget('a.example', 80), { initialData })
    await expect(opening).rejects.toMatchObject({ kind: 'limit' })
  })

  it('leaves as it comes, before there is an answer', async () => {
    const { service, network } = await serve()
    const exits = new EventLog<FakeStream>()
    network.script.service = (stream) => exits.push(stream)
    const initialData = new InitialData(Buffer.from('one '))
    const opening = service.openStream(parseStreamTarget('a.example', 80), { initialData })
    const exit = await exits.take()
    await exit.waitForBytes(4)
    initialData.append(Buffer.from('two'))
    await exit.waitForBytes(7)
    exit.connect()
    await opening
    expect(exit.receivedBytes).toBe(7)
  })
})

describe('an exit that says nothing', () => {
  /** Lets each try run into its limit; returns when the exit of the last has been told that its stream ended. */
  async function passTries(exits: EventLog<FakeStream>, limitsMs: readonly number[]): Promise<void> {
    for (const limitMs of limitsMs) {
      const exit = await exits.take()
      served.clock.advance(limitMs)
      expect(await exit.ended).toEqual(Buffer.of(1))
    }
  }

  it('is replaced after 10 s, 10 s and 15 s each, and all of it ends after 120 s', async () => {
    const { service, network } = await serve()
    const exits = new EventLog<FakeStream>()
    network.script.service = (stream) => exits.push(stream)
    const opening = service.openStream(parseStreamTarget('a.example', 80))
    const failed = expect(opening).rejects.toMatchObject({ kind: 'timeout' })
    await passTries(exits, [10_000, 10_000, 15_000, 15_000, 15_000, 15_000, 15_000, 15_000])
    // 110 s are over; the ninth exit has ten left, and no more.
    await passTries(exits, [10_000])
    await failed
    expect(served.usages.length).toBe(9)
  })

  it('is replaced after the time that the configuration gives it', async () => {
    const { service, network } = await serve({ circuitStreamTimeoutMs: 50_000 })
    const exits = new EventLog<FakeStream>()
    network.script.service = (stream) => exits.push(stream)
    const opening = service.openStream(parseStreamTarget('a.example', 80))
    const failed = expect(opening).rejects.toMatchObject({ kind: 'timeout' })
    await passTries(exits, [50_000, 50_000, 20_000])
    await failed
  })
})

describe('many requests at once', () => {
  it('are begun a few in a turn of the event loop, the first to come first, and all of them', async () => {
    served = await serveNetwork({}, costlyClock(manualClock(), 0.25))
    const { service, usages } = served
    const asked = Array.from({ length: 200 }, (_, at) =>
      service.openStream(parseStreamTarget(`${at}.example`, 80)).catch(() => {}),
    )
    expect(usages.length).toBeLessThanOrEqual(32)
    expect(Math.max(...(await perTurn(() => usages.length, 200)))).toBeLessThanOrEqual(32)
    expect(usages.map(({ site }) => site)).toEqual(asked.map((_, at) => `${at}.example`))
  })

  it('belong to the identity of the moment in which they were asked for, however long they wait', async () => {
    served = await serveNetwork({}, costlyClock(manualClock(), 1))
    const { service, usages } = served
    const ask = (): void => void service.openStream(parseStreamTarget('a.example', 80)).catch(() => {})
    for (let at = 0; at < 20; at++) ask()
    service.forgetIdentity()
    ask()
    await perTurn(() => usages.length, 21)
    const keys = usages.map(({ isolation }) => isolation)
    expect(new Set(keys.slice(0, 20)).size).toBe(1)
    expect(keys[20]).not.toBe(keys[0])
  })
})

describe('what is known of a site', () => {
  it('counts the bytes of its streams, and they stay when the circuit is gone', async () => {
    const { service, network, traffic } = await serve()
    network.script.service = (stream) => stream.connect(Buffer.alloc(0))
    const stream = await service.openStream(parseStreamTarget('www.a.example', 80))
    stream.write(Buffer.from('hello'))
    expect(traffic.sites()).toMatchObject([{ site: 'a.example', writtenBytes: 5, readBytes: 0 }])
    expect(traffic.total().writtenBytes).toBe(5)
  })

  it('says when it was refused by a rule, under every name of it, and not when the network failed', async () => {
    const { service, sites, traffic, network, clock } = await serve()
    await sites.set('a.example', { isBlocked: true })
    clock.advance(5_000)
    await expect(service.openStream(parseStreamTarget('www.a.example', 80))).rejects.toMatchObject({
      kind: 'blocked',
    })
    network.script.service = (stream) => stream.end(3)
    await expect(service.openStream(parseStreamTarget('b.example', 80))).rejects.toBeInstanceOf(Error)
    expect(traffic.sites()).toMatchObject([
      { site: 'b.example', refusal: undefined },
      { site: 'a.example', refusal: { kind: 'blocked', atMs: clock.wallMs() } },
    ])
  })
})
