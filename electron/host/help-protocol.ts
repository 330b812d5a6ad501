/** What main has the core host ask the bridge service, and what comes back. */
import type { MoatRefusal, MoatService, MoatSettings } from '../../core/index.ts'
import type { UpstreamProxySetting } from '../ipc/settings.ts'
import type { HelpPath } from '../ipc/snapshot-ways.ts'

export interface HelpArgument {
  readonly path: HelpPath
  readonly endpoint: 'settings' | 'defaults'
  readonly country: string | undefined
  /** As the service calls them. */
  readonly transports: readonly string[]
}

/** With what the host does not know where no core runs in it. */
export interface HelpCall extends HelpArgument {
  readonly upstreamProxy: UpstreamProxySetting | null
  /** Of a network of one's own; never in packaged apps. Undefined: Tor's. */
  readonly service: MoatService | undefined
}

export type HelpReply = MoatSettings | MoatRefusal
