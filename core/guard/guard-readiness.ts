/** Whether a circuit may be used when it is built, or waits for one through a better guard (guard-spec 4.9). */
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import {
  attemptEndMs,
  type GuardSituation,
  isUsable,
  leadingPrimaries,
  OTHER,
  PRIMARY,
} from './guard-choice.ts'
import type { FilteredGuard } from './guard-order.ts'
import type { GuardNetDir } from './guard-sample.ts'
import type { GuardReadiness, GuardRestrictions } from './guard-selector.ts'

export interface GuardJudgement {
  readonly readiness: GuardReadiness
  /** When time alone will change it. */
  readonly untilMs: number | undefined
}

const USABLE: GuardJudgement = { readiness: 'usable', untilMs: undefined }
const UNUSABLE: GuardJudgement = { readiness: 'unusable', untilMs: undefined }

/**
 * guard-spec 4.9, with guards in the place of circuits as Arti has it: a circuit waits for better guards that its
 * restrictions allow and that may still answer. A primary guard waits for nobody.
 */
export function judgeGuard(
  situation: GuardSituation,
  relay: RsaIdentity,
  asked: GuardRestrictions,
  pickedFrom: GuardNetDir,
): GuardJudgement {
  const { netDir, order, limits, reachability, nowMs } = situation
  const restrictions = inRowsOf(netDir, asked, pickedFrom)
  if (order.primary.some(({ guard }) => guard.rsa === relay)) return USABLE
  const place = order.others.findIndex(({ guard }) => guard.rsa === relay)
  if (place < 0) return UNUSABLE
  const primary = order.primary.filter((entry) => isUsable(situation, restrictions, entry, PRIMARY))
  const others = order.others
    .slice(0, place)
    .filter((entry) => isUsable(situation, restrictions, entry, OTHER))
  const isOpen = ({ guard }: FilteredGuard): boolean => reachability.answeredAtMs(guard.rsa) !== undefined
  if (primary.some(isOpen) || others.some(isOpen)) return UNUSABLE
  const attemptEndsMs = others.flatMap(({ guard }) => attemptEndMs(situation, guard.rsa) ?? [])
  if (primary.length === 0 && attemptEndsMs.length === 0) return USABLE
  const idleUntilMs = (reachability.answeredAtMs(relay) ?? nowMs) + limits.idleTimeoutMs
  if (nowMs >= idleUntilMs) return UNUSABLE
  return { readiness: 'waiting', untilMs: Math.min(idleUntilMs, ...attemptEndsMs) }
}

/**
 * The same restrictions for the rows of a later view. Who was not listed in the earlier one was not excluded either: a
 * circuit rather waits for one guard too many.
 */
function inRowsOf(
  netDir: GuardNetDir,
  restrictions: GuardRestrictions,
  pickedFrom: GuardNetDir,
): GuardRestrictions {
  if (netDir === pickedFrom) return restrictions
  return {
    ...restrictions,
    excludes: (index) => {
      const { rsa } = netDir.ids(index)
      const row = pickedFrom.bridges === undefined ? pickedFrom.indexOf(rsa) : pickedFrom.bridgeRowOf(rsa)
      return row !== undefined && restrictions.excludes(row)
    },
  }
}

/** Whether we would use it with no restriction at all: what a restriction led us to is not what we prefer. */
export function isFirstChoice(situation: GuardSituation, relay: RsaIdentity): boolean {
  const isRelay = ({ guard }: FilteredGuard): boolean => guard.rsa === relay
  if (situation.order.primary.some(isRelay)) return leadingPrimaries(situation, 'circuit').some(isRelay)
  return judgeGuard(situation, relay, UNRESTRICTED, situation.netDir).readiness === 'usable'
}

const UNRESTRICTED: GuardRestrictions = { purpose: 'directory', excludes: () => false }
