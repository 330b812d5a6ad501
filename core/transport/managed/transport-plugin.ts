/**
 * What a `ClientTransportPlugin` line says: which program speaks a transport for us, or at which address one that runs
 * already does. Read as C tor reads it: words between blanks, without quotes.
 */
import { isIPv4, isIPv6 } from 'node:net'
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import type { Endpoint } from '../../linkspec/relay-target.ts'
import { TorError } from '../../util/errors.ts'

export type TransportPlugin = ExecPlugin | SocksPlugin

/** A program of the managed-proxy protocol, which we start and stop (pt-spec 3). */
export interface ExecPlugin {
  readonly kind: 'exec'
  /** As in bridge lines; at least one, each once. */
  readonly transports: readonly string[]
  /** A path, never looked up in PATH; relative to where this program was started. */
  readonly program: string
  readonly args: readonly string[]
}

/** A proxy that somebody else runs; the bridge's address is asked of it by SOCKS. */
export interface SocksPlugin {
  readonly kind: 'socks4' | 'socks5'
  readonly transports: readonly [string]
  /** The host is an IP literal. */
  readonly endpoint: Endpoint
}

/** C tor's `string_is_C_identifier`. */
const TRANSPORT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const MAX_PORT = 65_535

/** Throws `bad-config`, in words that hold nothing of the line but its keywords. */
export function parseTransportPlugin(text: string): TransportPlugin {
  const [names, type, third, ...more] = text.split(/[ \t\r\n\v]+/).filter((word) => word !== '')
  if (names === undefined || type === undefined || third === undefined) {
    throw badPlugin('expected transports, then exec and a program or socks4 or socks5 and an address')
  }
  const transports = [...new Set(names.split(',').filter((name) => name !== ''))]
  const [first, ...others] = transports
  if (first === undefined || !transports.every((name) => TRANSPORT_NAME.test(name))) {
    throw badPlugin('the names of transports have letters, digits and underscores, with commas between them')
  }
  if (type === 'exec') return { kind: 'exec', transports, program: third, args: more }
  if (type !== 'socks4' && type !== 'socks5')
    throw badPlugin('expected exec, socks4 or socks5 after the names')
  if (others.length > 0) throw badPlugin(`with ${type} there is one transport on a line`)
  return { kind: type, transports: [first], endpoint: parseAddress(third) }
}

/** A name would have to be looked up, which the network could see. */
function parseAddress(text: string): Endpoint {
  const [, host = '', portText = ''] =
    /^\[([^\]]+)\]:([0-9]{1,5})$/.exec(text) ?? /^([0-9.]+):([0-9]{1,5})$/.exec(text) ?? []
  const port = Number(portText)
  const isAddress = text.startsWith('[') ? isIPv6(host) && !host.includes('%') : isIPv4(host)
  if (!isAddress || port < 1 || port > MAX_PORT) {
    throw badPlugin('expected an IP address (IPv6 in brackets) and a port after socks4 or socks5')
  }
  return { host, port }
}

/** The plugin for a transport: the first that names it. Whoever configures one wants it, also instead of ours. */
export function pluginFor(
  plugins: readonly TransportPlugin[],
  transport: string | undefined,
): TransportPlugin | undefined {
  return plugins.find(({ transports }) => transport !== undefined && transports.includes(transport))
}

/** Whether one of the bridges is reached by it. */
export function isPluginNeeded(
  plugin: TransportPlugin,
  plugins: readonly TransportPlugin[],
  bridges: readonly BridgeLine[] | undefined,
): boolean {
  return (bridges ?? []).some(({ transport }) => pluginFor(plugins, transport) === plugin)
}

function badPlugin(words: string): TorError {
  return new TorError('bad-config', words)
}
