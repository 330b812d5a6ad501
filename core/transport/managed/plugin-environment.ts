/** What a plugin is told by its environment (pt-spec 3.2), and that is all of its environment. */
import { formatEndpoint } from '../../linkspec/relay-target.ts'
import type { UpstreamProxy } from '../upstream-proxy.ts'
import { PLUGIN_PROTOCOL_VERSION } from './plugin-handshake.ts'

export interface PluginSurroundings {
  readonly transports: readonly string[]
  /** An absolute path. */
  readonly stateDirectory: string
  /** What it must go through. */
  readonly proxy: UpstreamProxy | undefined
  /** The local addresses that it should leave from. */
  readonly bindAddress: { readonly ipv4: string | undefined; readonly ipv6: string | undefined }
}

export function pluginEnvironment(surroundings: PluginSurroundings): Readonly<Record<string, string>> {
  const { transports, stateDirectory, proxy, bindAddress } = surroundings
  const { ipv4, ipv6 } = bindAddress
  return {
    TOR_PT_MANAGED_TRANSPORT_VER: PLUGIN_PROTOCOL_VERSION,
    TOR_PT_STATE_LOCATION: stateDirectory,
    TOR_PT_EXIT_ON_STDIN_CLOSE: '1',
    TOR_PT_CLIENT_TRANSPORTS: transports.join(','),
    ...(proxy === undefined ? {} : { TOR_PT_PROXY: proxyUri(proxy) }),
    ...(ipv4 === undefined ? {} : { TOR_PT_OUTBOUND_BIND_ADDRESS_V4: ipv4 }),
    ...(ipv6 === undefined ? {} : { TOR_PT_OUTBOUND_BIND_ADDRESS_V6: `[${ipv6}]` }),
  }
}

/** Holds the proxy's password. */
function proxyUri(proxy: UpstreamProxy): string {
  const address = formatEndpoint(proxy.endpoint)
  if (proxy.kind === 'socks4') return `socks4a://${address}`
  const login = proxy.credentials
  if (login === undefined) return `${proxy.kind}://${address}`
  const [username, password] = [login.username, login.password].map(encodeURIComponent)
  return `${proxy.kind}://${username}:${password}@${address}`
}

/** What no log may show. */
export function secretsOf(proxy: UpstreamProxy | undefined): readonly string[] {
  if (proxy === undefined || proxy.kind === 'socks4' || proxy.credentials === undefined) return []
  return [proxy.credentials.username, proxy.credentials.password]
}
