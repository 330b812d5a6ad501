/** The syntax of SocksPort and its sisters, held against what C tor 0.4.9 takes and refuses. */
import { describe, expect, test } from 'vitest'
import { dnsPort, httpPort, type PortSetting, socksPort } from '../../../core/daemon/options/port.ts'
import { DEFAULT_TRAFFIC } from '../../../core/proxy/listener-options.ts'
import { TorError } from '../../../core/util/errors.ts'
import { DEFAULT_ISOLATION } from '../../../core/proxy/request-isolation.ts'

const parse = (text: string): PortSetting => socksPort.parse(text, 'SocksPort')
const tcp = (host: string, port: number) => ({ kind: 'tcp', endpoint: { host, port } })
const unix = (path: string, more: object = {}) => ({
  ...{ kind: 'unix', path, access: 'owner', checksDirectory: true },
  ...more,
})

describe('a port listens where it says', () => {
  test.each<[string, object | undefined]>([
    ['0', undefined],
    ['9150', tcp('127.0.0.1', 9150)],
    ['09150', tcp('127.0.0.1', 9150)],
    ['auto', tcp('127.0.0.1', 0)],
    ['AUTO', tcp('127.0.0.1', 0)],
    ['localhost:9150', tcp('127.0.0.1', 9150)],
    ['192.0.2.1:9150', tcp('192.0.2.1', 9150)],
    ['192.0.2.1:auto', tcp('192.0.2.1', 0)],
    ['[::1]:9150', tcp('::1', 9150)],
    ['unix:/x/y', unix('/x/y')],
    ['unix:"/x y/z"', unix('/x y/z')],
    ['unix:"/x\\"y\\\\z" GroupWritable', unix('/x"y\\z', { access: 'group' })],
    ['unix:/x WorldWritable RelaxDirModeCheck', unix('/x', { access: 'world', checksDirectory: false })],
    ['unix:/x WorldWritable GroupWritable', unix('/x', { access: 'world' })],
  ])('%s', (text, address) => {
    expect(parse(text).address).toEqual(address)
  })
})

describe('the flags of a port', () => {
  test('are the defaults of the front doors when there are none', () => {
    expect(parse('9050')).toMatchObject({
      ...{ isolation: DEFAULT_ISOLATION, traffic: DEFAULT_TRAFFIC, sessionGroup: undefined },
      ...{ extendedErrors: false, prefersNoAuth: false },
    })
  })

  test.each([
    ['IsolateDestAddr', { isolateDestAddr: true }],
    ['isolatedestPORT', { isolateDestPort: true }],
    ['NoIsolateSOCKSAuth', { isolateSocksAuth: false }],
    ['NoIsolateClientAddr', { isolateClientAddr: false }],
    ['NoIsolateClientProtocol', { isolateClientProtocol: false }],
    ['NoIsolateSite', { isolateSite: false }],
    ['KeepAliveIsolateSOCKSAuth', { keepAliveIsolateSocksAuth: true }],
    ['IsolateDestAddr NoIsolateDestAddr', { isolateDestAddr: false }],
  ])('%s keeps apart so', (flags, isolation) => {
    expect(parse(`9050 ${flags}`).isolation).toEqual({ ...DEFAULT_ISOLATION, ...isolation })
  })

  test.each([
    ['NoIPv4Traffic', { families: { ...DEFAULT_TRAFFIC.families, allowsIpv4: false } }],
    ['NoIPv6Traffic', { families: { ...DEFAULT_TRAFFIC.families, allowsIpv6: false } }],
    ['NoPreferIPv6', { families: { ...DEFAULT_TRAFFIC.families, prefersIpv6: false } }],
    ['NoDNSRequest', { allowsNames: false }],
    ['NoOnionTraffic', { allowsOnion: false }],
    ['OnionTrafficOnly', { allowsExit: false }],
  ])('%s allows so', (flags, traffic) => {
    expect(parse(`9050 ${flags}`).traffic).toMatchObject(traffic)
  })

  test('name a session group, and say how SOCKS answers', () => {
    expect(parse('9050 SessionGroup=3 ExtendedErrors PreferSOCKSNoAuth')).toMatchObject({
      ...{ sessionGroup: 3, extendedErrors: true, prefersNoAuth: true },
    })
  })

  test('for caches have no effect, with a warning when they ask for one', () => {
    expect(parse('9050 CacheDNS UseIPv6Cache NoCacheIPv4DNS').isolation).toEqual(DEFAULT_ISOLATION)
    expect(socksPort.warn?.('9050 CacheDNS')).toContain('the flag CacheDNS has no effect')
    expect(socksPort.warn?.('9050 NoCacheDNS')).toBeUndefined()
  })
})

describe('a port is refused in words', () => {
  const PORT = '0, auto, a port, or an IP address with a port'
  test.each([
    ['foo', `expected ${PORT}, got "foo"`],
    ['65536', `expected ${PORT}, got "65536"`],
    ['1e3', `expected ${PORT}, got "1e3"`],
    ['0x50', `expected ${PORT}, got "0x50"`],
    ['host.example:9050', `expected ${PORT}, got "host.example:9050"`],
    ['::1:9050', `expected ${PORT}, got "::1:9050"`],
    ['[::1%lo]:9050', `expected ${PORT}, got "[::1%lo]:9050"`],
    ['127.0.0.1:0', `expected ${PORT}, got "127.0.0.1:0"`],
    ['127.0.0.1', `expected ${PORT}, got "127.0.0.1"`],
    ['UNIX:/x', `expected ${PORT}, got "UNIX:/x"`],
    ['unix:', 'expected a path, got ""'],
    ['unix:"/x', 'expected a closing quote behind the path, got "unix:\\"/x"'],
    // C tor warns of an unknown flag and goes on; a misspelled one would keep less apart than was asked for.
    ['9050 IsolateDestAdr', 'the flag "IsolateDestAdr" is not known'],
    ['9050 9051', 'the flag "9051" is not known'],
    ['9050 SessionGroup=-1', 'the flag "SessionGroup=-1" is not known'],
    ['9050 SessionGroup=1 SessionGroup=1', 'expected one SessionGroup, got "SessionGroup=1"'],
    ['9050 GroupWritable', 'GroupWritable is for unix sockets only'],
    ['9050 NoIPv4Traffic NoIPv6Traffic NoOnionTraffic', 'expected IPv4, IPv6 or onion traffic to be allowed'],
    ['9050 OnionTrafficOnly NoOnionTraffic', 'expected IPv4, IPv6 or onion traffic to be allowed'],
  ])('%s', (text, message) => {
    expect(() => parse(text)).toThrow(new TorError('bad-config', `SocksPort: ${message}`))
  })
})

describe('DNSPort', () => {
  test('reads the same syntax, without unix sockets', () => {
    expect(dnsPort.parse('5353 IsolateDestAddr', 'DNSPort').isolation.isolateDestAddr).toBe(true)
    expect(() => dnsPort.parse('unix:/x', 'DNSPort')).toThrow('DNSPort: unix sockets are not supported')
  })

  test.each(['NoDNSRequest', 'OnionTrafficOnly'])(
    'is refused with %s, which leaves nothing to ask',
    (flag) => {
      expect(() => dnsPort.parse(`5353 ${flag}`, 'DNSPort')).toThrow(
        'DNSPort: expected look-ups to be allowed',
      )
    },
  )
})

test('HTTPTunnelPort reads the same syntax', () => {
  expect(httpPort.parse('8118 IsolateDestAddr', 'HTTPTunnelPort').isolation.isolateDestAddr).toBe(true)
})
