/** One request of a meek session and its answer: what we have to send, for what the bridge has. */
import { withTimeout } from '../../util/abort.ts'
import type { Clock } from '../../util/clock.ts'
import { isTorError, TorError } from '../../util/errors.ts'
import type { WebSession } from '../web/web-session.ts'
import type { MeekTarget } from './meek-arguments.ts'

/** The most that goes either way in one request; the servers' own limit. */
export const MEEK_MAX_BODY_BYTES = 65_536
const OK = 200

/** An answer that is none of the bridge's: of the front, of what stands between, or of a server that is out of order. */
export class MeekStatusError extends TorError {
  readonly status: number

  constructor(status: number) {
    super('channel-failed', `${wordsFor(status)} (status ${status})`, { retry: 'elsewhere' })
    this.status = status
  }
}

export interface MeekExchangeParts {
  readonly target: MeekTarget
  /** 32 hex digits, by which the server knows the session. */
  readonly sessionId: string
  readonly web: WebSession
  readonly clock: Clock
}

/**
 * Resolves with what the bridge sends. Rejects with `MeekStatusError`, `channel-failed`, `wrong-identity`, `proxy-failed`,
 * or the signal's error.
 */
export async function exchangeMeek(
  { target, sessionId, web, clock }: MeekExchangeParts,
  body: Buffer,
  limitMs: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const question = {
    url: target.url,
    front: target.front,
    method: 'POST',
    headers: [['X-Session-Id', sessionId]],
    body: body.length === 0 ? undefined : body,
    maxResponseBytes: MEEK_MAX_BODY_BYTES,
  } as const
  try {
    const answer = await withTimeout(clock, limitMs, 'meek', signal, (signal) =>
      web.request(question, signal),
    )
    if (answer.status !== OK) throw new MeekStatusError(answer.status)
    return answer.body
  } catch (error) {
    if (signal.aborted || !isTorError(error, 'timeout')) throw error
    throw new TorError('channel-failed', 'the meek server does not answer', {
      cause: error,
      retry: 'elsewhere',
    })
  }
}

function wordsFor(status: number): string {
  if (status === 404)
    return 'the web server knows no such address: the url of the line may be wrong, or the bridge gone'
  if (status === 403 || status === 421)
    return 'the web server does not pass on what is asked for under its name'
  if (status >= 500) return 'the web server cannot reach the meek server behind it'
  if (status >= 300 && status < 400) return 'the web server sends us elsewhere'
  return 'the web server does not answer as a meek server does'
}
