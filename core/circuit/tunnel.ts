/**
 * What streams ride on: one circuit, or a conflux set of circuits to one exit (proposal 329). Streams and those who
 * choose for them know a tunnel only; which of its circuits a cell takes is not their business.
 */
import type { TorError } from '../util/errors.ts'
import type { QueueAccount } from '../util/queue-account.ts'
import type { CongestionDeps } from './circuit-deps.ts'
import type { CircuitStream, StreamCarrier } from './circuit-stream.ts'
import type { Hop } from './hop.ts'

export interface Tunnel extends StreamCarrier {
  /** From `Circuit.takeId`: unique among all tunnels and circuits of this process; says nothing on the wire. */
  readonly id: number
  readonly isOpen: boolean
  /** Why it is closed; undefined while it is open. */
  readonly closeError: TorError | undefined
  /** Resolves when it is gone, with the reason. */
  readonly closed: Promise<TorError>
  /** What the streams' flow control works with, when congestion control is agreed on with the last hop. */
  readonly congestion: CongestionDeps | undefined
  readonly streamCount: number
  /** What waits in its queues and in its streams', also in those that ended and were not read to their end. */
  readonly queues: QueueAccount
  /** The way to the exit; of a set, its first leg's. All legs end at the same exit. */
  readonly hops: readonly Hop[]
  /** Puts a stream on it and returns its id. Throws the close error, or `limit` when it is full. */
  addStream(stream: CircuitStream): number
  /** Closes it and everything on it. Idempotent. */
  close(error?: TorError): void
}
