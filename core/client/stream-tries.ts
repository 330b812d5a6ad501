/** Opens a stream or resolves a name, on another exit when one fails before it has answered (tor-spec 6.3). */
import type { AssignedCircuit, CircuitManager } from '../circuit-manager/circuit-manager.ts'
import type { ExitUsage } from '../circuit-manager/pool-entry.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import { throwIfAborted, withLimit } from '../util/abort.ts'
import type { Clock } from '../util/clock.ts'
import { isTorError, TorError, toTorError } from '../util/errors.ts'
import type { Logger } from '../util/log.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import type { ExitNotes } from './exit-notes.ts'
import { type AnswerLimits, judgeFailedTry, type TryVerdict } from './try-verdict.ts'

/** tor-spec 6.3 and C tor: three exits get their chance at one address. */
const MAX_TRIES_FOR_ADDRESS = 3

/**
 * Circuits that went under a request before its exit said anything: a relay that dies may be in several of those that
 * are ready, and in a set there are five. Whoever ends circuits on purpose must not have us build for ever.
 */
const MAX_CIRCUITS_LOST = 6

/** With an exit's silence, refusals by policy and overload: what two minutes of time-outs make, and a few more. */
const MAX_TRIES = 16

/** C tor's CircuitStreamTimeout 0: ten seconds for the first two tries, fifteen after. */
const EARLY_TRY_MS = 10_000
const LATE_TRY_MS = 15_000
const EARLY_TRIES = 2

export interface StreamTriesParts {
  readonly circuits: Pick<CircuitManager, 'assign'>
  readonly notes: ExitNotes
  readonly clock: Clock
  readonly log: Logger
  /** How long each exit may take; undefined is what C tor takes. */
  readonly circuitStreamTimeoutMs: number | undefined
}

/** What is asked of the exits. */
export interface TryRequest {
  readonly usage: ExitUsage
  /** `host:port`, or the name to resolve: what an exit refuses when it refuses by policy. Sensitive. */
  readonly target: string
  readonly limits: AnswerLimits
  /** Told which exit served it. */
  readonly onServed?: (exit: RsaIdentity) => void
}

type Attempt<T> = (assigned: AssignedCircuit, signal: StopSignal) => Promise<T>

/**
 * Runs `attempt` on an assigned circuit. Rejects with the last exit's error, or the signal's. An error that is not
 * marked `elsewhere` is never tried again: the destination may have acted on what was sent.
 */
export async function tryOnCircuits<T>(
  parts: StreamTriesParts,
  request: TryRequest,
  signal: StopSignal,
  attempt: Attempt<T>,
): Promise<T> {
  const failedExits = new Set<RsaIdentity>()
  const lostExits = new Set<RsaIdentity>()
  let failuresOfAddress = 0
  let circuitsLost = 0
  let lastError: TorError | undefined
  for (let tried = 0; tried < MAX_TRIES; tried++) {
    const assigned = await assignOrGiveUp(parts, request, failedExits, signal, lastError)
    try {
      const limitMs = tryLimitMs(parts, tried)
      const result = await withLimit(parts.clock, limitMs, 'waiting for the exit', signal, (inner) =>
        attempt(assigned, inner),
      )
      request.onServed?.(assigned.exit)
      return result
    } catch (thrown) {
      throwIfAborted(signal)
      const error = toTorError(thrown, 'circuit-failed', 'opening a stream')
      const verdict = judgeFailedTry(error, assigned.circuit.isOpen, request.limits)
      applyVerdict(parts, request, assigned, verdict)
      const isLost = verdict.circuit === 'lost'
      if (isLost) circuitsLost++
      if (verdict.next === 'elsewhere') failuresOfAddress++
      if (verdict.next === 'give-up' || failuresOfAddress >= MAX_TRIES_FOR_ADDRESS) throw verdict.error
      if (circuitsLost >= MAX_CIRCUITS_LOST) throw verdict.error
      // For a circuit that went under it an exit is passed over the second time only: it may not have been its doing.
      if (!isLost || lostExits.has(assigned.exit)) failedExits.add(assigned.exit)
      if (isLost) lostExits.add(assigned.exit)
      lastError = verdict.error
      signal.noteTrouble?.(lastError)
      parts.log.info('stream failed, trying another exit: ', error.message)
    }
  }
  throw lastError ?? new TorError('internal', 'no try was made')
}

function tryLimitMs({ circuitStreamTimeoutMs }: StreamTriesParts, tried: number): number {
  return circuitStreamTimeoutMs ?? (tried < EARLY_TRIES ? EARLY_TRY_MS : LATE_TRY_MS)
}

function applyVerdict(
  { notes }: StreamTriesParts,
  { usage, target }: TryRequest,
  assigned: AssignedCircuit,
  verdict: TryVerdict,
): void {
  const { exit } = assigned
  if (verdict.circuit !== 'keep') assigned.retire()
  if (verdict.exit === 'refuses-all') notes.noteRefusesAll(exit)
  if (verdict.exit === 'refuses-target') notes.noteRefusesTarget(exit, usage.isolation, target)
}

/**
 * Exits that have refused the like of it before are passed over while there are others: an old refusal must not turn
 * into "no exit". When there is no further exit to ask, what the last one said is the better answer.
 */
async function assignOrGiveUp(
  { circuits, notes }: StreamTriesParts,
  { usage, target }: TryRequest,
  failedExits: ReadonlySet<RsaIdentity>,
  signal: StopSignal,
  lastError: TorError | undefined,
): Promise<AssignedCircuit> {
  const avoided = notes.exitsToAvoid(usage.isolation, target)
  try {
    if (avoided.size > 0 && [...avoided].some((exit) => !failedExits.has(exit))) {
      try {
        return await circuits.assign(usage, new Set([...failedExits, ...avoided]), signal)
      } catch (error) {
        if (!isTorError(error, 'no-path')) throw error
      }
    }
    return await circuits.assign(usage, failedExits, signal)
  } catch (error) {
    throwIfAborted(signal)
    throw lastError ?? error
  }
}
