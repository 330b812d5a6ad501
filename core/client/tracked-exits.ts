/**
 * TrackHostExits: hosts whose streams keep to the exit that served them last, because they would log a user out whose
 * address changes. Remembered per isolation: what one identity did must not show in another's choice of exit.
 */
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Clock } from '../util/clock.ts'

/** A page can name any number of hosts below a tracked domain; the least recent is forgotten. */
const MAX_TRACKED = 1_000

export interface TrackedExitsParts {
  readonly clock: Clock
  readonly settings: () => {
    /** Hosts, or `.domain` for the domain and all below; `.` for everything. */
    readonly trackHostExits: readonly string[]
    readonly trackHostExitsExpireMs: number
  }
}

interface TrackedExit {
  readonly exit: RsaIdentity
  readonly untilMs: number
}

export class TrackedExits {
  readonly #parts: TrackedExitsParts
  readonly #exits = new Map<string, TrackedExit>()
  #epoch = 0

  constructor(parts: TrackedExitsParts) {
    this.#parts = parts
  }

  /** Another one after each `clear`: what was begun before must not be noted any more. */
  get epoch(): number {
    return this.#epoch
  }

  /** The exit that served the host before, if that is remembered. */
  find(isolation: IsolationKey, host: string): RsaIdentity | undefined {
    if (this.#exits.size === 0) return undefined
    const key = keyOf(isolation, host)
    const tracked = this.#exits.get(key)
    if (tracked === undefined) return undefined
    if (this.#isTracked(host) && this.#parts.clock.monotonicMs() < tracked.untilMs) return tracked.exit
    this.#exits.delete(key)
    return undefined
  }

  /** A stream to the host goes through the exit now: the time begins again, as in C tor. */
  note(isolation: IsolationKey, host: string, exit: RsaIdentity): void {
    if (!this.#isTracked(host)) return
    const key = keyOf(isolation, host)
    this.#exits.delete(key)
    const untilMs = this.#parts.clock.monotonicMs() + this.#parts.settings().trackHostExitsExpireMs
    this.#exits.set(key, { exit, untilMs })
    const [leastRecent] = this.#exits.keys()
    if (this.#exits.size > MAX_TRACKED && leastRecent !== undefined) this.#exits.delete(leastRecent)
  }

  /** The exit is gone or fails: another may be tracked. */
  forget(isolation: IsolationKey, host: string): void {
    this.#exits.delete(keyOf(isolation, host))
  }

  clear(): void {
    this.#epoch++
    this.#exits.clear()
  }

  #isTracked(host: string): boolean {
    return this.#parts.settings().trackHostExits.some((pattern) => {
      const name = pattern.toLowerCase()
      return name.startsWith('.')
        ? host === name.slice(1) || `.${host}`.endsWith(name) || name === '.'
        : host === name
    })
  }
}

/** Hosts hold no space. */
function keyOf(isolation: IsolationKey, host: string): string {
  return `${host} ${isolation}`
}
