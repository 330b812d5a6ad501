/** Turns settings into what the client is told. */
import { type ClientConfig, DEFAULT_CLIENT_CONFIG } from '../client/config.ts'
import { DEFAULT_AUTHORITIES } from '../netdir/authorities.ts'
import { DEFAULT_FALLBACK_DIRS, type FallbackDir } from '../netdir/fallback-dirs.ts'
import { OPTIONS } from './options.ts'
import type { Settings } from './settings.ts'

/** `dataDirectory` is used unless the settings name one. The settings have been verified. */
export function toClientConfig(settings: Settings, dataDirectory: string): ClientConfig {
  return {
    ...DEFAULT_CLIENT_CONFIG,
    dataDirectory: settings.single(OPTIONS.dataDirectory) ?? dataDirectory,
    authorities: settings.list(OPTIONS.dirAuthority) ?? DEFAULT_AUTHORITIES,
    fallbackDirs: chooseFallbackDirs(settings),
    useIpv4: settings.single(OPTIONS.clientUseIpv4),
    useIpv6: settings.single(OPTIONS.clientUseIpv6),
    // Without IPv4 there is nothing to prefer.
    preferIpv6OrPort:
      settings.single(OPTIONS.clientPreferIpv6OrPort) ?? !settings.single(OPTIONS.clientUseIpv4),
    enforceDistinctSubnets: settings.single(OPTIONS.enforceDistinctSubnets),
    pathsNeededToBuildCircuits: settings.single(OPTIONS.pathsNeededToBuildCircuits),
    circuitBuildTimeoutMs: settings.single(OPTIONS.circuitBuildTimeout),
    maxCircuitDirtinessMs: settings.single(OPTIONS.maxCircuitDirtiness),
    streamTimeoutMs: settings.single(OPTIONS.socksTimeout),
    rejectInternalAddresses: settings.single(OPTIONS.clientRejectInternalAddresses),
    allowPrivateRelayAddresses: settings.single(OPTIONS.extendAllowPrivateAddresses),
  }
}

/** The built-in ones belong to the built-in authorities: with others they would be asked for the wrong network. */
function chooseFallbackDirs(settings: Settings): readonly FallbackDir[] {
  const chosen = settings.list(OPTIONS.fallbackDir)
  if (chosen !== undefined) return chosen
  const hasOwnNetwork = settings.list(OPTIONS.dirAuthority) !== undefined
  return hasOwnNetwork || !settings.single(OPTIONS.useDefaultFallbackDirs) ? [] : DEFAULT_FALLBACK_DIRS
}
