/** Opens a stream or resolves a name, on another exit when one fails before it has answered (tor-spec 6.3). */
import type { AssignedCircuit, CircuitManager } from '../circuit-manager/circuit-manager.ts'
import type { ExitUsage } from '../circuit-manager/pooled-circuit.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { throwIfAborted, withTimeout } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { type ErrorKind, TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'

/** tor-spec 6.3 and C tor: three exits get their chance. */
const MAX_TRIES = 3

/** C tor's CircuitStreamTimeout 0: ten seconds for the first two tries, fifteen after. */
const EARLY_TRY_MS = 10_000
const LATE_TRY_MS = 15_000
const EARLY_TRIES = 2

/** Errors that this exit would repeat for other streams: it gets no new ones. */
const EXIT_IS_AT_FAULT: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  'exit-overloaded',
  'exit-policy',
  'circuit-failed',
  'timeout',
])

export interface StreamTriesParts {
  readonly circuits: Pick<CircuitManager, 'assign'>
  readonly clock: Clock
  readonly log: Logger
}

/**
 * Runs `attempt` on an assigned circuit. Rejects with the last exit's error, or the signal's. An error that is not
 * marked `elsewhere` is never tried again: the destination may have acted on what was sent.
 */
export async function tryOnCircuits<T>(
  parts: StreamTriesParts,
  usage: ExitUsage,
  signal: AbortSignal,
  attempt: (assigned: AssignedCircuit, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const excludedExits = new Set<RsaIdentity>()
  let lastError: TorError | undefined
  for (let tried = 0; tried < MAX_TRIES; tried++) {
    const assigned = await assignOrGiveUp(parts.circuits, usage, excludedExits, signal, lastError)
    const limitMs = tried < EARLY_TRIES ? EARLY_TRY_MS : LATE_TRY_MS
    try {
      return await withTimeout(parts.clock, limitMs, 'waiting for the exit', signal, (inner) =>
        attempt(assigned, inner),
      )
    } catch (thrown) {
      throwIfAborted(signal)
      const error = toTorError(thrown, 'circuit-failed', 'opening a stream')
      if (EXIT_IS_AT_FAULT.has(error.kind)) assigned.retire()
      // A circuit that ended under the request says nothing of the destination, whatever it ended of.
      if (error.retry !== 'elsewhere' && assigned.circuit.isOpen) throw error
      excludedExits.add(assigned.exit)
      lastError = error
      parts.log.info('stream failed, trying another exit: ', error.message)
    }
  }
  throw lastError ?? new TorError('internal', 'no try was made')
}

/** When there is no further exit to ask, what the last one said is the better answer. */
async function assignOrGiveUp(
  circuits: StreamTriesParts['circuits'],
  usage: ExitUsage,
  excludedExits: ReadonlySet<RsaIdentity>,
  signal: AbortSignal,
  lastError: TorError | undefined,
): Promise<AssignedCircuit> {
  try {
    return await circuits.assign(usage, excludedExits, signal)
  } catch (error) {
    throwIfAborted(signal)
    throw lastError ?? error
  }
}
