/** Every wait of the core can be aborted and has a limit; these are the ways to say so. */
import { setMaxListeners } from 'node:events'
import type { Clock } from './clock.ts'
import { TorError } from './errors.ts'
import { type StopSignal, StopSource } from './stop-signal.ts'

/** The controller of something long-lived: many waits hang on its signal, and Node need not warn of a leak. */
export function createLifetime(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

/** The same for a signal of a program that uses us: it may end all of its requests by one. */
export function expectManyWaits(signal: StopSignal | undefined): void {
  if (signal instanceof AbortSignal) setMaxListeners(0, signal)
}

/** The error an aborted signal stands for, always a `TorError`. */
export function abortError(signal: StopSignal): TorError {
  const reason: unknown = signal.reason
  return reason instanceof TorError
    ? reason
    : new TorError('aborted', 'aborted by the caller', { cause: reason })
}

export function throwIfAborted(signal: StopSignal | undefined): void {
  if (signal?.aborted) throw abortError(signal)
}

/** Settles as `promise` does, or rejects as soon as the signal fires. The promise's own late rejection is consumed. */
export function abortable<T>(promise: Promise<T>, signal: StopSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(abortError(signal))
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    settleAs(promise, resolve, reject, () => signal.removeEventListener('abort', onAbort))
  })
}

/**
 * Runs `work` with a signal that fires when the caller's does or when `limitMs` have passed; `doing` names the work
 * in the `timeout` error. When the work is over, nothing of it is left: neither the timer nor the listener.
 */
export function withTimeout<T>(
  clock: Clock,
  limitMs: number,
  doing: string,
  signal: StopSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  return runWithin({ clock, limitMs, doing }, signal, controller, () => work(controller.signal))
}

/** `withTimeout` for work that asks nothing of the platform, at a fraction of the price: for what each request passes. */
export function withLimit<T>(
  clock: Clock,
  limitMs: number,
  doing: string,
  signal: StopSignal | undefined,
  work: (signal: StopSignal) => Promise<T>,
): Promise<T> {
  const source = new StopSource(signal)
  return runWithin({ clock, limitMs, doing }, signal, source, () => work(source))
}

interface Limit {
  readonly clock: Clock
  readonly limitMs: number
  readonly doing: string
}

function runWithin<T>(
  { clock, limitMs, doing }: Limit,
  signal: StopSignal | undefined,
  inner: { readonly trouble?: TorError | undefined; abort(reason: TorError): void },
  work: () => Promise<T>,
): Promise<T> {
  return new Promise((resolve, reject) => {
    throwIfAborted(signal)
    const stop = (error: TorError): void => {
      release()
      reject(error)
      inner.abort(error)
    }
    const onAbort = (): void => {
      if (signal !== undefined) stop(abortError(signal))
    }
    const timer = clock.setTimer(limitMs, () => stop(outOfTime(doing, limitMs, inner.trouble)))
    const release = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      settleAs(work(), resolve, reject, release)
    } catch (error) {
      release()
      reject(error)
    }
  })
}

/** What a wait ends with that went on in spite of `trouble`, if there was any. */
export function outOfTime(doing: string, limitMs: number, trouble: TorError | undefined): TorError {
  const what = `${doing}: no answer in ${Math.round(limitMs)} ms`
  if (trouble === undefined) return new TorError('timeout', what, { retry: 'elsewhere' })
  return new TorError('timeout', `${what}; the last trouble was ${trouble.message}`, {
    cause: trouble,
    retry: 'elsewhere',
  })
}

/** One reaction instead of `then` and `finally`, which make a promise each: every request goes through here. */
function settleAs<T>(
  promise: Promise<T>,
  resolve: (value: T) => void,
  reject: (error: unknown) => void,
  release: () => void,
): void {
  promise.then(
    (value) => {
      release()
      resolve(value)
    },
    (error: unknown) => {
      release()
      reject(error)
    },
  )
}
