/** What a stream's END means for the application, and whether another exit may do better (tor-spec 6.3). */
import { describeEndReason, EndReason } from '../cell/reasons.ts'
import { type ErrorKind, type RetryAdvice, TorError } from '../util/errors.ts'

interface Meaning {
  readonly kind: ErrorKind
  readonly retry: RetryAdvice
}

/** Before CONNECTED. A reason that we do not know counts as MISC. */
const WHILE_CONNECTING: ReadonlyMap<number, Meaning> = new Map([
  [EndReason.MISC, { kind: 'connect-failed', retry: 'elsewhere' }],
  [EndReason.RESOLVEFAILED, { kind: 'resolve-failed', retry: 'elsewhere' }],
  [EndReason.CONNECTREFUSED, { kind: 'connection-refused', retry: 'never' }],
  [EndReason.EXITPOLICY, { kind: 'exit-policy', retry: 'elsewhere' }],
  [EndReason.DESTROY, { kind: 'circuit-failed', retry: 'elsewhere' }],
  [EndReason.DONE, { kind: 'connection-reset', retry: 'never' }],
  [EndReason.TIMEOUT, { kind: 'connect-timeout', retry: 'elsewhere' }],
  [EndReason.NOROUTE, { kind: 'host-unreachable', retry: 'elsewhere' }],
  [EndReason.HIBERNATING, { kind: 'exit-overloaded', retry: 'elsewhere' }],
  [EndReason.INTERNAL, { kind: 'circuit-failed', retry: 'elsewhere' }],
  [EndReason.RESOURCELIMIT, { kind: 'exit-overloaded', retry: 'elsewhere' }],
  [EndReason.CONNRESET, { kind: 'connection-reset', retry: 'never' }],
  [EndReason.TORPROTOCOL, { kind: 'circuit-failed', retry: 'elsewhere' }],
  [EndReason.NOTDIRECTORY, { kind: 'directory-refused', retry: 'elsewhere' }],
])

/**
 * The error for an END with this reason. After CONNECTED nothing is ever tried again: the application's bytes may
 * have been acted upon.
 */
export function endError(reason: number, state: 'connecting' | 'open'): TorError {
  const text = `the stream was ended: ${describeEndReason(reason)}`
  if (state === 'open') {
    const kind = reason === EndReason.CONNRESET ? 'connection-reset' : 'closed'
    return new TorError(kind, text)
  }
  const { kind, retry } = WHILE_CONNECTING.get(reason) ?? { kind: 'connect-failed', retry: 'elsewhere' }
  return new TorError(kind, text, { retry })
}
