import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import {
  applyConfig,
  checkReconfiguration,
  hasOtherPlugin,
  isPathRefused,
} from '../../../core/client/reconfigure.ts'
import { pathConstraints } from '../../../core/client/path-constraints.ts'
import { createCountries } from '../../../core/client/country-sources.ts'
import { formatBridgeLine, parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { rsaIdentityFromBytes } from '../../../core/linkspec/relay-ids.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { parseNodeSet } from '../../../core/netdir/node-set.ts'
import { parseTransportPlugin } from '../../../core/transport/managed/transport-plugin.ts'
import { createLifetime } from '../../../core/util/abort.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'
import { WatchedValue } from '../../../core/util/watched-value.ts'
import { rigDirectory } from '../../network/circuit-rig.ts'
import { manualClock } from '../../support/manual-clock.ts'

const CONFIG: ClientConfig = { ...DEFAULT_CLIENT_CONFIG, authorities: [], fallbackDirs: [] }

const BRIDGE = parseBridgeLine('192.0.2.1:443')
const OTHER_BRIDGE = parseBridgeLine('192.0.2.2:443')

/** What channels may lead to. */
const TARGETS: readonly ChannelTarget[] = [undefined, BRIDGE, OTHER_BRIDGE].map((bridge, at) => ({
  ids: { rsa: rsaIdentityFromBytes(Buffer.alloc(20, at)), ed25519: undefined },
  endpoints: [bridge?.endpoint ?? { host: '192.0.2.9', port: 443 }],
  ...(bridge === undefined ? {} : { bridge }),
}))

const nameOf = ({ bridge }: ChannelTarget): string =>
  bridge === undefined ? 'relay' : bridge === BRIDGE ? 'bridge' : 'otherBridge'

const countries = createCountries(CONFIG, manualClock())

let netDir: NetDir
let path: number[]
let config: WatchedValue<ClientConfig>
let done: string[]
let logged: string[]

beforeAll(() => {
  netDir = rigDirectory()
  const free = { ...CONFIG, enforceDistinctSubnets: false }
  path = []
  for (let row = 0; path.length < 3 && row < netDir.relayCount; row++) {
    if (
      !isPathRefused(
        netDir,
        [...path, row],
        pathConstraints(new WatchedValue<ClientConfig>(free), countries)(),
      )
    )
      path.push(row)
  }
})

beforeEach(() => {
  config = new WatchedValue(CONFIG)
  done = []
  logged = []
})

function excluding(row: number): ClientConfig {
  const excludeNodes = parseNodeSet(`$${netDir.ids(row).rsa}`, 'ExcludeNodes')
  return { ...CONFIG, enforceDistinctSubnets: false, nodes: { ...CONFIG.nodes, excludeNodes } }
}

function isRefusedBy(next: ClientConfig): boolean {
  return isPathRefused(netDir, path, pathConstraints(new WatchedValue(next), countries)())
}

function apply(next: ClientConfig): Promise<void> {
  const parts = {
    config,
    log: new Logger(({ level, parts: words }) => logged.push(`${level} ${formatLogParts(words, false)}`)),
    countries,
    constraints: pathConstraints(config, countries),
    lifetime: createLifetime(),
    circuits: {
      closeAll: () => done.push('close circuits'),
      retireWhere: (_isMeant: unknown, reason: string) =>
        done.push(reason.startsWith('Conflux') ? 'retire sets' : 'retire the forbidden'),
      retryNow: () => done.push('try again'),
    },
    channels: {
      closeAll: () => done.push('close channels'),
      closeWhere: (isMeant: (target: ChannelTarget) => boolean) => {
        done.push(`close channels to ${TARGETS.filter(isMeant).map(nameOf).join(' ')}`)
      },
    },
    bridges: { reconsider: () => done.push('reach bridges') },
    directory: {
      reconsider: () => done.push('ask directories'),
      beginAnew: () => done.push('ask directories'),
    },
    surroundings: { noteOtherWay: () => done.push('begin anew') },
    board: { restartBootstrap: () => {} },
  }
  return applyConfig(parts, next)
}

describe('another configuration for a running client', () => {
  it('without conflux gives no more streams to the sets that there are', async () => {
    await apply({ ...CONFIG, confluxEnabled: false })
    expect(done).toEqual(['retire the forbidden', 'retire sets'])
  })

  it.each([
    [{ dataDirectory: '/elsewhere' }, /DataDirectory/],
    [{ geoIpFile: '/elsewhere' }, /GeoIPFile cannot be changed/],
    [{ geoIpv6File: '/elsewhere' }, /GeoIPv6File cannot be changed/],
    [{ useIpv4: false, useIpv6: false }, /ClientUseIPv4/],
    [{ addressMap: [{ from: 'a b', to: '' }] }, /./],
    [{ virtualNetworkIpv4: '127.192.0.0/31' }, /VirtualAddrNetworkIPv4/],
    [{ numPrimaryGuards: 1, numEntryGuards: 2 }, /NumPrimaryGuards/],
  ])('is refused in words and changes nothing: %o', async (change, message) => {
    const applying = apply({ ...CONFIG, ...change })
    await expect(applying).rejects.toMatchObject({ kind: 'bad-config' })
    await expect(applying).rejects.toThrow(message)
    expect(config.value).toBe(CONFIG)
    expect(done).toEqual([])
  })

  it('may be equal in what cannot change without being the same object', () => {
    expect(() => checkReconfiguration(CONFIG, { ...CONFIG, authorities: [] })).not.toThrow()
  })

  it('retires the circuits that it forbids, and only those', async () => {
    expect(isRefusedBy({ ...CONFIG, enforceDistinctSubnets: false })).toBe(false)
    expect(path.map((row) => isRefusedBy(excluding(row)))).toEqual([true, true, true])
    expect(isRefusedBy(excluding(59))).toBe(false)
    const excludeExitNodes = parseNodeSet(`$${netDir.ids(path[1] ?? 0).rsa}`, 'ExcludeExitNodes')
    const nodes = { ...CONFIG.nodes, excludeExitNodes }
    expect(isRefusedBy({ ...CONFIG, enforceDistinctSubnets: false, nodes })).toBe(false)
    await apply({ ...CONFIG, enforceDistinctSubnets: false, nodes })
    expect(done).toEqual(['retire the forbidden'])
  })

  it.each<[string, ClientConfig]>([
    ['excludes relays', { ...CONFIG, nodes: { ...CONFIG.nodes, excludeNodes: parseNodeSet('{de}', 'x') } }],
    ['names entry nodes', { ...CONFIG, nodes: { ...CONFIG.nodes, entryNodes: parseNodeSet('{de}', 'x') } }],
    ['means its exclusions strictly', { ...CONFIG, nodes: { ...CONFIG.nodes, isStrict: true } }],
    ['leaves fewer ports', { ...CONFIG, reachableAddresses: parseAddressPolicy(['accept *:443'], 'x') }],
    ['leaves one address family', { ...CONFIG, useIpv4: false, useIpv6: true }],
  ])('that %s has the bridges and the directories looked at anew, in force and lifted', async (_, next) => {
    const LOOK = ['retire the forbidden', 'reach bridges', 'ask directories', 'try again']
    await apply(next)
    expect(done.splice(0)).toEqual(LOOK)
    await apply(CONFIG)
    expect(done).toEqual(LOOK)
  })

  it('ends everything when it disables the network, and begins anew at once when it allows it again', async () => {
    await apply({ ...CONFIG, isNetworkDisabled: true })
    expect(done.splice(0)).toEqual(['close circuits', 'close channels'])
    expect(config.value.isNetworkDisabled).toBe(true)
    await apply(CONFIG)
    expect(done).toEqual([
      'retire the forbidden',
      'begin anew',
      'reach bridges',
      'ask directories',
      'try again',
    ])
  })
})

describe('bridges for a running client', () => {
  const bridges = [BRIDGE]
  const ANEW = ['retire the forbidden', 'begin anew', 'reach bridges', 'ask directories', 'try again']
  const SAME = ['retire the forbidden', 'reach bridges', 'ask directories', 'try again']

  it('end, when they are turned on, every channel that leads to no bridge', async () => {
    await apply({ ...CONFIG, bridges })
    expect(done).toEqual(['close channels to relay otherBridge', ...ANEW])
    expect(isRefusedBy({ ...CONFIG, enforceDistinctSubnets: false, bridges })).toBe(true)
  })

  it('lose, when they are turned off, their channels', async () => {
    config = new WatchedValue<ClientConfig>({ ...CONFIG, bridges })
    await apply(CONFIG)
    expect(done).toEqual(['close channels to bridge otherBridge', ...ANEW])
  })

  it('lose theirs when some are taken away, and what was learned by the others still counts', async () => {
    config = new WatchedValue<ClientConfig>({ ...CONFIG, bridges: [BRIDGE, OTHER_BRIDGE] })
    await apply({ ...CONFIG, bridges })
    expect(done).toEqual(['close channels to relay otherBridge', ...SAME])
  })

  it('begin anew where no bridge of before is among them', async () => {
    config = new WatchedValue<ClientConfig>({ ...CONFIG, bridges: [OTHER_BRIDGE] })
    await apply({ ...CONFIG, bridges })
    expect(done).toEqual(['close channels to relay otherBridge', ...ANEW])
  })

  it('leave everything where it is when they are the same', async () => {
    config = new WatchedValue<ClientConfig>({ ...CONFIG, bridges })
    await apply({ ...CONFIG, bridges: [parseBridgeLine(formatBridgeLine(BRIDGE))] })
    expect(done).toEqual(['retire the forbidden'])
  })

  it('are refused with a transport that there is not, which is named', async () => {
    const applying = apply({ ...CONFIG, bridges: [parseBridgeLine('warp 192.0.2.1:1')] })
    await expect(applying).rejects.toThrow(/transport warp/)
    expect(done).toEqual([])
  })
})

describe('a transport plugin for a running client', () => {
  const shaped = parseBridgeLine('obfs4 192.0.2.1:443 cert=x')
  const [one, two] = ['obfs4 exec x', 'obfs4 exec y'].map((text) => [parseTransportPlugin(text)])

  it('ends the channels that another one carries, and those alone', async () => {
    const bridges = [BRIDGE, shaped]
    const kept = { ...CONFIG, dataDirectory: '/kept', bridges }
    config = new WatchedValue<ClientConfig>({ ...kept, transportPlugins: one ?? [] })
    await apply({ ...kept, transportPlugins: two ?? [] })
    expect(done[0]).toBe('close channels to relay otherBridge')
    expect(done).toContain('reach bridges')
    done = []
    const target = { ids: undefined, endpoints: [shaped.endpoint], bridge: shaped }
    expect(hasOtherPlugin(target.bridge, { ...CONFIG, transportPlugins: one ?? [] }, CONFIG)).toBe(true)
    expect(hasOtherPlugin(BRIDGE, { ...CONFIG, transportPlugins: one ?? [] }, CONFIG)).toBe(false)
  })

  it('changes nothing while no bridges are used', async () => {
    await apply({ ...CONFIG, transportPlugins: one ?? [] })
    expect(done).toEqual(['retire the forbidden'])
  })

  it('is refused in words where it could not be told of the proxy', async () => {
    const upstreamProxy = { kind: 'socks4', endpoint: { host: '192.0.2.8', port: 1080 } } as const
    const transportPlugins = [parseTransportPlugin('obfs4 socks5 127.0.0.1:1')]
    const applying = apply({ ...CONFIG, bridges: [shaped], transportPlugins, upstreamProxy })
    await expect(applying).rejects.toThrow(/upstream proxy/)
    expect(done).toEqual([])
  })
})

describe('an upstream proxy for a running client', () => {
  const proxied: ClientConfig = {
    ...CONFIG,
    upstreamProxy: { kind: 'socks4', endpoint: { host: '192.0.2.8', port: 1080 } },
  }
  const ANEW = ['retire the forbidden', 'begin anew', 'reach bridges', 'ask directories', 'try again']

  it.each([
    ['is turned on: those were dialled past it', CONFIG, proxied],
    ['is turned off', proxied, CONFIG],
  ])('ends every channel when it %s', async (_, before, after) => {
    config = new WatchedValue(before)
    await apply(after)
    expect(done).toEqual(['close channels to relay bridge otherBridge', ...ANEW])
  })

  it('leaves everything where it is when it stays the same', async () => {
    config = new WatchedValue(proxied)
    await apply({ ...proxied })
    expect(done).toEqual(['retire the forbidden'])
  })
})

describe('an exclusion of a country that there is not', () => {
  const excluding = (excludeNodes: string, excludeExitNodes = ''): ClientConfig => ({
    ...CONFIG,
    nodes: {
      ...CONFIG.nodes,
      excludeNodes: parseNodeSet(excludeNodes, 'ExcludeNodes'),
      excludeExitNodes: parseNodeSet(excludeExitNodes, 'ExcludeExitNodes'),
    },
  })

  it('is a warning that names option and code, since it excludes nobody', async () => {
    await apply(excluding('{qx},{de},{??}', '{us},{QZ}'))
    expect(logged).toHaveLength(2)
    expect(logged[0]).toMatch(/^warn ExcludeNodes: no address is in \{qx\}.* excludes nobody/)
    expect(logged[1]).toMatch(/^warn ExcludeExitNodes: no address is in \{qz\}/)
  })

  it('is nothing to say where the countries are known, or none is named', async () => {
    await apply(excluding('{de} {us} nickname'))
    await apply(excluding('', '{??}'))
    expect(logged).toEqual([])
  })
})
