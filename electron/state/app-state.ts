/**
 * Owns the snapshot. Parts replace their sections; listeners are told whole sections that changed, with a number that
 * counts up by one, at most four times a second. The first change after a quiet time is told at once, so that a press
 * of a button is seen at once.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Clock, Timer } from '../clock.ts'
import type { Versioned } from '../ipc/contract.ts'
import type { AppSnapshot } from '../ipc/snapshot.ts'

/** Four times a second: faster than a person reads, and nothing to do for the processor. */
const TELL_INTERVAL_MS = 250

type Section = keyof AppSnapshot
export type SnapshotChange = Versioned<Partial<AppSnapshot>>

export class AppState {
  readonly #clock: Clock
  readonly #tell: (change: SnapshotChange) => void
  readonly #watchers = new Set<(snapshot: AppSnapshot) => void>()
  #snapshot: AppSnapshot
  #sequence = 0
  #dirty = new Set<Section>()
  #lastToldMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #isHeld = false

  constructor(deps: {
    readonly clock: Clock
    readonly initial: AppSnapshot
    readonly tell: (change: SnapshotChange) => void
  }) {
    this.#clock = deps.clock
    this.#tell = deps.tell
    this.#snapshot = deps.initial
  }

  get current(): AppSnapshot {
    return this.#snapshot
  }

  set<Name extends Section>(section: Name, value: AppSnapshot[Name]): void {
    const before = this.#snapshot[section]
    if (before === value || isDeepStrictEqual(before, value)) return
    this.#snapshot = { ...this.#snapshot, [section]: value }
    this.#dirty.add(section)
    for (const watcher of [...this.#watchers]) watcher(this.#snapshot)
    this.#tellSoon()
  }

  /**
   * What a renderer begins with. Changes not told yet are told first: an event with a greater number then never holds
   * anything older than what was read.
   */
  read(): Versioned<AppSnapshot> {
    this.#tellNow()
    return { sequence: this.#sequence, value: this.#snapshot }
  }

  /** For main's own use (tray, menu): calls back at each change, without a limit in rate. */
  watch(watcher: (snapshot: AppSnapshot) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** While nobody sees the page it is told nothing; what changed meanwhile is told at once when somebody does. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    if (!isHeld) return this.#tellNow()
    this.#timer?.cancel()
    this.#timer = undefined
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#watchers.clear()
  }

  #tellSoon(): void {
    if (this.#isHeld || this.#timer !== undefined) return
    const waitMs = this.#lastToldMs + TELL_INTERVAL_MS - this.#clock.monotonicMs()
    if (waitMs <= 0) return this.#tellNow()
    this.#timer = this.#clock.setTimer(waitMs, () => {
      this.#timer = undefined
      this.#tellNow()
    })
  }

  #tellNow(): void {
    if (this.#dirty.size === 0) return
    this.#timer?.cancel()
    this.#timer = undefined
    const value = Object.fromEntries([...this.#dirty].map((section) => [section, this.#snapshot[section]]))
    this.#dirty = new Set()
    this.#sequence++
    this.#lastToldMs = this.#clock.monotonicMs()
    this.#tell({ sequence: this.#sequence, value })
  }
}
