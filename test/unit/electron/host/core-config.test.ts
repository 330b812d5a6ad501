import { describe, expect, it } from 'vitest'
import { DEFAULT_AUTHORITIES, DEFAULT_FALLBACK_DIRS } from '../../../../core/index.ts'
import { toCoreConfig } from '../../../../electron/host/core-config.ts'
import type { HostConfig } from '../../../../electron/host/protocol.ts'
import { HOST_CONFIG } from '../samples.ts'

const HOST: HostConfig = { ...HOST_CONFIG, socksPort: 9250, httpPort: 9251 }

describe("the core's configuration", () => {
  it("is the public network's unless lines of a torrc say otherwise", () => {
    const config = toCoreConfig(HOST)
    expect(config.authorities).toBe(DEFAULT_AUTHORITIES)
    expect(config.fallbackDirs).toBe(DEFAULT_FALLBACK_DIRS)
    expect(config.dataDirectory).toBe('/data')
    expect(config.isNetworkDisabled).toBe(false)
    expect(config.nodes.isStrict).toBe(false)
  })

  it('takes the lines of a network of its own exactly as a torrc does', () => {
    const networkLines = [
      'TestingTorNetwork 1',
      'DirAuthority a orport=1 v3ident=F0A139C25C8539DDE0E7E6FEB44A1C632B3840FE 127.0.0.1:2 1EDFB91A04D1685360C395546155ADB1D9F16D69',
      'DataDirectory /elsewhere',
    ]
    const config = toCoreConfig({ ...HOST, networkLines })
    expect(config.authorities.map(({ nickname }) => nickname)).toEqual(['a'])
    expect(config.fallbackDirs).toEqual([])
    expect(config.rejectInternalAddresses).toBe(false)
    expect(config.dataDirectory).toBe('/data')
  })

  it('is awake at each start, for it starts when somebody wants to connect', () => {
    const networkLines = ['DormantCanceledByStartup 0', 'DormantOnFirstStartup 1']
    for (const config of [toCoreConfig(HOST), toCoreConfig({ ...HOST, networkLines })]) {
      expect(config).toMatchObject({ dormantCanceledByStartup: true, dormantOnFirstStartup: false })
    }
  })

  it('refuses a line that is no option, and a file to include', () => {
    expect(() => toCoreConfig({ ...HOST, networkLines: ['Nonsense 1'] })).toThrow(/Nonsense/)
    expect(() => toCoreConfig({ ...HOST, networkLines: ['%include /etc/passwd'] })).toThrow(/included/)
  })

  it('excludes countries strictly', () => {
    const { nodes } = toCoreConfig({ ...HOST, excludedCountries: ['de', 'fr'] })
    expect([...nodes.excludeNodes.countries]).toEqual(['de', 'fr'])
    expect(nodes.isStrict).toBe(true)
  })

  it('reaches relays on the allowed ports only', () => {
    const { reachableAddresses } = toCoreConfig({ ...HOST, allowedPorts: [80, 443] })
    expect(reachableAddresses?.accepts('192.0.2.1', 443)).toBe(true)
    expect(reachableAddresses?.accepts('192.0.2.1', 9001)).toBe(false)
    expect(reachableAddresses?.accepts('2001:db8::1', 80)).toBe(true)
  })

  it('goes through the proxy that was chosen, and refuses one whose name would have to be looked up', () => {
    const upstreamProxy = { kind: 'socks5', host: '[::1]', port: 1080, username: 'u', password: 'p' } as const
    expect(toCoreConfig({ ...HOST, upstreamProxy }).upstreamProxy).toEqual({
      kind: 'socks5',
      endpoint: { host: '::1', port: 1080 },
      credentials: { username: 'u', password: 'p' },
    })
    const named = { kind: 'http', host: 'proxy.example', port: 8080 } as const
    expect(() => toCoreConfig({ ...HOST, upstreamProxy: named })).toThrow(/IP address/)
  })

  it('connects to nothing while bridges are wanted and there is none', () => {
    expect(toCoreConfig({ ...HOST, bridgeLines: [] })).toMatchObject({ bridges: [], isNetworkDisabled: true })
    expect(toCoreConfig(HOST).bridges).toBeUndefined()
  })

  it('connects to the bridges that are wanted, and refuses a transport that the core does not have', () => {
    const { bridges } = toCoreConfig({ ...HOST, bridgeLines: ['192.0.2.1', '[2001:db8::1]:9001'] })
    expect(bridges?.map(({ endpoint }) => endpoint)).toEqual([
      { host: '192.0.2.1', port: 443 },
      { host: '2001:db8::1', port: 9001 },
    ])
    expect(() => toCoreConfig({ ...HOST, bridgeLines: ['warp 192.0.2.1'] })).toThrow(/transport warp/)
  })
})
