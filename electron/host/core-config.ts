/** Turns what main wants into what the core is told. All of it is refused in words, or obeyed. */
import { isIP } from 'node:net'
import {
  type ClientConfig,
  parseAddressPolicy,
  parseClientConfig,
  parseNodeSet,
  TorError,
  type UpstreamProxy,
} from '../../core/index.ts'
import type { UpstreamProxySetting } from '../ipc/settings.ts'
import type { HostConfig } from './protocol.ts'

/** Throws `bad-config` in words. */
export function toCoreConfig(host: HostConfig): ClientConfig {
  const { dataDirectory, bridgeLines, networkLines, excludedCountries } = host
  const torrc = [...networkLines, ...(bridgeLines === undefined ? [] : bridgeOptions(bridgeLines))]
  const base = parseClientConfig(torrc.join('\n'), dataDirectory)
  const excluded = excludedCountries.map((country) => `{${country}}`).join(',')
  return {
    ...base,
    dataDirectory,
    // It starts because somebody wants to connect, however long nobody did before.
    dormantCanceledByStartup: true,
    dormantOnFirstStartup: false,
    reachableAddresses: reachableBy(host) ?? base.reachableAddresses,
    upstreamProxy: host.upstreamProxy === null ? base.upstreamProxy : toUpstreamProxy(host.upstreamProxy),
    // Strict: who excludes a country means it.
    ...(excluded !== '' && {
      nodes: { ...base.nodes, excludeNodes: parseNodeSet(excluded, 'ExcludeNodes'), isStrict: true },
    }),
    // Bridges were chosen and there is none: nothing may go to a relay directly.
    ...(bridgeLines?.length === 0 && { bridges: [], isNetworkDisabled: true }),
  }
}

/** As a torrc has them. Quoted, so that whatever a line holds is a value. */
function bridgeOptions(lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return []
  const quote = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`
  return ['UseBridges 1', ...lines.map((line) => `Bridge ${quote(line)}`)]
}

function reachableBy({ allowedPorts }: HostConfig): ClientConfig['reachableAddresses'] {
  if (allowedPorts === null) return undefined
  const option = 'ReachableAddresses'
  const rules = allowedPorts.map((port) => `*:${port}`)
  if (rules.length === 0) throw new TorError('bad-config', `${option}: no port is allowed`)
  return parseAddressPolicy(rules, option, { assumed: 'accept', rejectsOthers: true })
}

/** Throws `bad-config` in words. */
export function toUpstreamProxy(proxy: UpstreamProxySetting): UpstreamProxy {
  const host = proxy.host.replace(/^\[(.*)\]$/, '$1')
  // A name would be looked up in the clear, and tell who is used.
  if (isIP(host) === 0) throw new TorError('bad-config', 'the proxy must be given by its IP address')
  const endpoint = { host, port: proxy.port }
  if (proxy.kind === 'socks4') return { kind: 'socks4', endpoint }
  const { kind, username, password } = proxy
  if (username === undefined && password === undefined) return { kind, endpoint, credentials: undefined }
  return { kind, endpoint, credentials: { username: username ?? '', password: password ?? '' } }
}
