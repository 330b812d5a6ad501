/** Asks the bridge service for main: through Tor with the core that runs, or by a front, which needs none. */
import {
  askMoat,
  type Clock,
  fetchMoatBuiltIn,
  fetchMoatMap,
  frontedPath,
  type MoatPath,
  type MoatService,
  NO_OUTSIDE,
  type Outside,
  systemRandom,
  type TorClient,
  TorError,
  transportParts,
} from '../../core/index.ts'
import { toUpstreamProxy } from './core-config.ts'
import type { HelpCall, HelpReply } from './help-protocol.ts'
import type { ListCall, ListReply } from './lists-protocol.ts'

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

/** Rejects with the core's errors. There is no other path than Tor: nobody but an exit sees that it is fetched. */
export async function fetchList(
  { endpoint, service }: ListCall,
  tools: Omit<HelpTools, 'outside'>,
): Promise<ListReply> {
  const access = { service, path: torPath(service, tools), clock: tools.clock }
  const { signal } = new AbortController()
  if (endpoint === 'builtin') {
    const bridges = await fetchMoatBuiltIn(access, signal)
    return 'kind' in bridges ? bridges : { kind: 'bridges', lines: [...bridges.values()].flat() }
  }
  const map = await fetchMoatMap(access, signal)
  if ('kind' in map) return map
  const countries = [...map].map(([country, settings]) => ({
    country,
    settings: settings.map(({ transport, source }) => ({ transport, source })),
  }))
  return { kind: 'countries', countries }
}

function torPath(
  { host, port }: MoatService,
  { client, isolation }: Pick<HelpTools, 'client' | 'isolation'>,
): MoatPath {
  if (client === undefined) throw new TorError('closed', 'the core does not run')
  return (signal) => client.connect(host, port, { isolation, signal })
}

function pathOf({ path, service, upstreamProxy }: HelpCall, tools: HelpTools): MoatPath {
  if (path === 'tor') return torPath(service, tools)
  const { clock, outside = NO_OUTSIDE } = tools
  const proxy = upstreamProxy === null ? undefined : toUpstreamProxy(upstreamProxy)
  const way = { proxy, localAddress: undefined }
  return frontedPath(service, path, transportParts(way, outside, { clock, random: systemRandom }))
}
