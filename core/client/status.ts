/** The one observable status of a client, made of states; words and percents are the reader's business. */
import type { HopReason } from '../circuit-manager/circuit-registry.ts'
import { DIRECTORY_PHASES } from '../directory/bootstrap-state.ts'
import type { ErrorKind } from '../util/errors.ts'
import type { SurroundingsView } from './surroundings.ts'

/** The bootstrap phases, in order: the directory's, then the first circuit's. C tor's tags with hyphens. */
export const BOOTSTRAP_PHASES = [
  ...DIRECTORY_PHASES,
  'ap-conn',
  'ap-conn-done',
  'ap-handshake',
  'ap-handshake-done',
  'circuit-create',
  'done',
] as const

export type BootstrapPhase = (typeof BOOTSTRAP_PHASES)[number]

/** What is stuck, why, and since when. */
export interface Blockage {
  readonly stuckAt: BootstrapPhase
  readonly kind: ErrorKind
  /** Says what failed last, for people; carries no address. */
  readonly reason: string
  /** Wall clock, milliseconds since 1970. */
  readonly sinceMs: number
  /** How many tries have failed since then. */
  readonly failures: number
  /** What is behind it, when that is known: no other relay will do better then. */
  readonly cause?: 'clock-skew' | 'no-network' | 'blocked'
}

export interface BootstrapStatus {
  readonly phase: BootstrapPhase
  /** Within the phase, where it can be counted: microdescriptors, for example. */
  readonly progress: { readonly done: number; readonly total: number } | undefined
  readonly blockage: Blockage | undefined
  /** True once a real stream went through three hops, and as long as that remains the newest evidence. */
  readonly isConnected: boolean
}

export interface ChannelStatus {
  readonly relay: string
  readonly endpoint: string
  readonly state: 'connecting' | 'open'
  readonly circuits: number
}

export interface HopStatus {
  readonly nickname: string
  readonly fingerprint: string
  readonly address: string
  /** Two lower-case letters; undefined where it is not known, and while nobody has asked for the countries. */
  readonly country: string | undefined
  /** As the consensus has them: `Fast`, `Guard`, `Stable`, ... */
  readonly flags: readonly string[]
  /** How long the relay took to answer when the hop was made, there and back; undefined until then. */
  readonly rttMs: number | undefined
  readonly reason: HopReasonStatus
}

/** Why a relay has its place. */
export type HopReasonStatus =
  | Exclude<HopReason, { readonly kind: 'guard' }>
  | {
      readonly kind: 'guard'
      /** Wall clock, since when it is confirmed as our guard: a date blurred by days, as it is kept. */
      readonly sinceMs: number | undefined
    }

export interface CircuitStatus {
  readonly id: number
  /**
   * `waiting`: complete, and it carries no streams yet: a better guard may still answer (guard-spec 4.9), or the other
   * circuits of its set are not there.
   */
  readonly state: 'building' | 'waiting' | 'open'
  /** `directory` has one hop; `exit` leaves the network; `internal` ends inside it. */
  readonly purpose: 'directory' | 'exit' | 'internal'
  /** Of a leg of a conflux set: the set's, from when it begins to be built. Legs with one set carry the same streams. */
  readonly setId: number | undefined
  /** All that are planned. */
  readonly hops: readonly HopStatus[]
  /** How many of them are there. */
  readonly builtHops: number
  /** Of a leg: those of the whole set. */
  readonly streams: number
  /** Application bytes of its streams, for which the same holds. */
  readonly readBytes: number
  readonly writtenBytes: number
  /** The sites that it has served, also those whose streams are gone. Sensitive: do not log. */
  readonly sites: readonly string[]
  /** It takes no new streams. */
  readonly isRetired: boolean
  /** On the monotonic clock. */
  readonly createdMs: number
}

export interface StreamStatus {
  readonly id: number
  /** That of a circuit in `circuits`; on a set, of its first one. */
  readonly circuitId: number | undefined
  readonly state: 'waiting' | 'connecting' | 'open'
  /** host:port, as the application asked. Sensitive: do not log. */
  readonly target: string
  /** The site that the host belongs to; for `newCircuitFor`. As sensitive. */
  readonly site: string
}

/** What is known of a site that was used since the start. Sensitive: do not log. */
export interface SiteStatus {
  readonly site: string
  /** Application bytes; they outlive streams and circuits. */
  readonly readBytes: number
  readonly writtenBytes: number
  /** Wall clock, when it was last asked for. */
  readonly lastUsedMs: number
  /** The last request that a rule of the user's or the lack of an exit refused: `blocked`, `no-path`. */
  readonly refusal: { readonly kind: string; readonly atMs: number } | undefined
}

export interface BandwidthStatus {
  /** Application bytes since start. */
  readonly readBytes: number
  readonly writtenBytes: number
}

export interface BridgeStatus {
  /** As `formatBridgeLine` prints it; a secret of the user's: do not log. */
  readonly line: string
  /** The line's, or the one that the bridge has proved; undefined until then. */
  readonly fingerprint: string | undefined
  /** `in-use`: circuits go through it now. `unknown`: not tried yet in this run. */
  readonly state: 'unknown' | 'in-use' | 'works' | 'failing'
  /** Wall clock, milliseconds since 1970; of this run. */
  readonly lastWorkedMs: number | undefined
  /** The first failure since it last worked. */
  readonly failingSinceMs: number | undefined
  /** Why it failed last, for people. */
  readonly reason: string | undefined
}

export interface ClientStatus {
  readonly bootstrap: BootstrapStatus
  readonly channels: readonly ChannelStatus[]
  readonly circuits: readonly CircuitStatus[]
  readonly streams: readonly StreamStatus[]
  /** The last used first. */
  readonly sites: readonly SiteStatus[]
  /** Wall clock, when a stream last went through three hops; undefined until the first. */
  readonly verifiedMs: number | undefined
  readonly bandwidth: BandwidthStatus
  readonly surroundings: SurroundingsView
  /** In the order of the configuration; empty while no bridges are used. */
  readonly bridges: readonly BridgeStatus[]
}
