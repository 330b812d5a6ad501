/** What we learned of each guard in this run by connecting to it, and when a failed one is tried again (guard-spec 4.5). */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

interface RetryStep {
  /** The step is for guards that have been failing for less than this. */
  readonly failingForMs: number
  readonly intervalMs: number
}

/** guard-spec A.1: PRIMARY_GUARDS_RETRY_SCHED. */
const PRIMARY_SCHEDULE: readonly RetryStep[] = [
  { failingForMs: 6 * HOUR_MS, intervalMs: 10 * MINUTE_MS },
  { failingForMs: 4 * DAY_MS, intervalMs: 90 * MINUTE_MS },
  { failingForMs: 7 * DAY_MS, intervalMs: 4 * HOUR_MS },
  { failingForMs: Number.POSITIVE_INFINITY, intervalMs: 9 * HOUR_MS },
]

/** guard-spec A.1: GUARDS_RETRY_SCHED. */
const OTHER_SCHEDULE: readonly RetryStep[] = [
  { failingForMs: 6 * HOUR_MS, intervalMs: HOUR_MS },
  { failingForMs: 4 * DAY_MS, intervalMs: 4 * HOUR_MS },
  { failingForMs: 7 * DAY_MS, intervalMs: 18 * HOUR_MS },
  { failingForMs: Number.POSITIVE_INFINITY, intervalMs: 36 * HOUR_MS },
]

interface Failure {
  readonly failingSinceMs: number
  readonly lastFailedMs: number
}

/** Times are monotonic milliseconds; nothing of this is kept over a restart. */
export class GuardReachability {
  readonly #failures = new Map<RsaIdentity, Failure>()

  markFailed(guard: RsaIdentity, nowMs: number): void {
    const failingSinceMs = this.#failures.get(guard)?.failingSinceMs ?? nowMs
    this.#failures.set(guard, { failingSinceMs, lastFailedMs: nowMs })
  }

  /** It answered, or it is worth a try whatever happened before. */
  clear(guard: RsaIdentity): void {
    this.#failures.delete(guard)
  }

  /** Whether it failed and its time for another try has not come. */
  isDown(guard: RsaIdentity, isPrimary: boolean, nowMs: number): boolean {
    const failure = this.#failures.get(guard)
    return failure !== undefined && nowMs < failure.lastFailedMs + retryIntervalMs(failure, isPrimary)
  }
}

function retryIntervalMs(failure: Failure, isPrimary: boolean): number {
  const failingForMs = failure.lastFailedMs - failure.failingSinceMs
  const schedule = isPrimary ? PRIMARY_SCHEDULE : OTHER_SCHEDULE
  const step = schedule.find((candidate) => failingForMs < candidate.failingForMs)
  return step?.intervalMs ?? 36 * HOUR_MS
}
