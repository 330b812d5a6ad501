/** What a transport is given for one connection: its tools, and the only ways out that it may take. */
import type { Socket } from 'node:net'
import type { Endpoint } from '../linkspec/relay-target.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { Outside } from './outside.ts'
import { dialTcp, type TcpWay } from './tcp-dialler.ts'

export interface TransportParts {
  readonly clock: Clock
  readonly random: Random
  /**
   * Resolves with a paused socket to an IP address, by the user's upstream proxy where there is one: a transport opens
   * none by itself. Rejects with `channel-failed`, `proxy-failed`, or the signal's error.
   */
  readonly dial: (endpoint: Endpoint, signal: AbortSignal) => Promise<Socket>
  /** For what does not go by `dial`: a proxy in it is to be obeyed there, too, or the transport refuses. */
  readonly way: TcpWay
  readonly outside: Outside
}

export function transportParts(
  way: TcpWay,
  outside: Outside,
  { clock, random }: Pick<TransportParts, 'clock' | 'random'>,
): TransportParts {
  return { clock, random, dial: (endpoint, signal) => dialTcp(endpoint, way, clock, signal), way, outside }
}
