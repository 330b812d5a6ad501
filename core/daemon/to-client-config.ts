/** Turns settings into what the client is told. */
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../client/config.ts'
import { DEFAULT_AUTHORITIES } from '../netdir/authorities.ts'
import { DEFAULT_FALLBACK_DIRS, type FallbackDir } from '../netdir/fallback-dirs.ts'
import type { NodeChoices } from '../path/node-choices.ts'
import type { TransportPlugin } from '../transport/managed/transport-plugin.ts'
import type { UpstreamProxy } from '../transport/upstream-proxy.ts'
import type { AddressPolicy } from '../util/address-policy.ts'
import { joinReachable } from './options/reaching.ts'
import { OPTIONS } from './options/table.ts'
import type { Settings } from './settings.ts'

/** `dataDirectory` is used unless the settings name one. The settings have been verified. */
export function toClientConfig(settings: Settings, dataDirectory: string): ClientConfig {
  return {
    dataDirectory: settings.single(OPTIONS.dataDirectory) ?? dataDirectory,
    authorities: settings.list(OPTIONS.dirAuthority) ?? DEFAULT_AUTHORITIES,
    fallbackDirs: chooseFallbackDirs(settings),
    ...reachingConfig(settings),
    ...pathConfig(settings),
    ...circuitConfig(settings),
    ...streamConfig(settings),
    ...sleepConfig(settings),
  }
}

function reachingConfig(settings: Settings) {
  return {
    useIpv4: settings.single(OPTIONS.clientUseIpv4),
    useIpv6: settings.single(OPTIONS.clientUseIpv6),
    // Without IPv4 there is nothing to prefer.
    preferIpv6OrPort:
      settings.single(OPTIONS.clientPreferIpv6OrPort) ?? !settings.single(OPTIONS.clientUseIpv4),
    reachableAddresses: chooseReachable(settings),
    upstreamProxy: chooseProxy(settings),
    bridges: settings.single(OPTIONS.useBridges) ? (settings.list(OPTIONS.bridge) ?? []) : undefined,
    transportPlugins: choosePlugins(settings),
    outboundBindAddress: chooseBindAddress(settings),
    isNetworkDisabled: settings.single(OPTIONS.disableNetwork),
    connectionPadding: nameTristate(settings.single(OPTIONS.connectionPadding)),
    reducedConnectionPadding: settings.single(OPTIONS.reducedConnectionPadding),
    keepaliveMs: settings.single(OPTIONS.keepalivePeriod),
  }
}

function pathConfig(settings: Settings) {
  return {
    nodes: chooseNodes(settings),
    geoIpFile: settings.single(OPTIONS.geoIpFile),
    geoIpv6File: settings.single(OPTIONS.geoIpv6File),
    enforceDistinctSubnets: settings.single(OPTIONS.enforceDistinctSubnets),
    pathsNeededToBuildCircuits: settings.single(OPTIONS.pathsNeededToBuildCircuits),
    useEntryGuards: settings.single(OPTIONS.useEntryGuards),
    numPrimaryGuards: settings.single(OPTIONS.numPrimaryGuards),
    numEntryGuards: settings.single(OPTIONS.numEntryGuards),
    numDirectoryGuards: settings.single(OPTIONS.numDirectoryGuards),
    guardLifetimeMs: settings.single(OPTIONS.guardLifetime),
    longLivedPorts: settings.single(OPTIONS.longLivedPorts),
    allowPrivateRelayAddresses: settings.single(OPTIONS.extendAllowPrivateAddresses),
  }
}

function circuitConfig(settings: Settings) {
  return {
    circuitBuildTimeoutMs:
      settings.single(OPTIONS.circuitBuildTimeout) ?? DEFAULT_CLIENT_CONFIG.circuitBuildTimeoutMs,
    learnCircuitBuildTimeout: settings.single(OPTIONS.learnCircuitBuildTimeout),
    maxCircuitDirtinessMs: settings.single(OPTIONS.maxCircuitDirtiness),
    circuitsAvailableTimeoutMs: settings.single(OPTIONS.circuitsAvailableTimeout),
    maxClientCircuitsPending: settings.single(OPTIONS.maxClientCircuitsPending),
    confluxEnabled: settings.single(OPTIONS.confluxEnabled),
    confluxUx: settings.single(OPTIONS.confluxClientUx),
    trackHostExits: settings.single(OPTIONS.trackHostExits),
    trackHostExitsExpireMs: settings.single(OPTIONS.trackHostExitsExpire),
    maxMemInQueuesBytes: settings.single(OPTIONS.maxMemInQueues),
  }
}

function streamConfig(settings: Settings) {
  return {
    streamTimeoutMs: settings.single(OPTIONS.socksTimeout),
    circuitStreamTimeoutMs: settings.single(OPTIONS.circuitStreamTimeout),
    rejectInternalAddresses: settings.single(OPTIONS.clientRejectInternalAddresses),
    rejectInternalDnsAnswers: settings.single(OPTIONS.clientDnsRejectInternalAddresses),
    rejectPlaintextPorts: settings.single(OPTIONS.rejectPlaintextPorts),
    warnPlaintextPorts: settings.single(OPTIONS.warnPlaintextPorts),
    addressMap: settings.list(OPTIONS.mapAddress) ?? [],
    automapHostsOnResolve: settings.single(OPTIONS.automapHostsOnResolve),
    automapHostsSuffixes: settings.single(OPTIONS.automapHostsSuffixes),
    virtualNetworkIpv4: settings.single(OPTIONS.virtualAddrNetworkIpv4),
    virtualNetworkIpv6: settings.single(OPTIONS.virtualAddrNetworkIpv6),
    allowNonRfc953Hostnames: settings.single(OPTIONS.allowNonRfc953Hostnames),
  }
}

function sleepConfig(settings: Settings) {
  const maySleep = settings.single(OPTIONS.dormantTimeoutEnabled)
  return {
    dormantClientTimeoutMs: maySleep ? settings.single(OPTIONS.dormantClientTimeout) : undefined,
    dormantOnFirstStartup: settings.single(OPTIONS.dormantOnFirstStartup),
    dormantCanceledByStartup: settings.single(OPTIONS.dormantCanceledByStartup),
  }
}

function chooseNodes(settings: Settings): NodeChoices {
  return {
    excludeNodes: settings.single(OPTIONS.excludeNodes),
    excludeExitNodes: settings.single(OPTIONS.excludeExitNodes),
    exitNodes: settings.single(OPTIONS.exitNodes),
    entryNodes: settings.single(OPTIONS.entryNodes),
    middleNodes: settings.single(OPTIONS.middleNodes),
    isStrict: settings.single(OPTIONS.strictNodes),
    families: settings.list(OPTIONS.nodeFamily) ?? [],
    excludeUnknownCountries: settings.single(OPTIONS.geoIpExcludeUnknown),
  }
}

function chooseReachable(settings: Settings): AddressPolicy | undefined {
  const ports = settings.single(OPTIONS.fascistFirewall) ? settings.single(OPTIONS.firewallPorts) : undefined
  const orLines = settings.list(OPTIONS.reachableOrAddresses)
  if (orLines !== undefined) return joinReachable(orLines, ports, 'ReachableORAddresses')
  return joinReachable(settings.list(OPTIONS.reachableAddresses), ports, 'ReachableAddresses')
}

function chooseProxy(settings: Settings): UpstreamProxy | undefined {
  const http = settings.single(OPTIONS.httpsProxy)
  if (http !== undefined) {
    return { kind: 'http', endpoint: http, credentials: settings.single(OPTIONS.httpsProxyAuthenticator) }
  }
  const socks5 = settings.single(OPTIONS.socks5Proxy)
  if (socks5 !== undefined) {
    const username = settings.single(OPTIONS.socks5ProxyUsername)
    const password = settings.single(OPTIONS.socks5ProxyPassword)
    const hasBoth = username !== undefined && password !== undefined
    return { kind: 'socks5', endpoint: socks5, credentials: hasBoth ? { username, password } : undefined }
  }
  const socks4 = settings.single(OPTIONS.socks4Proxy)
  return socks4 === undefined ? undefined : { kind: 'socks4', endpoint: socks4 }
}

/** Those that may be started. */
export function choosePlugins(settings: Settings): readonly TransportPlugin[] {
  const plugins = settings.list(OPTIONS.clientTransportPlugin) ?? []
  return settings.single(OPTIONS.noExec) ? plugins.filter(({ kind }) => kind !== 'exec') : plugins
}

function chooseBindAddress(settings: Settings): ClientConfig['outboundBindAddress'] {
  const addresses = [
    ...(settings.list(OPTIONS.outboundBindAddressOr) ?? []),
    ...(settings.list(OPTIONS.outboundBindAddress) ?? []),
  ]
  return {
    ipv4: addresses.find((address) => !address.includes(':')),
    ipv6: addresses.find((address) => address.includes(':')),
  }
}

function nameTristate(value: boolean | undefined): 'on' | 'off' | 'auto' {
  if (value === undefined) return 'auto'
  return value ? 'on' : 'off'
}

/** The built-in ones belong to the built-in authorities: with others they would be asked for the wrong network. */
function chooseFallbackDirs(settings: Settings): readonly FallbackDir[] {
  const chosen = settings.list(OPTIONS.fallbackDir)
  if (chosen !== undefined) return chosen
  const hasOwnNetwork = settings.list(OPTIONS.dirAuthority) !== undefined
  return hasOwnNetwork || !settings.single(OPTIONS.useDefaultFallbackDirs) ? [] : DEFAULT_FALLBACK_DIRS
}
