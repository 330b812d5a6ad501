/**
 * What main and the core host (the utility process with the core in it) say to one another over their message port.
 * Main asks by method and gets one reply each; the host tells its status at most four times a second, and its log.
 */
import type { CommandOutcome, LogLine, NewIdentityResult } from '../ipc/contract.ts'
import type { ProxiesView } from '../ipc/snapshot.ts'
import type { BootstrapPhaseName } from '../ipc/snapshot-connection.ts'
import type { BridgeHealth } from '../ipc/snapshot-bridges.ts'
import type { CircuitsView, ExitCountryView, SiteView } from '../ipc/snapshot-circuits.ts'
import type { UpstreamProxySetting } from '../ipc/settings.ts'
import type { HelpCall, HelpReply } from './help-protocol.ts'
import type { ListCall, ListReply } from './lists-protocol.ts'
import type { Probe, ProbeResult } from './probes/probe.ts'

/** What main says with the host's port to the browser engine (`outside/outside-messages.ts`), once, after `ready`. */
export const OUTSIDE_PORT = 'outside-port'

/** Everything the host needs to run the core; immutable, sent whole at each change. */
export interface HostConfig {
  readonly dataDirectory: string
  readonly socksPort: number
  readonly httpPort: number
  readonly upstreamProxy: UpstreamProxySetting | null
  readonly allowedPorts: readonly number[] | null
  readonly excludedCountries: readonly string[]
  /** Undefined: no bridges, relays directly. An empty list: bridges are wanted and there is none, so nothing connects. */
  readonly bridgeLines: readonly string[] | undefined
  /** Lines of a torrc that describe a network of one's own (DirAuthority and the like); never in packaged apps. */
  readonly networkLines: readonly string[]
}

export interface HostBridgeStatus {
  readonly line: string
  readonly health: BridgeHealth
  readonly failingSinceMs: number | undefined
  readonly lastWorkedMs: number | undefined
}

export interface HostStatus {
  readonly phase: BootstrapPhaseName
  readonly progress: { readonly done: number; readonly total: number } | undefined
  readonly blockage:
    | {
        readonly kind: string
        readonly detail: string
        readonly failures: number
        readonly sinceMs: number
        readonly cause: 'clock-skew' | 'no-network' | 'blocked' | undefined
      }
    | undefined
  /** A real stream went through three hops, and nothing newer says otherwise. */
  readonly isConnected: boolean
  readonly verifiedMs: number | undefined
  readonly clockAheadMs: number | undefined
  readonly network: 'unknown' | 'up' | 'down' | 'blocked'
  readonly isDormant: boolean
  readonly readBytes: number
  readonly writtenBytes: number
  readonly proxies: ProxiesView
  readonly circuits: CircuitsView
  readonly sites: readonly SiteView[]
  readonly bridges: readonly HostBridgeStatus[]
}

/** Method -> argument and result. */
export interface HostMethods {
  /** Creates the client, opens the front doors, begins to bootstrap; resolves when the doors are open. */
  start: (config: HostConfig) => void
  /** Closes everything in good order; the process may be ended after it. */
  stop: (argument: undefined) => void
  reconfigure: (config: HostConfig) => void
  'circuit.close': (id: number) => void
  'site.new-circuit': (site: string) => void
  'site.set-policy': (policy: {
    readonly site: string
    readonly isBlocked: boolean
    readonly exitCountry: string | null
    readonly pinForMs: number | null
  }) => void
  'site.forget': (site: string) => void
  'exit-countries.list': (argument: undefined) => readonly ExitCountryView[]
  'identity.new': (argument: undefined) => NewIdentityResult
  /** Asks the check service through the core. */
  'check.stream': (url: string) => {
    readonly isTor: boolean | undefined
    readonly address: string | undefined
  }
  /** Resolves a name through the core: whether the way that names take is ours. */
  'check.resolve': (host: string) => { readonly addresses: readonly string[] }
  /** Asks the bridge service; a host that was not started answers it, too, but for the way through Tor. */
  'help.ask': (call: HelpCall) => HelpReply
  /** Fetches a list that everybody has, through Tor alone. */
  'lists.fetch': (call: ListCall) => ListReply
  /** One small question of the connection doctor to the network; a host that was not started answers it, too. */
  'doctor.probe': (probe: Probe) => ProbeResult
}

export type HostMethodName = keyof HostMethods
export type HostArgument<Name extends HostMethodName> = Parameters<HostMethods[Name]>[0]
export type HostResult<Name extends HostMethodName> = ReturnType<HostMethods[Name]>

export type HostCall = {
  [Name in HostMethodName]: {
    readonly kind: 'call'
    readonly id: number
    readonly method: Name
    readonly argument: HostArgument<Name>
  }
}[HostMethodName]

export type ToHost =
  | HostCall
  /** Whether the event loop turns: `alive` answers it, and main takes silence for death. */
  | { readonly kind: 'ask-alive' }

export type FromHost =
  /** The host listens. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'reply'; readonly id: number; readonly outcome: CommandOutcome<unknown> }
  | { readonly kind: 'status'; readonly status: HostStatus }
  | { readonly kind: 'log'; readonly lines: readonly Omit<LogLine, 'id'>[] }
  | { readonly kind: 'alive' }
  /** Nobody caught it; the process ends after it. */
  | { readonly kind: 'crash'; readonly detail: string }
