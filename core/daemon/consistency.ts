/** What options demand of one another. Each rule is broken or kept by the settings as a whole. */
import { OPTIONS } from './options/table.ts'
import type { Settings } from './settings.ts'

export interface ConsistencyRule {
  /** The option to complain about; its last line is the place. */
  readonly option: string
  readonly isBroken: (settings: Settings) => boolean
  readonly message: string
}

const isSet = (settings: Settings, name: string): boolean => settings.textOf(name) !== undefined

export const CONSISTENCY_RULES: readonly ConsistencyRule[] = [
  {
    option: 'TestingTorNetwork',
    isBroken: (settings) =>
      settings.single(OPTIONS.testingTorNetwork) && settings.list(OPTIONS.dirAuthority) === undefined,
    message:
      'TestingTorNetwork: expected DirAuthority lines beside it, which name the authorities of the testing network',
  },
  {
    option: 'ClientUseIPv4',
    isBroken: (settings) =>
      !settings.single(OPTIONS.clientUseIpv4) && !settings.single(OPTIONS.clientUseIpv6),
    message: 'ClientUseIPv4: expected 1 while ClientUseIPv6 is 0, or no relay can be reached',
  },
  {
    option: 'EntryNodes',
    isBroken: (settings) =>
      !settings.single(OPTIONS.useEntryGuards) && !settings.single(OPTIONS.entryNodes).isEmpty,
    message: 'EntryNodes: expected UseEntryGuards 1 beside it, or they would not be kept to',
  },
  {
    option: 'Socks5Proxy',
    isBroken: (settings) =>
      [OPTIONS.httpsProxy, OPTIONS.socks4Proxy, OPTIONS.socks5Proxy].filter(
        (option) => settings.single(option) !== undefined,
      ).length > 1,
    message: 'HTTPSProxy, Socks4Proxy, Socks5Proxy: expected at most one of them',
  },
  {
    option: 'Socks5ProxyUsername',
    isBroken: (settings) => isSet(settings, 'Socks5ProxyUsername') !== isSet(settings, 'Socks5ProxyPassword'),
    message: 'Socks5ProxyUsername: expected Socks5ProxyPassword beside it, and the other way around',
  },
  {
    option: 'OutboundBindAddress',
    isBroken: (settings) => hasTwoOfOneFamily(settings.list(OPTIONS.outboundBindAddress)),
    message: 'OutboundBindAddress: expected at most one IPv4 and one IPv6 address',
  },
  {
    option: 'OutboundBindAddressOR',
    isBroken: (settings) => hasTwoOfOneFamily(settings.list(OPTIONS.outboundBindAddressOr)),
    message: 'OutboundBindAddressOR: expected at most one IPv4 and one IPv6 address',
  },
]

function hasTwoOfOneFamily(addresses: readonly string[] = []): boolean {
  const ipv6 = addresses.filter((address) => address.includes(':')).length
  return ipv6 > 1 || addresses.length - ipv6 > 1
}
