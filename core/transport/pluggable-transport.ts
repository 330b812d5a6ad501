/**
 * Transports that make the way to a bridge look like something else than TLS to a relay. Each is one object in the table
 * below; a bridge line names it.
 */
import type { Duplex } from 'node:stream'
import type { BridgeLine } from '../linkspec/bridge-line.ts'
import { TorError } from '../util/errors.ts'
import { joinSocksArguments } from './managed/socks-arguments.ts'
import { pluginFor, type TransportPlugin } from './managed/transport-plugin.ts'
import { meekTransport } from './meek/meek-transport.ts'
import { obfs4Transport } from './obfs4/obfs4-transport.ts'
import { snowflakeTransport } from './snowflake/snowflake-transport.ts'
import type { TransportParts } from './transport-parts.ts'
import { webtunnelTransport } from './webtunnel/webtunnel-transport.ts'

export interface PluggableTransport {
  /** As in bridge lines. */
  readonly name: string
  /**
   * How long `connect` may take, where that is longer than reaching a server is: the time for the whole channel is
   * longer by as much. It gives up by itself, in words, before this is over.
   */
  readonly connectLimitMs?: number
  /** Throws `bad-config`, in words, for a line whose arguments it cannot use. */
  check(line: BridgeLine): void
  /**
   * Resolves with a stream behind which the bridge speaks TLS. Rejects with `channel-failed`, `wrong-identity`,
   * `proxy-failed`, or the signal's error; nothing is left open then.
   */
  connect(line: BridgeLine, parts: TransportParts, signal: AbortSignal): Promise<Duplex>
}

/** By name; bridges without a transport need none. */
const TRANSPORTS: ReadonlyMap<string, PluggableTransport> = new Map(
  [obfs4Transport, webtunnelTransport, snowflakeTransport, meekTransport].map((transport) => [
    transport.name,
    transport,
  ]),
)

/** The names that bridge lines may begin with. */
export const TRANSPORT_NAMES: readonly string[] = [...TRANSPORTS.keys()]

/** Transports that programs of the user's speak. They come before ours of the same name, as whoever names them wants. */
export interface OtherTransports {
  transportFor(name: string): PluggableTransport | undefined
}

export const NO_OTHER_TRANSPORTS: OtherTransports = { transportFor: () => undefined }

/** Undefined for a plain bridge. Throws `bad-config`, naming it, for a transport that nobody here has. */
export function transportOf(
  { transport }: BridgeLine,
  others = NO_OTHER_TRANSPORTS,
): PluggableTransport | undefined {
  if (transport === undefined) return undefined
  const found = others.transportFor(transport) ?? TRANSPORTS.get(transport)
  if (found !== undefined) return found
  throw new TorError(
    'bad-config',
    `this release does not have the transport ${transport}, which a bridge needs`,
  )
}

/** What a channel to the bridge may take longer than to a relay. */
export function connectLimitMsOf(bridge: BridgeLine | undefined): number {
  return TRANSPORTS.get(bridge?.transport ?? '')?.connectLimitMs ?? 0
}

/** Throws `bad-config`, in words, for arguments that the line's transport cannot use. */
export function checkBridgeArguments(line: BridgeLine): void {
  if (line.transport !== undefined) TRANSPORTS.get(line.transport)?.check(line)
}

/** Throws `bad-config`, in words, for the first line that cannot be used. */
export function checkBridges(lines: readonly BridgeLine[], plugins: readonly TransportPlugin[]): void {
  for (const line of lines) {
    if (pluginFor(plugins, line.transport) === undefined) transportOf(line)?.check(line)
    // What the arguments mean is the plugin's to say.
    else joinSocksArguments(line.args)
  }
}
