/** What the front doors need of the client, as the smallest interface that serves; `TorClient` implements it. */
import type { IsolationKey, StreamIsolation } from '../circuit-manager/isolation.ts'
import type { ByteStream } from '../util/byte-stream.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import type { InitialData } from './initial-data.ts'
import type { StreamHost, StreamTarget } from './stream-target.ts'

/** Which address families a front door lets an exit use for a name (C tor's listener flags). */
export interface FamilyPreference {
  readonly allowsIpv4: boolean
  readonly allowsIpv6: boolean
  readonly prefersIpv6: boolean
}

export interface StreamOptions {
  readonly isolation?: StreamIsolation
  readonly signal?: StopSignal
  /**
   * Bytes that the application sent already: they leave right behind BEGIN (optimistic data, proposal 174). As
   * `InitialData` it may grow while the request waits.
   */
  readonly initialData?: Uint8Array | InitialData
  readonly families?: FamilyPreference
  /**
   * Who shares the addresses that AutomapHostsOnResolve makes up: a name looked up by one request is connected to by
   * another, whose isolation may differ by site, port or protocol. Left out, it is the isolation's key.
   */
  readonly mapScope?: IsolationKey
}

export interface ResolvedAddress {
  readonly address: string
  readonly family: 'ipv4' | 'ipv6'
  readonly ttlSeconds: number
}

export interface ResolvedName {
  readonly name: string
  readonly ttlSeconds: number
}

export interface StreamOpener {
  /** Resolves when the exit has answered CONNECTED; rejects with a `TorError`. */
  openStream(target: StreamTarget, options?: StreamOptions): Promise<ByteStream>
  /** Resolves with at least one address; rejects with a `TorError`. */
  resolve(host: string, options?: StreamOptions): Promise<readonly ResolvedAddress[]>
  /** The names of an IP address (PTR). Resolves with at least one; rejects with a `TorError`. */
  resolveAddress(address: string, options?: StreamOptions): Promise<readonly ResolvedName[]>
  /** The name that an address was made up for, within its `mapScope`: whoever asks for the address means that name. */
  nameBehind(host: string, mapScope: IsolationKey): string | undefined
  /**
   * Where a request for this host goes in the end, MapAddress applied as well: what a rule about hosts must look at.
   * Throws `bad-target` for what a request would be refused for.
   */
  destinationOf(host: StreamHost, mapScope: IsolationKey): StreamHost
}
