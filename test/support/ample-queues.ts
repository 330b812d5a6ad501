/** For tests in which memory is not short. */
import { systemClock } from '../../core/util/clock.ts'
import { silentLogger } from '../../core/util/log.ts'
import { type QueueAccount } from '../../core/util/queue-account.ts'
import { QueueMemory } from '../../core/util/queue-memory.ts'

export function ampleQueues(): QueueMemory {
  return new QueueMemory({ clock: systemClock, log: silentLogger, limitBytes: Number.POSITIVE_INFINITY })
}

/** Of nobody who could be ended. */
export function ampleAccount(): QueueAccount {
  return ampleQueues().open({ close() {} })
}
