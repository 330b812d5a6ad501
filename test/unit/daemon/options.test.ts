/** The table of options as a whole, and values that each of them takes or refuses, held against C tor 0.4.9. */
import { describe, expect, test } from 'vitest'
import { warningsOf } from '../../../core/daemon/consistency.ts'
import {
  type AnyOption,
  DEPRECATED_OPTIONS,
  OPTION_ROOMS,
  OPTIONS,
} from '../../../core/daemon/options/table.ts'
import { explainForeignOption } from '../../../core/daemon/options/foreign.ts'
import { Settings } from '../../../core/daemon/settings.ts'
import { parseTorrc } from '../../../core/daemon/torrc-reader.ts'

const ALL: readonly AnyOption[] = Object.values(OPTIONS)

function verified(text: string): Settings {
  const settings = Settings.merge([parseTorrc(text, 'torrc', () => [])])
  settings.verify()
  return settings
}

function optionNamed(name: string): AnyOption {
  const option = ALL.find((candidate) => candidate.name === name)
  if (option === undefined) throw new Error(`no option ${name}`)
  return option
}

/** What the line's option holds, as `--dump-config` shows it. */
function canonical(line: string): string | undefined {
  return verified(line).canonical(optionNamed(line.split(' ')[0] ?? ''))[0]
}

describe('the table', () => {
  test('has every option once, in one room, with a name of C tor and words on what it does', () => {
    const names = OPTION_ROOMS.flatMap(({ options }) => options.map(({ name }) => name.toLowerCase()))
    expect(names).toHaveLength(ALL.length)
    expect(new Set(names).size).toBe(names.length)
    for (const { name, doc } of ALL) {
      expect(name).toMatch(/^_{0,2}[A-Z][A-Za-z0-9]+$/)
      expect(doc, name).toMatch(/^[A-Z].{10,}[^.]$/)
      expect(doc.length, name).toBeLessThan(120)
    }
  })

  test('reads each default as it shows it', () => {
    for (const option of ALL) {
      if (option.kind !== 'single' || option.defaultText === undefined || option.defaultText === '') continue
      expect(option.canonical(option.defaultText), option.name).toBe(option.defaultText)
    }
  })

  test('and the words for foreign options do not speak of the same ones', () => {
    for (const { name } of ALL) {
      if (!name.startsWith('__')) expect(explainForeignOption(name), name).toContain('is not a known option')
    }
    for (const name of DEPRECATED_OPTIONS) expect(optionNamed(name).name).toBe(name)
  })
})

describe('values that are taken, as the dump shows them', () => {
  test.each([
    ['SocksTimeout 2 minutes', '120'],
    ['SocksTimeout +5', '5'],
    ['SocksTimeout 1.5 hours', '5400'],
    ['SocksTimeout 60seconds', '60'],
    ['WarnPlaintextPorts 23, 110', '23,110'],
    ['RejectPlaintextPorts 25', '25'],
    ['SafeSocks 1', '1'],
    ['TestSocks 1', '1'],
    ['ClientDNSRejectInternalAddresses 0', '0'],
    ['UnixSocksGroupWritable 1', '1'],
    ['AutomapHostsSuffixes .foo, bar', '.foo,bar'],
    ['AutomapHostsSuffixes .', '.'],
    ['VirtualAddrNetworkIPv4 10.1.2.3/8', '10.1.2.3/8'],
    ['VirtualAddrNetworkIPv6 [FC00::]/7', '[FC00::]/7'],
    ['VirtualAddrNetworkIPv6 FC00::/7', 'FC00::/7'],
    ['MapAddress a.b 192.0.2.1', 'a.b 192.0.2.1'],
    ['MapAddress *.a.b *.c.d', '*.a.b *.c.d'],
    ['MapAddress *.a.b c.d', '*.a.b c.d'],
    ['GuardLifetime 1 month', '2629728'],
    ['GuardLifetime 0', '0'],
    ['NumEntryGuards 3', '3'],
    ['NumPrimaryGuards 0', '0'],
    ['NumDirectoryGuards 2', '2'],
    ['UseEntryGuards 0', '0'],
    ['StrictNodes 1', '1'],
    ['GeoIPFile /nonexistent', '/nonexistent'],
    ['GeoIPExcludeUnknown AUTO', 'auto'],
    ['CircuitBuildTimeout 1', '1'],
    ['CircuitBuildTimeout 0', '0'],
    ['LearnCircuitBuildTimeout 0', '0'],
    ['CircuitStreamTimeout 1 minute', '60'],
    ['CircuitsAvailableTimeout 24 hours', '86400'],
    ['MaxClientCircuitsPending 1024', '1024'],
    ['LongLivedPorts 1,2', '1,2'],
    ['TrackHostExits a.b, .c.d', 'a.b,.c.d'],
    ['TrackHostExitsExpire 0', '0'],
    ['NewCircuitPeriod 30', '30'],
    ['ConnectionPadding 1', '1'],
    ['ConnectionPadding auto', 'auto'],
    ['ReducedConnectionPadding 1', '1'],
    ['EntryNodes {de},nick, 192.0.2.0/24', '{de},nick, 192.0.2.0/24'],
    [
      'ExcludeNodes $0000000000000000000000000000000000000000~nick',
      '$0000000000000000000000000000000000000000~nick',
    ],
    ['NodeFamily a,b', 'a,b'],
    ['ReachableAddresses *:80-90, reject *:*', '*:80-90, reject *:*'],
    ['ReachableORAddresses 192.0.2.0/24:443', '192.0.2.0/24:443'],
    ['SocksPolicy accept 127.0.0.0/8', 'accept 127.0.0.0/8'],
    ['SocksPolicy accept6 *:*', 'accept6 *:*'],
    ['KeepalivePeriod 1 minute', '60'],
    ['MaxMemInQueues 256 MB', '268435456'],
    ['MaxMemInQueues 1.5gbytes', '1610612736'],
    ['MaxMemInQueues +.5 GB', '536870912'],
    ['MaxMemInQueues 300 m', '314572800'],
    ['MaxMemInQueues 999999.9 Kilobits', '127999987'],
    ['MaxMemInQueues 1 terabit', '137438953472'],
    ['MaxMemInQueues 0 MB', '0'],
    ['MaxMemInQueues 0.4 bytes', '0'],
    ['MaxMemInQueues 64 MB', '67108864'],
    ['DormantClientTimeout 10 minutes', '600'],
    ['DormantTimeoutEnabled 0', '0'],
    ['DormantOnFirstStartup 1', '1'],
    ['DormantCanceledByStartup 1', '1'],
    ['FascistFirewall 0', '0'],
    ['FirewallPorts 80', '80'],
    ['HTTPSProxy 127.0.0.1', '127.0.0.1'],
    ['HTTPSProxy [::1]:8080', '[::1]:8080'],
    ['HTTPSProxyAuthenticator a:b', 'a:b'],
    ['Socks4Proxy 127.0.0.1:1080', '127.0.0.1:1080'],
    ['Socks5Proxy 127.0.0.1:1080', '127.0.0.1:1080'],
    ['OutboundBindAddress ::1', '::1'],
    ['OutboundBindAddressOR [::1]', '[::1]'],
    ['DisableNetwork 1', '1'],
    ['LogMessageDomains 1', '1'],
    ['LogTimeGranularity 1 second', '1000'],
    ['LogTimeGranularity 2 seconds', '2000'],
    ['SafeLogging relay', 'relay'],
    ['TruncateLogFile 1', '1'],
    ['HeartbeatPeriod 0', '0'],
    ['HeartbeatPeriod 1 hour', '3600'],
    ['PathsNeededToBuildCircuits 0.6', '0.600000'],
    ['PathsNeededToBuildCircuits -1', '-1.000000'],
    ['__OwningControllerProcess 17', '17'],
    ['__ReloadTorrcOnSIGHUP 0', '0'],
    ['VanguardsLiteEnabled 0', '0'],
    ['ConfluxEnabled auto', 'auto'],
    ['PathBiasCircThreshold -1', '-1'],
    ['ConfluxEnabled 1', '1'],
    ['ConfluxEnabled Auto', 'auto'],
    ['ConfluxClientUX latency', 'latency'],
    ['ConfluxClientUX throughput_lowmem', 'throughput_lowmem'],
    ['UseBridges 0', '0'],
    ['ClientTransportPlugin a,b exec ./x  --y', 'a,b exec ./x  --y'],
    ['Bridge  obfs4  192.0.2.1:80', 'obfs4  192.0.2.1:80'],
    ['UpdateBridgesFromAuthority 0', '0'],
  ])('%s is %s', (line, shown) => {
    expect(canonical(line)).toBe(shown)
    expect(verified(line).warnings).toEqual([])
  })
})

describe('values that are brought into their range, with a warning, as in C tor', () => {
  test.each([
    ['MaxCircuitDirtiness 1', '10'],
    ['MaxCircuitDirtiness 60 days', '2592000'],
    ['CircuitStreamTimeout 5', '10'],
    ['HeartbeatPeriod 5 minutes', '1800'],
    ['PathsNeededToBuildCircuits 0.1', '0.250000'],
    ['PathsNeededToBuildCircuits 5', '0.950000'],
    ['LogTimeGranularity 7', '8'],
    ['LogTimeGranularity 1500', '2000'],
  ])('%s counts as %s', (line, shown) => {
    expect(canonical(line)).toBe(shown)
    expect(verified(line).warnings).toEqual([expect.stringMatching(/^torrc:1: \w+ .+: it counts as /)])
  })

  test('a MaxMemInQueues below 64 MB is taken with a warning, as in C tor', () => {
    expect(verified('MaxMemInQueues 63 MB').warnings).toEqual([
      'torrc:1: MaxMemInQueues is so low that circuits may be closed in ordinary use',
    ])
  })

  test('and an option without effect says so', () => {
    expect(verified('ClientPreferIPv6DirPort 1').warnings).toEqual([
      expect.stringContaining('torrc:1: ClientPreferIPv6DirPort has no effect: '),
    ])
  })
})

describe('choices that cost something, or do nothing alone, are said', () => {
  test.each([
    ['ExitNodes {de}', 'stand out'],
    ['UseEntryGuards 0', 'UseEntryGuards is 0'],
    ['FirewallPorts 80', 'without FascistFirewall'],
    ['FascistFirewall 1\nReachableAddresses *:80', 'FascistFirewall has no effect'],
    ['HTTPSProxyAuthenticator a:b', 'without HTTPSProxy'],
    ['Socks5ProxyUsername a\nSocks5ProxyPassword b', 'without Socks5Proxy'],
    ['AutomapHostsSuffixes .x', 'without AutomapHostsOnResolve'],
    ['LearnCircuitBuildTimeout 0\nCircuitBuildTimeout 2', 'so short'],
    ['ClientTransportPlugin a,b exec x\nClientTransportPlugin b exec y', 'the first of them counts'],
    ['NoExec 1\nClientTransportPlugin a exec x', 'no effect with NoExec 1'],
  ])('%j', (text, words) => {
    expect(warningsOf(verified(text))).toEqual([expect.stringContaining(words)])
  })

  test('and the defaults are not', () => {
    expect(warningsOf(verified(''))).toEqual([])
  })
})

describe('values that are refused, each in one line that names the option', () => {
  test.each([
    'EntryNodes {xyz}',
    'EntryNodes !foo',
    'ReachableAddresses foo',
    'SocksPolicy 127.0.0.1',
    'EntryNodes {de}\nUseEntryGuards 0',
    'KeepalivePeriod 0',
    'MaxMemInQueues -1',
    'MaxMemInQueues auto',
    'MaxMemInQueues 5 k',
    'MaxMemInQueues 5 bits',
    'MaxMemInQueues 1e9',
    'MaxMemInQueues 1,5 GB',
    'MaxMemInQueues 300 MiB',
    'MaxMemInQueues 9007199254740992',
    'MaxClientCircuitsPending 0',
    'MaxClientCircuitsPending 1025',
    'CircuitsAvailableTimeout 60 days',
    'DormantClientTimeout 5 minutes',
    'DormantTimeoutEnabled auto',
    'LearnCircuitBuildTimeout auto',
    'ReducedConnectionPadding auto',
    'ConnectionPadding 2',
    'GuardLifetime 10 years',
    'NumEntryGuards -1',
    'NumPrimaryGuards x',
    'WarnPlaintextPorts x',
    'RejectPlaintextPorts 0',
    'LongLivedPorts 70000',
    'FirewallPorts 1-2',
    'VirtualAddrNetworkIPv4 10.0.0.0/17',
    'VirtualAddrNetworkIPv4 10.0.0.0',
    'VirtualAddrNetworkIPv4 ::/8',
    'VirtualAddrNetworkIPv6 [FC00::]/105',
    'MapAddress a',
    'MapAddress a b c',
    'MapAddress a.b *.c.d',
    'MapAddress a!b c',
    'AutomapHostsSuffixes a b',
    'TrackHostExits a b',
    'HTTPSProxy proxy.example:80',
    'HTTPSProxy 127.0.0.1:0',
    'Socks5Proxy ::1:80',
    'HTTPSProxyAuthenticator nobody',
    'OutboundBindAddress foo',
    'OutboundBindAddress 127.0.0.1\nOutboundBindAddress 127.0.0.2',
    'OutboundBindAddressOR ::1\nOutboundBindAddressOR ::2',
    'LogTimeGranularity 0',
    'SocksTimeout 1 fortnight',
    'SocksTimeout 0x10',
    '__OwningControllerProcess x',
    '__OwningControllerProcess 0',
    'HTTPProxy 127.0.0.1:80',
    'TCPProxy haproxy 127.0.0.1:80',
    'User root',
    'Sandbox 1',
    'UseBridges 1',
    'ControlPort 9051',
    'MetricsPort 9999',
    'ConfluxEnabled yes',
    'CircuitPadding 1',
    'PathBiasCircThreshold 5',
    'UseMicrodescriptors 0',
    'BandwidthRate 1 MB',
    'Bridge host.invalid:443',
    'Bridge 192.0.2.1:443 ABCD',
    'UpdateBridgesFromAuthority 1',
    'HiddenServiceDir /x',
    'HashedControlPassword 16:00',
    'ConfluxClientUX best',
    'ConfluxClientUX Latency',
  ])('%s', (line) => {
    const name = line.split(' ')[0] ?? ''
    expect(() => verified(line)).toThrow(new RegExp(`^torrc:\\d: ${name}[: ]`))
  })

  test.each([
    ['Socks5ProxyUsername x', 'Socks5ProxyPassword'],
    ['Socks5ProxyPassword x', 'Socks5ProxyUsername'],
    ['HTTPSProxy 127.0.0.1\nSocks4Proxy 127.0.0.1', 'at most one'],
    ['Socks5Proxy 127.0.0.1\nSocks4Proxy 127.0.0.1', 'at most one'],
    ['ClientUseIPv4 0\nClientUseIPv6 0', 'ClientUseIPv6'],
    ['SocksPort 0\nSocksPort 9050', 'no other port beside 0'],
    ['UseBridges 1\nBridge', 'at least one Bridge line'],
    ['ClientTransportPlugin a socks5 127.0.0.1:1\nHTTPSProxy 127.0.0.1', 'could not be told of'],
    ['NoExec 1\nUseBridges 1\nBridge a 192.0.2.1\nClientTransportPlugin a exec x', 'have the transport a'],
    [
      `UseBridges 1\nBridge a 192.0.2.1 k=${'v'.repeat(510)}\nClientTransportPlugin a exec x`,
      'at most 510 bytes',
    ],
    ['UseBridges 1\nBridge 192.0.2.1\nEntryNodes {de}', 'no EntryNodes beside it'],
    ['UseBridges 1\nBridge 192.0.2.1\nUseEntryGuards 0', 'UseEntryGuards 1 beside it'],
    ['UseBridges 1\nBridge 192.0.2.1\nBridge warp 192.0.2.1', 'does not have the transport warp'],
  ])('%j, for what it needs beside it', (text, words) => {
    expect(() => verified(text)).toThrow(words)
  })

  test('without showing a bridge', () => {
    expect(() => verified('Bridge 192.0.2.77:0')).toThrow(/^torrc:1: Bridge: (?!.*77)/)
  })

  test('without showing a password', () => {
    expect(() => verified(`Socks5ProxyPassword ${'secret'.repeat(50)}`)).toThrow(
      /^(?!.*secret).*Socks5ProxyPassword/,
    )
    expect(() => verified('HTTPSProxyAuthenticator secret')).toThrow(/^(?!.*secret).*HTTPSProxyAuthenticator/)
  })
})
