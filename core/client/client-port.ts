/** What the front doors need of the client, as the smallest interface that serves; `TorClient` implements it. */
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { StreamTarget } from './stream-target.ts'

export interface StreamOptions {
  readonly isolation?: IsolationKey
  readonly signal?: AbortSignal
  /** Bytes the application sent already: they leave right behind BEGIN (optimistic data, proposal 174). */
  readonly initialData?: Uint8Array
}

export interface ResolvedAddress {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly ttlSeconds: number
}

export interface StreamOpener {
  /** Resolves when the exit has answered CONNECTED; rejects with a `TorError`. */
  openStream(target: StreamTarget, options?: StreamOptions): Promise<ByteStream>
  /** Resolves with at least one address; rejects with a `TorError`. */
  resolve(host: string, options?: StreamOptions): Promise<readonly ResolvedAddress[]>
}
