import { describe, expect, test } from 'vitest'
import { DEFAULT_CLIENT_CONFIG } from '../../../core/client/config.ts'
import { Settings } from '../../../core/daemon/settings.ts'
import { toClientConfig } from '../../../core/daemon/to-client-config.ts'
import { parseTorrc } from '../../../core/daemon/torrc-reader.ts'
import { DEFAULT_AUTHORITIES } from '../../../core/netdir/authorities.ts'
import { DEFAULT_FALLBACK_DIRS } from '../../../core/netdir/fallback-dirs.ts'

const FINGERPRINT = 'D586D18309DED4CD6D57C18FDB97EFA96D330566'
const AUTHORITY = `DirAuthority a orport=5000 v3ident=${FINGERPRINT} 127.0.0.1:7000 ${FINGERPRINT}`
const config = (text: string) =>
  toClientConfig(Settings.merge([parseTorrc(text, 'torrc', () => [])]), '/usual')

describe('the client is told', () => {
  test('its own defaults when nothing is set', () => {
    expect(config('')).toEqual({
      ...DEFAULT_CLIENT_CONFIG,
      dataDirectory: '/usual',
      authorities: DEFAULT_AUTHORITIES,
      fallbackDirs: DEFAULT_FALLBACK_DIRS,
    })
  })

  test('what the options say', () => {
    const text =
      'DataDirectory /d\nClientUseIPv6 1\nClientPreferIPv6ORPort 1\nEnforceDistinctSubnets 0\nSocksTimeout 30\n' +
      'PathsNeededToBuildCircuits 0.5\nCircuitBuildTimeout 20\nMaxCircuitDirtiness 20\n' +
      'ClientRejectInternalAddresses 0\nExtendAllowPrivateAddresses 1\nMaxMemInQueues 64 MB'
    expect(config(text)).toMatchObject({
      dataDirectory: '/d',
      useIpv6: true,
      preferIpv6OrPort: true,
      enforceDistinctSubnets: false,
      streamTimeoutMs: 30_000,
      pathsNeededToBuildCircuits: 0.5,
      circuitBuildTimeoutMs: 20_000,
      maxCircuitDirtinessMs: 20_000,
      maxMemInQueuesBytes: 67_108_864,
      rejectInternalAddresses: false,
      allowPrivateRelayAddresses: true,
    })
  })

  test('the authorities of the torrc alone, and then no built-in fallback directory', () => {
    const { authorities, fallbackDirs } = config(AUTHORITY)
    expect(authorities.map(({ nickname }) => nickname)).toEqual(['a'])
    expect(fallbackDirs).toEqual([])
  })

  test('the fallback directories of the torrc, or none', () => {
    expect(config(`FallbackDir 127.0.0.1:80 orport=5000 id=${FINGERPRINT}`).fallbackDirs).toHaveLength(1)
    expect(config('UseDefaultFallbackDirs 0').fallbackDirs).toEqual([])
  })

  test('to leave CircuitBuildTimeout 0 to itself', () => {
    expect(config('CircuitBuildTimeout 0').circuitBuildTimeoutMs).toBe(
      DEFAULT_CLIENT_CONFIG.circuitBuildTimeoutMs,
    )
  })
})
