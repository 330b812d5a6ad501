/** How a bridge fares, as immutable values; what is said of it comes from its own channel and descriptor alone. */
import { type ErrorKind, FAILURES_OF_RELAYS, type TorError } from '../util/errors.ts'

export interface BridgeHealth {
  /** Wall clock, milliseconds since 1970; of this run. */
  readonly lastWorkedMs: number | undefined
  /** The first failure since it last worked. */
  readonly failingSinceMs: number | undefined
  /** Why it failed last, for people; carries no address. */
  readonly reason: string | undefined
  readonly kind: ErrorKind | undefined
}

export const UNKNOWN_HEALTH: BridgeHealth = {
  lastWorkedMs: undefined,
  failingSinceMs: undefined,
  reason: undefined,
  kind: undefined,
}

/** What a bridge can be blamed for: as a relay, and by what it says of itself. */
const FAILURES_OF_BRIDGES: ReadonlySet<ErrorKind> = new Set([
  ...FAILURES_OF_RELAYS,
  'circuit-failed',
  'limit',
  'bad-directory',
  'directory-refused',
  'bad-config',
] satisfies ErrorKind[])

/** A watcher need not hear of each time that all is well. */
const WORTH_SAYING_MS = 60_000

export function noteSuccess(health: BridgeHealth, nowMs: number): BridgeHealth {
  const isNews = health.failingSinceMs !== undefined || nowMs - (health.lastWorkedMs ?? 0) >= WORTH_SAYING_MS
  if (!isNews) return health
  return { ...UNKNOWN_HEALTH, lastWorkedMs: nowMs }
}

/** The same value for what says nothing of the bridge. */
export function noteFailure(health: BridgeHealth, error: TorError, nowMs: number): BridgeHealth {
  if (!FAILURES_OF_BRIDGES.has(error.kind)) return health
  const { lastWorkedMs, failingSinceMs = nowMs } = health
  return { lastWorkedMs, failingSinceMs, reason: error.message, kind: error.kind }
}
