/** A choice of guards without memory: drawn anew for each path by weight, so that every guard comes up. */
import { type GuardNetDir, isListedGuard } from '../../core/guard/guard-sample.ts'
import type { GuardSelector } from '../../core/guard/guard-selector.ts'
import { TorError } from '../../core/util/errors.ts'
import type { Random } from '../../core/util/random.ts'
import { chooseWeighted } from '../../core/util/weighted-choice.ts'

export function drawingGuards(random: Random): GuardSelector {
  let view: GuardNetDir | undefined
  let weights = new Float64Array()
  return {
    pickGuard(netDir, restrictions) {
      if (view !== netDir) {
        view = netDir
        weights = Float64Array.from({ length: netDir.relayCount }, (_, row) =>
          isListedGuard(netDir, row) ? netDir.weight(row, 'guard') : 0,
        )
      }
      const isFit = (row: number): boolean =>
        !restrictions.excludes(row) &&
        (restrictions.purpose === 'directory' || netDir.isUsableAs(row, 'guard'))
      const first = chooseWeighted(random, weights)
      if (first >= 0 && isFit(first)) return first
      const row = chooseWeighted(
        random,
        weights.map((weight, at) => (weight > 0 && isFit(at) ? weight : 0)),
      )
      if (row < 0) throw new TorError('no-path', 'no guard is left')
      return row
    },
  }
}
