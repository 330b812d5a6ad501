/**
 * What a wait listens to so that it can be ended from outside. The platform's `AbortSignal` is one; but that is a whole
 * event target and costs many times as much as a `StopSource`, and a request of an application needs three of them.
 */
import type { TorError } from './errors.ts'

/** `AbortSignal` as far as our waits use it. A listener is called at most once, and gone then. */
export interface StopSignal {
  readonly aborted: boolean
  /** Why; undefined until then. */
  readonly reason: unknown
  addEventListener(type: 'abort', listener: () => void, options: { readonly once: true }): void
  removeEventListener(type: 'abort', listener: () => void): void
  /** What the work goes on in spite of: it explains why time ran out, if it does. */
  noteTrouble?(error: TorError): void
}

/** A signal and the means to fire it, in one. */
export class StopSource implements StopSignal {
  #reason: TorError | undefined
  readonly #outer: Pick<StopSignal, 'noteTrouble'> | undefined
  #trouble: TorError | undefined
  /** Most have one listener at most. */
  #listener: (() => void) | undefined
  #others: Set<() => void> | undefined

  /** Whoever waits for `outer` learns of trouble, too. */
  constructor(outer?: Pick<StopSignal, 'noteTrouble'>) {
    this.#outer = outer
  }

  get aborted(): boolean {
    return this.#reason !== undefined
  }

  get reason(): TorError | undefined {
    return this.#reason
  }

  /** The last that was noted. */
  get trouble(): TorError | undefined {
    return this.#trouble
  }

  noteTrouble(error: TorError): void {
    this.#trouble = error
    this.#outer?.noteTrouble?.(error)
  }

  /** Fires; a second time changes nothing. Listeners are called in the order in which they came. */
  abort(reason: TorError): void {
    if (this.#reason !== undefined) return
    this.#reason = reason
    const first = this.#listener
    this.#listener = undefined
    first?.()
    // A Set takes it well that a listener removes another.
    for (const listener of this.#others ?? []) listener()
    this.#others = undefined
  }

  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.#reason !== undefined) return
    if (this.#listener === undefined && this.#others === undefined) this.#listener = listener
    else {
      this.#others ??= new Set()
      this.#others.add(listener)
    }
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined
    else this.#others?.delete(listener)
  }
}
