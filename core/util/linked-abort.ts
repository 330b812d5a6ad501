/** An abort controller that fires with an outer signal too, and can be let go of without leaving a listener behind. */
import { abortError } from './abort.ts'
import { TorError } from './errors.ts'

export interface LinkedAbort {
  readonly signal: AbortSignal
  /** Stops the work under this signal, with this reason, and takes the listener off the outer one. Idempotent. */
  stop(reason?: TorError): void
}

export function linkAbort(outer: AbortSignal | undefined): LinkedAbort {
  const controller = new AbortController()
  const onAbort = (): void => {
    if (outer !== undefined) controller.abort(abortError(outer))
  }
  if (outer?.aborted === true) onAbort()
  else outer?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    stop(reason = new TorError('aborted', 'the work is no longer needed')) {
      outer?.removeEventListener('abort', onAbort)
      if (!controller.signal.aborted) controller.abort(reason)
    },
  }
}
