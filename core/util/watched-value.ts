/** A value that has one owner and many watchers: how status flows from the core to whoever shows it. */
import { abortError, throwIfAborted } from './abort.ts'
import type { StopSignal } from './stop-signal.ts'

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

/** One that may be looked at instead of followed: somebody hears that it has aged, and reads it when there is time. */
export interface DerivedWatchable<T> extends Watchable<T> {
  /** Calls back once after each reading, when what was read is no longer so. It costs nothing until the next reading. */
  watchAge(watcher: () => void): () => void
}

/** A value that is worked out when somebody reads it, or when it is told to its watchers, and else not at all. */
export class DerivedValue<T extends object> implements DerivedWatchable<T> {
  readonly #derive: () => T
  readonly #watchers = new Set<(value: T) => void>()
  readonly #ageWatchers = new Set<() => void>()
  #value: T | undefined

  constructor(derive: () => T) {
    this.#derive = derive
  }

  get value(): T {
    this.#value ??= this.#derive()
    return this.#value
  }

  get isWatched(): boolean {
    return this.#watchers.size > 0
  }

  /** What it comes from has changed. */
  invalidate(): void {
    if (this.#value === undefined) return
    this.#value = undefined
    for (const watcher of [...this.#ageWatchers]) watcher()
  }

  /** Works it out now, before what it comes from goes away. */
  settle(): void {
    this.#value ??= this.#derive()
  }

  /** Tells the watchers, if there are any, the value as it is now. */
  publish(): void {
    if (!this.isWatched) return
    const { value } = this
    for (const watcher of [...this.#watchers]) watcher(value)
  }

  watch(watcher: (value: T) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  watchAge(watcher: () => void): () => void {
    this.#ageWatchers.add(watcher)
    return () => this.#ageWatchers.delete(watcher)
  }
}

/** Resolves with the first value that satisfies `accept`, now or later; rejects when the signal fires. */
export function waitUntil<T>(
  watched: Watchable<T>,
  accept: (value: T) => boolean,
  signal?: StopSignal,
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
