/** A value that has one owner and many watchers: how status flows from the core to whoever shows it. */
import { abortError, throwIfAborted } from './abort.ts'

export interface Watchable<T> {
  readonly value: T
  /** Calls back on each change, not at once; returns the way to stop. */
  watch(watcher: (value: T) => void): () => void
}

export class WatchedValue<T> implements Watchable<T> {
  #value: T
  readonly #watchers = new Set<(value: T) => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    if (Object.is(value, this.#value)) return
    this.#value = value
    for (const watcher of [...this.#watchers]) watcher(value)
  }

  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }
}

/** Resolves with the first value that satisfies `accept`, now or later; rejects when the signal fires. */
export function waitUntil<T>(
  watched: Watchable<T>,
  accept: (value: T) => boolean,
  signal?: AbortSignal,
): Promise<T> {
  throwIfAborted(signal)
  if (accept(watched.value)) return Promise.resolve(watched.value)
  return new Promise((resolve, reject) => {
    const stop = watched.watch((value) => {
      if (!accept(value)) return
      finish()
      resolve(value)
    })
    const onAbort = (): void => {
      finish()
      if (signal !== undefined) reject(abortError(signal))
    }
    const finish = (): void => {
      stop()
      signal?.removeEventListener('abort', onAbort)
    }
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
