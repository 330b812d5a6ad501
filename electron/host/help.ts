/** Asks the bridge service for main: through Tor with the core that runs, or by a front, which needs none. */
import {
  askMoat,
  type Clock,
  frontedPath,
  type MoatPath,
  NO_OUTSIDE,
  type Outside,
  systemRandom,
  type TorClient,
  TorError,
  transportParts,
} from '../../core/index.ts'
import { toUpstreamProxy } from './core-config.ts'
import type { HelpCall, HelpReply } from './help-protocol.ts'

const HTTPS_PORT = 443

export interface HelpTools {
  readonly clock: Clock
  readonly outside: Outside | undefined
  /** Undefined while no core runs. */
  readonly client: Pick<TorClient, 'connect'> | undefined
  /** A circuit of its own: nothing else that goes through Tor is to be told apart by it. */
  readonly isolation: readonly string[]
}

/** Rejects with the core's errors. */
export function askHelp(call: HelpCall, tools: HelpTools): Promise<HelpReply> {
  const { service, endpoint, country, transports } = call
  const access = { service, path: pathOf(call, tools), clock: tools.clock }
  // It ends by its own limit in time, or with the process.
  return askMoat(access, { endpoint, country, transports }, new AbortController().signal)
}

function pathOf({ path, service, upstreamProxy }: HelpCall, tools: HelpTools): MoatPath {
  const { clock, outside = NO_OUTSIDE, client, isolation } = tools
  if (path === 'tor') {
    if (client === undefined) throw new TorError('closed', 'the core does not run')
    return (signal) => client.connect(service.host, HTTPS_PORT, { isolation, signal })
  }
  const proxy = upstreamProxy === null ? undefined : toUpstreamProxy(upstreamProxy)
  const way = { proxy, localAddress: undefined }
  return frontedPath(service, path, transportParts(way, outside, { clock, random: systemRandom }))
}
