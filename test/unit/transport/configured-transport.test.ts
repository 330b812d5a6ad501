import { describe, expect, it } from 'vitest'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { createTransport, type TransportSettings } from '../../../core/transport/configured-transport.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { DIRECT, directTransport } from '../../support/direct-transport.ts'

const SOCKS5: TransportSettings['upstreamProxy'] = {
  kind: 'socks5',
  endpoint: { host: '192.0.2.9', port: 1080 },
  credentials: undefined,
}
const BIND = { ipv4: '192.0.2.77', ipv6: '2001:db8::77' }

describe('the direct transport', () => {
  for (const host of ['192.0.2.1', '2001:db8::1', '127.0.0.1']) {
    it(`dials ${host} by TCP`, () => {
      const relay = { host, port: 443 }
      expect(directTransport.carrierFor(relay)).toEqual({ kind: 'tcp', relay, localAddress: undefined })
    })
  }

  for (const host of ['relay.example', 'localhost', '', '192.0.2', '[2001:db8::1]']) {
    it(`never dials the name ${JSON.stringify(host)}, which would be looked up`, () => {
      expect(() => directTransport.carrierFor({ host, port: 443 })).toThrow(
        expect.objectContaining({ kind: 'internal' }),
      )
    })
  }
})

describe('an address that the options forbid', () => {
  const ipv4 = { host: '192.0.2.1', port: 443 }
  const ipv6 = { host: '2001:db8::1', port: 443 }
  const other = { host: '192.0.2.1', port: 9001 }
  const own = { host: '10.0.0.1', port: 443 }
  const reachableAddresses = parseAddressPolicy(['accept *:443, reject *:*'], 'ReachableAddresses')
  const refusal: unknown = expect.objectContaining({ kind: 'not-allowed' })

  it.each<[string, Partial<TransportSettings>, typeof ipv4, typeof ipv4]>([
    ['ReachableAddresses', { reachableAddresses }, other, ipv4],
    ['ReachableAddresses behind a proxy', { reachableAddresses, upstreamProxy: SOCKS5 }, other, ipv6],
    ['ClientUseIPv4 0', { useIpv4: false }, ipv4, ipv6],
    ['ClientUseIPv6 0', { useIpv6: false }, ipv6, ipv4],
    ['no private addresses', { allowPrivateRelayAddresses: false }, own, ipv4],
  ])('is not dialled, whoever chose it: %s', (_what, options, forbidden, permitted) => {
    const transport = createTransport(() => ({ ...DIRECT, ...options }))
    expect(() => transport.carrierFor(forbidden)).toThrow(refusal)
    expect(transport.carrierFor(permitted)).toMatchObject({ relay: permitted })
  })

  it("is not dialled as a bridge's either, unless a transport finds its own way there", () => {
    const plain = parseBridgeLine('192.0.2.7:9001')
    const fronted = parseBridgeLine('snowflake 192.0.2.3:80 url=https://broker.example/')
    const transport = createTransport(() => ({ ...DIRECT, reachableAddresses, bridges: [plain, fronted] }))
    expect(() => transport.carrierFor(plain.endpoint, plain)).toThrow(refusal)
    expect(transport.carrierFor(fronted.endpoint, fronted).kind).toBe('pluggable')
  })
})

describe('OutboundBindAddress', () => {
  const transport = createTransport(() => ({ ...DIRECT, outboundBindAddress: BIND }))

  it.each([
    ['192.0.2.1', '192.0.2.77'],
    ['2001:db8::1', '2001:db8::77'],
    ['127.0.0.1', undefined],
    ['::1', undefined],
  ])('is chosen by family for %s', (host, localAddress) => {
    expect(transport.carrierFor({ host, port: 1 })).toMatchObject({ localAddress })
  })

  it('is for the connection to the proxy when there is one', () => {
    const proxied = createTransport(() => ({ ...DIRECT, upstreamProxy: SOCKS5, outboundBindAddress: BIND }))
    expect(proxied.carrierFor({ host: '2001:db8::1', port: 1 })).toMatchObject({ localAddress: BIND.ipv4 })
  })
})

it.each([true, false])('peers of a transport may be private only where relays may: %s', (isAllowed) => {
  const bridge = parseBridgeLine('snowflake 192.0.2.3:80 url=https://broker.example/')
  const settings = { ...DIRECT, bridges: [bridge], allowPrivateRelayAddresses: isAllowed }
  const carrier = createTransport(() => settings).carrierFor(bridge.endpoint, bridge)
  expect(carrier).toMatchObject({ kind: 'pluggable', way: { allowsPrivatePeers: isAllowed } })
})

describe('a configured upstream proxy', () => {
  it('carries every connection, also after a reload', () => {
    let settings = DIRECT
    const transport = createTransport(() => settings)
    const relay = { host: '192.0.2.1', port: 443 }
    expect(transport.carrierFor(relay).kind).toBe('tcp')
    settings = { ...DIRECT, upstreamProxy: SOCKS5 }
    expect(transport.carrierFor(relay)).toEqual({
      kind: 'proxied',
      proxy: SOCKS5,
      relay,
      localAddress: undefined,
    })
  })

  it.each<[string, NonNullable<TransportSettings['upstreamProxy']>]>([
    ['is a name', { kind: 'socks4', endpoint: { host: 'proxy.example', port: 1080 } }],
    ['has an empty password', { ...SOCKS5, kind: 'socks5', credentials: { username: 'a', password: '' } }],
    [
      'has a user name of 256 bytes',
      { ...SOCKS5, kind: 'socks5', credentials: { username: 'a'.repeat(256), password: 'b' } },
    ],
    [
      'has a colon in its user name',
      { kind: 'http', endpoint: SOCKS5.endpoint, credentials: { username: 'a:b', password: 'c' } },
    ],
  ])('that %s fails closed: nothing is dialled directly', (_what, upstreamProxy) => {
    const transport = createTransport(() => ({ ...DIRECT, upstreamProxy }))
    expect(() => transport.carrierFor({ host: '192.0.2.1', port: 443 })).toThrow(
      expect.objectContaining({ kind: 'bad-config' }),
    )
  })
})
