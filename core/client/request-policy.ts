/** What the user decided for the sites and ports of a request, made into demands on its circuit. */
import type { StreamIsolation } from '../circuit-manager/isolation.ts'
import type { ExitUsage } from '../circuit-manager/pool-entry.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { isTorError, TorError } from '../util/errors.ts'
import type { ClientConfig } from './config.ts'
import { siteOf } from './site.ts'
import type { SitePolicies } from './site-policies.ts'
import type { TrackedExits } from './tracked-exits.ts'

export interface RequestPolicyParts {
  readonly sites: Pick<SitePolicies, 'policyFor'>
  readonly tracked: TrackedExits
  readonly config: () => Pick<ClientConfig, 'longLivedPorts'>
}

type OnServed = (exit: RsaIdentity) => void
type Serve<T> = (usage: ExitUsage, onServed: OnServed) => Promise<T>

export class RequestPolicy {
  readonly #parts: RequestPolicyParts

  constructor(parts: RequestPolicyParts) {
    this.#parts = parts
  }

  /** Throws `blocked` for a host of a blocked site. */
  check(host: string): void {
    if (this.#parts.sites.policyFor(siteOf(host)).isBlocked) {
      throw new TorError('blocked', 'the site is blocked by your own choice')
    }
  }

  /** The usage with all that holds for the host. The exit's country and a pinned exit are demands, not wishes. */
  demand(usage: ExitUsage, host: string, isolation: StreamIsolation): ExitUsage {
    const site = siteOf(host)
    const { exitCountry, pin } = this.#parts.sites.policyFor(site)
    const { longLivedPorts } = this.#parts.config()
    return {
      ...usage,
      site,
      keepsAlive: isolation.keepsAlive,
      needsStable: usage.port !== undefined && longLivedPorts.includes(usage.port),
      exitCountry,
      exit: pin?.exit,
    }
  }

  /**
   * Runs the request at the exit that is tracked for the host, if there is one, and anywhere else when that does not
   * serve it; `serve` gives back the exit that did. An exit that the user has pinned comes before a tracked one.
   */
  serve<T>(usage: ExitUsage, host: string, serve: Serve<T>): Promise<T> {
    const { isolation } = usage
    const { tracked } = this.#parts
    const { epoch } = tracked
    // A request of the old identity that is served after a new one began would lend it its exit.
    const onServed = (exit: RsaIdentity): void => {
      if (tracked.epoch === epoch) tracked.note(isolation, host, exit)
    }
    const exit = usage.exit === undefined ? tracked.find(isolation, host) : undefined
    if (exit === undefined) return serve(usage, onServed)
    return this.#serveAt(exit, usage, host, serve, onServed)
  }

  async #serveAt<T>(
    exit: RsaIdentity,
    usage: ExitUsage,
    host: string,
    serve: Serve<T>,
    onServed: OnServed,
  ): Promise<T> {
    try {
      return await serve({ ...usage, exit }, onServed)
    } catch (error) {
      if (!isTorError(error) || (error.kind !== 'no-path' && error.retry !== 'elsewhere')) throw error
      this.#parts.tracked.forget(usage.isolation, host)
      return serve(usage, onServed)
    }
  }
}
