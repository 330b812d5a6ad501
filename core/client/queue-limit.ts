/** How much memory all queues may take together: what the user says, or a share of what the machine has, as in C tor. */
import { totalmem } from 'node:os'
import type { Clock } from '../util/clock.ts'
import type { Logger } from '../util/log.ts'
import { QueueMemory } from '../util/queue-memory.ts'
import type { Watchable } from '../util/watched-value.ts'
import type { ClientConfig } from './config.ts'

const MEBIBYTE = 1_048_576
const GIBIBYTE = 1_024 * MEBIBYTE

/** From here on a machine has so much that a smaller share is plenty. */
const MUCH_MEMORY_BYTES = 8 * GIBIBYTE
const SHARE_OF_MUCH = 0.4
const SHARE_OF_LITTLE = 0.75

const LEAST_BYTES = 256 * MEBIBYTE
const MOST_BYTES = 8 * GIBIBYTE
/** Where a process can address 4 GB at most. */
const MOST_IN_32_BITS_BYTES = 2 * GIBIBYTE
const ARCHITECTURES_OF_32_BITS: readonly string[] = ['arm', 'ia32', 'mips', 'mipsel', 'ppc', 's390']

/** C tor's default of MaxMemInQueues for a machine with so much memory. */
export function automaticLimitBytes(memoryBytes: number, architecture: string = process.arch): number {
  const isSmall = ARCHITECTURES_OF_32_BITS.includes(architecture)
  const isMuch = memoryBytes >= MUCH_MEMORY_BYTES && !isSmall
  const share = Math.floor(memoryBytes * (isMuch ? SHARE_OF_MUCH : SHARE_OF_LITTLE))
  return Math.min(isSmall ? MOST_IN_32_BITS_BYTES : MOST_BYTES, Math.max(LEAST_BYTES, share))
}

/** The machine's memory, or what a container leaves us of it. */
export function memoryOfMachine(): number {
  const constrained = process.constrainedMemory()
  return constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()
}

/** Follows the configuration: a lower limit frees what is above it at once. */
export function createQueueMemory(
  config: Watchable<ClientConfig>,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): QueueMemory {
  const limitBytes = ({ maxMemInQueuesBytes }: ClientConfig): number =>
    maxMemInQueuesBytes ?? automaticLimitBytes(memoryOfMachine())
  const queues = new QueueMemory({ clock, log: log.in('general'), limitBytes: limitBytes(config.value) })
  config.watch((next) => queues.useLimit(limitBytes(next)))
  return queues
}
