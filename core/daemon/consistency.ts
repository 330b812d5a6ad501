/** What options demand of one another, and what a choice costs. Each rule is about the settings as a whole. */
import { checkBridges } from '../transport/pluggable-transport.ts'
import { toTorError } from '../util/errors.ts'
import type { ListOption } from './options/option.ts'
import type { PortSetting } from './options/port.ts'
import { OPTIONS } from './options/table.ts'
import type { Settings } from './settings.ts'
import { choosePlugins } from './to-client-config.ts'

export interface ConsistencyRule {
  /** The option to complain about; its last line is the place. */
  readonly option: string
  readonly isBroken: (settings: Settings) => boolean
  readonly message: string | ((settings: Settings) => string)
}

const isSet = (settings: Settings, name: string): boolean => settings.textOf(name) !== undefined

/** Port 0 says that there is none, which no other line of the same option may belie. */
const portRule = (option: ListOption<PortSetting>): ConsistencyRule => ({
  option: option.name,
  isBroken: (settings) => {
    const ports = settings.list(option) ?? []
    const none = ports.filter(({ address }) => address === undefined).length
    return none > 0 && none < ports.length
  },
  message: `${option.name}: expected no other port beside 0`,
})

const PROXIES = [OPTIONS.httpsProxy, OPTIONS.socks4Proxy, OPTIONS.socks5Proxy] as const

export const CONSISTENCY_RULES: readonly ConsistencyRule[] = [
  portRule(OPTIONS.socksPort),
  portRule(OPTIONS.httpTunnelPort),
  portRule(OPTIONS.dnsPort),
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
    option: 'UseBridges',
    isBroken: (settings) =>
      settings.single(OPTIONS.useBridges) && settings.list(OPTIONS.bridge) === undefined,
    message: 'UseBridges: expected at least one Bridge line beside it',
  },
  {
    option: 'UseBridges',
    isBroken: (settings) =>
      settings.single(OPTIONS.useBridges) && !settings.single(OPTIONS.entryNodes).isEmpty,
    message: 'UseBridges: expected no EntryNodes beside it: the bridges are what circuits begin with',
  },
  {
    option: 'UseBridges',
    isBroken: (settings) => settings.single(OPTIONS.useBridges) && !settings.single(OPTIONS.useEntryGuards),
    message: 'UseBridges: expected UseEntryGuards 1 beside it',
  },
  {
    option: 'Bridge',
    isBroken: (settings) => settings.single(OPTIONS.useBridges) && whyUnusable(settings) !== undefined,
    message: (settings) => `Bridge: ${whyUnusable(settings)}`,
  },
  {
    option: 'ClientTransportPlugin',
    isBroken: (settings) =>
      PROXIES.some((option) => settings.single(option) !== undefined) &&
      (settings.list(OPTIONS.clientTransportPlugin) ?? []).some(({ kind }) => kind !== 'exec'),
    message:
      'ClientTransportPlugin: expected no socks4 or socks5 beside HTTPSProxy, Socks4Proxy or Socks5Proxy, which it could not be told of',
  },
  {
    option: 'Socks5Proxy',
    isBroken: (settings) => PROXIES.filter((option) => settings.single(option) !== undefined).length > 1,
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

/** Of the bridges, the first that cannot be used. */
function whyUnusable(settings: Settings): string | undefined {
  try {
    checkBridges(settings.list(OPTIONS.bridge) ?? [], choosePlugins(settings))
    return undefined
  } catch (error) {
    return toTorError(error).message
  }
}

/** Choices that are allowed, and that the user should know the price of, or that do nothing alone. */
const CHOICE_WARNINGS: readonly (Pick<ConsistencyRule, 'isBroken'> & { readonly message: string })[] = [
  {
    isBroken: (settings) => settings.single(OPTIONS.safeLogging) !== '1',
    message: 'SafeLogging is off: the log will show where applications connect to. Delete it afterwards.',
  },
  {
    isBroken: (settings) =>
      settings.list(OPTIONS.dirAuthority) !== undefined && !settings.single(OPTIONS.testingTorNetwork),
    message:
      'DirAuthority replaces the authorities of the Tor network: whoever runs these decides which relays you see.',
  },
  {
    isBroken: (settings) =>
      [OPTIONS.entryNodes, OPTIONS.middleNodes, OPTIONS.exitNodes].some(
        (option) => !settings.single(option).isEmpty,
      ),
    message: 'EntryNodes, MiddleNodes and ExitNodes make you stand out among other users.',
  },
  {
    isBroken: (settings) =>
      !settings.single(OPTIONS.useEntryGuards) && !settings.single(OPTIONS.testingTorNetwork),
    message:
      'UseEntryGuards is 0: with a new first relay for each circuit, a bad one will soon be among them.',
  },
  {
    isBroken: (settings) => isSet(settings, 'Bridge') && !settings.single(OPTIONS.useBridges),
    message: 'Bridge has no effect without UseBridges 1: relays are connected to directly.',
  },
  {
    isBroken: (settings) =>
      settings.single(OPTIONS.useBridges) &&
      (settings.list(OPTIONS.bridge) ?? []).some(({ fingerprint }) => fingerprint === undefined),
    message: 'A Bridge line has no fingerprint: whoever answers at its address is taken for the bridge.',
  },
  {
    isBroken: (settings) => {
      const names = (settings.list(OPTIONS.clientTransportPlugin) ?? []).flatMap(
        ({ transports }) => transports,
      )
      return new Set(names).size < names.length
    },
    message: 'Several ClientTransportPlugin lines name one transport: the first of them counts.',
  },
  {
    isBroken: (settings) =>
      settings.single(OPTIONS.noExec) &&
      (settings.list(OPTIONS.clientTransportPlugin) ?? []).some(({ kind }) => kind === 'exec'),
    message: 'ClientTransportPlugin has no effect with NoExec 1 where it names a program.',
  },
  {
    isBroken: (settings) => isSet(settings, 'FirewallPorts') && !settings.single(OPTIONS.fascistFirewall),
    message: 'FirewallPorts has no effect without FascistFirewall 1.',
  },
  {
    isBroken: (settings) =>
      settings.single(OPTIONS.fascistFirewall) &&
      (isSet(settings, 'ReachableAddresses') || isSet(settings, 'ReachableORAddresses')),
    message: 'FascistFirewall has no effect beside ReachableAddresses.',
  },
  {
    isBroken: (settings) => isSet(settings, 'HTTPSProxyAuthenticator') && !isSet(settings, 'HTTPSProxy'),
    message: 'HTTPSProxyAuthenticator has no effect without HTTPSProxy.',
  },
  {
    isBroken: (settings) => isSet(settings, 'Socks5ProxyUsername') && !isSet(settings, 'Socks5Proxy'),
    message: 'Socks5ProxyUsername has no effect without Socks5Proxy.',
  },
  {
    isBroken: (settings) =>
      isSet(settings, 'AutomapHostsSuffixes') && !settings.single(OPTIONS.automapHostsOnResolve),
    message: 'AutomapHostsSuffixes has no effect without AutomapHostsOnResolve 1.',
  },
  {
    isBroken: (settings) =>
      !settings.single(OPTIONS.learnCircuitBuildTimeout) &&
      (settings.single(OPTIONS.circuitBuildTimeout) ?? MIN_BUILD_TIMEOUT_MS) < MIN_BUILD_TIMEOUT_MS,
    message: 'CircuitBuildTimeout is so short that many circuits will be given up while they are built.',
  },
]

/** What a circuit through slow relays may well take. */
const MIN_BUILD_TIMEOUT_MS = 10_000

/** Words on lines that are odd and on choices that were made. The settings have been verified. */
export function warningsOf(settings: Settings): readonly string[] {
  const choices = CHOICE_WARNINGS.filter(({ isBroken }) => isBroken(settings))
  return [...settings.warnings, ...choices.map(({ message }) => message)]
}

function hasTwoOfOneFamily(addresses: readonly string[] = []): boolean {
  const ipv6 = addresses.filter((address) => address.includes(':')).length
  return ipv6 > 1 || addresses.length - ipv6 > 1
}
