/** A build timeout that learns nothing. */
import type { TimedBuildParts } from '../../core/circuit-manager/timed-build.ts'

export function fixedBuildTimeout(timeoutMs: number): TimedBuildParts['buildTimeout'] {
  return {
    limits: () => ({ timeoutMs, closeMs: timeoutMs }),
    recordBuilt: () => {},
    recordTimeout: () => {},
  }
}
