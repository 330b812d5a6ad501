/** What a network is made of, as data: a test or the demo writes it down, and everything else follows from it. */

export type RelayFlagName =
  | 'Authority'
  | 'BadExit'
  | 'Exit'
  | 'Fast'
  | 'Guard'
  | 'HSDir'
  | 'MiddleOnly'
  | 'Running'
  | 'Stable'
  | 'V2Dir'
  | 'Valid'

export interface RelayDescription {
  readonly nickname: string
  /** Of 127.0.0.0/8: no relay of ours is anywhere else. */
  readonly address: string
  readonly orPort: number
  readonly flags: readonly RelayFlagName[]
  /** Where clients believe it to be, by the country table that goes with the network; two lower-case letters. */
  readonly country?: string
  /** Consensus weight, in the consensus' kilobytes. */
  readonly bandwidth: number
  /** As in a microdescriptor's `p` line, e.g. `accept 80,443`; undefined for a relay that is no exit. */
  readonly exitPorts?: string
  /** Nicknames of relays that it says belong to the same operator. */
  readonly family?: readonly string[]
  /** As in a `pr` line; what relays of this process speak unless given. */
  readonly protocols?: string
  /** It joins circuits, and says so beside its other protocols (proposal 329). */
  readonly hasConflux?: boolean
  /** Its microdescriptor lists a key of zero, with which every secret would be known (TROVE-2026-030). */
  readonly listsZeroKey?: boolean
  /** A bridge is in no consensus, and hands out its server descriptor. */
  readonly isBridge?: boolean
}

/** What all relays speak. The core asks for more than this where a relay has it: add it here when the relay side can. */
const RELAY_PROTOCOLS =
  'Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4 HSRend=1-2 Link=4-5 LinkAuth=3 Microdesc=1-2 Padding=2 Relay=1-4'

/** For `pr` and `proto` lines, which are in the order of the alphabet. */
export function protocolsOf({ protocols = RELAY_PROTOCOLS, hasConflux }: RelayDescription): string {
  return hasConflux === true ? `Conflux=1 ${protocols}` : protocols
}
