/** An abort controller that fires with an outer signal too, and can be let go of without leaving a listener behind. */
import { abortError } from '../util/abort.ts'
import { TorError } from '../util/errors.ts'

export interface LinkedAbort {
  readonly signal: AbortSignal
  /** Stops the work under this signal and takes the listener off the outer one. Idempotent. */
  stop(): void
}

export function linkAbort(outer: AbortSignal): LinkedAbort {
  const controller = new AbortController()
  const onAbort = (): void => controller.abort(abortError(outer))
  if (outer.aborted) onAbort()
  else outer.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    stop() {
      outer.removeEventListener('abort', onAbort)
      if (!controller.signal.aborted)
        controller.abort(new TorError('aborted', 'the work is no longer needed'))
    },
  }
}
