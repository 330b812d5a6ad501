/** What a stream's END means for the application and for the circuit that it came on (tor-spec 6.3). */
import { describeEndReason, EndReason } from '../cell/reasons.ts'
import type { EndMessage } from '../cell/relay-message.ts'
import { type ErrorKind, type RetryAdvice, TorError } from '../util/errors.ts'

/** What was asked for: only what goes to a destination or asks for a name may be asked of another relay. */
export type EndedRequest = 'begin' | 'begin-dir' | 'resolve'

interface Meaning {
  readonly kind: ErrorKind
  readonly retry: RetryAdvice
}

/** Before CONNECTED. A reason that we do not know counts as MISC, and so does 0: it never reads as success. */
const MISC: Meaning = { kind: 'connect-failed', retry: 'elsewhere' }

const WHILE_CONNECTING: ReadonlyMap<number, Meaning> = new Map([
  [EndReason.RESOLVEFAILED, { kind: 'resolve-failed', retry: 'elsewhere' }],
  [EndReason.CONNECTREFUSED, { kind: 'connection-refused', retry: 'never' }],
  [EndReason.EXITPOLICY, { kind: 'exit-policy', retry: 'elsewhere' }],
  [EndReason.DESTROY, { kind: 'circuit-failed', retry: 'elsewhere' }],
  [EndReason.DONE, { kind: 'connection-reset', retry: 'never' }],
  [EndReason.TIMEOUT, { kind: 'connect-timeout', retry: 'elsewhere' }],
  [EndReason.NOROUTE, { kind: 'host-unreachable', retry: 'elsewhere' }],
  [EndReason.HIBERNATING, { kind: 'exit-overloaded', retry: 'elsewhere' }],
  [EndReason.RESOURCELIMIT, { kind: 'exit-overloaded', retry: 'elsewhere' }],
  [EndReason.CONNRESET, { kind: 'connection-reset', retry: 'never' }],
  [EndReason.TORPROTOCOL, { kind: 'circuit-failed', retry: 'elsewhere' }],
  [EndReason.NOTDIRECTORY, { kind: 'directory-refused', retry: 'elsewhere' }],
])

/** The other end ended the stream before it had answered. */
export class StreamEndError extends TorError {
  /** The number in END. */
  readonly reason: number
  /** The address that the exit's policy forbids, with EXITPOLICY only. Sensitive. */
  readonly refusedAddress: string | undefined

  constructor(meaning: Meaning, { reason, address }: Pick<EndMessage, 'reason' | 'address'>) {
    super(meaning.kind, endText(reason), { retry: meaning.retry })
    this.reason = reason
    this.refusedAddress = address
  }
}

/**
 * The error for an END before CONNECTED or RESOLVED. A directory stream is never asked for again anywhere: its request
 * was meant for this one relay (TROVE-2026-052).
 */
export function endErrorBeforeAnswer(
  end: Pick<EndMessage, 'reason' | 'address'>,
  request: EndedRequest,
): StreamEndError {
  const meaning = WHILE_CONNECTING.get(end.reason) ?? MISC
  return new StreamEndError(request === 'begin-dir' ? { ...meaning, retry: 'never' } : meaning, end)
}

/**
 * The error for an END after CONNECTED, or undefined when the other end was done. Nothing is ever tried again: the
 * application's bytes may have been acted upon.
 */
export function endErrorWhenOpen(reason: number): TorError | undefined {
  if (reason === EndReason.DONE) return undefined
  return new TorError(reason === EndReason.CONNRESET ? 'connection-reset' : 'closed', endText(reason))
}

/**
 * Whether END before the answer says that the whole circuit is no good: the exit is closing it, or saw us break the
 * protocol. C tor closes the circuit for both.
 */
export function endsTheCircuit(reason: number): boolean {
  return reason === EndReason.DESTROY || reason === EndReason.TORPROTOCOL
}

function endText(reason: number): string {
  return `the stream was ended: ${describeEndReason(reason)}`
}
