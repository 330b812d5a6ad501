/** What a transport is given for one connection: its tools, and the only ways out that it may take. */
import type { Socket } from 'node:net'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { Clock } from '../util/clock.ts'
import { TorError } from '../util/errors.ts'
import type { Random } from '../util/random.ts'
import type { Outside, WebRequest, WebResponse } from './outside.ts'
import { dialTcp, type TcpWay } from './tcp-dialler.ts'
import { dialName } from './web/dial-name.ts'

/** The proxy is the parts' own business. */
export type WebQuestion = Omit<WebRequest, 'proxy'>

export interface TransportParts {
  readonly clock: Clock
  readonly random: Random
  /**
   * Resolves with a paused socket to an IP address, by the user's upstream proxy where there is one: a transport opens
   * none by itself. Rejects with `channel-failed`, `proxy-failed`, or the signal's error.
   */
  readonly dial: (endpoint: Endpoint, signal: AbortSignal) => Promise<Socket>
  /**
   * The same to a web server by its name, or to an IP literal. A proxy is given the name, and nothing is looked up here;
   * without one the system's resolver is asked.
   */
  readonly dialName: (host: string, port: number, signal: AbortSignal) => Promise<Socket>
  /**
   * One request for the whole answer, by the user's proxy: see `WebRequester`. In a program with a browser engine it looks
   * like that browser's.
   */
  readonly web: (request: WebQuestion, signal: AbortSignal) => Promise<WebResponse>
  /** For what does not go by `dial`: a proxy in it is to be obeyed there, too, or the transport refuses. */
  readonly way: TcpWay
  readonly outside: Outside
}

export function transportParts(
  way: TcpWay,
  outside: Outside,
  { clock, random }: Pick<TransportParts, 'clock' | 'random'>,
): TransportParts {
  return {
    clock,
    random,
    dial: (endpoint, signal) => dialTcp(endpoint, way, clock, signal),
    dialName: (host, port, signal) => dialName(host, port, way, clock, signal),
    web: async (request, signal) => {
      const { webRequest } = outside
      if (webRequest !== undefined) return webRequest({ ...request, proxy: way.proxy }, signal)
      throw new TorError('channel-failed', 'this program has no HTTPS for transports')
    },
    way,
    outside,
  }
}
