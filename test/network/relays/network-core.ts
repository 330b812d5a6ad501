/** What the relays of one network share: time, one another, what lies behind exits, and where complaints go. */
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { Clock } from '../../../core/util/clock.ts'
import type { DirectoryServer } from '../directory/directory-server.ts'
import type { FaultBook } from '../faults/fault.ts'
import type { HostTable } from './host-table.ts'
import type { Relay } from './relay.ts'
import type { RelayLink } from './relay-link.ts'

/** Of the network: it tells the time in documents, how long slow relays wait, and how far away clients are. */
export type NetworkClock = Pick<Clock, 'wallMs' | 'monotonicMs' | 'setTimer'>

export interface NetworkCore {
  readonly clock: NetworkClock
  readonly hosts: HostTable
  readonly directory: DirectoryServer
  readonly faults: FaultBook
  randomBytes(length: number): Buffer
  relayOf(rsa: RsaIdentity): Relay | undefined
  /** Something came or went. */
  onActivity(): void
  onLinkClosed(link: RelayLink): void
  /** What a peer did against the specification. */
  complain(relay: Relay, what: string): void
}
