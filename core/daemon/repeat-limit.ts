/**
 * Keeps one message from filling the log: said some times in a minute, it is counted instead, and the count is told
 * when it is said again. What a relay or an application can trigger is thereby bounded too.
 */

const WINDOW_MS = 60_000
const MAX_IN_WINDOW = 5
/** Different messages remembered; the least recent is forgotten first. */
const MAX_REMEMBERED = 256
const SECOND_MS = 1_000

interface Remembered {
  startMs: number
  said: number
  suppressed: number
}

export class RepeatLimit {
  readonly #seen = new Map<string, Remembered>()

  /** The text to write now, with a count of what was left out before it; undefined to leave it out. `nowMs` is monotonic. */
  admit(text: string, nowMs: number): string | undefined {
    const known = this.#seen.get(text)
    this.#seen.delete(text)
    const isFresh = known === undefined || nowMs - known.startMs >= WINDOW_MS
    const entry = isFresh ? { startMs: nowMs, said: 0, suppressed: 0 } : known
    this.#seen.set(text, entry)
    if (this.#seen.size > MAX_REMEMBERED) this.#forgetOldest()
    if (entry.said >= MAX_IN_WINDOW) {
      entry.suppressed++
      return undefined
    }
    entry.said++
    if (!isFresh || known === undefined || known.suppressed === 0) return text
    const seconds = Math.round((nowMs - known.startMs) / SECOND_MS)
    return `${text} [${known.suppressed} similar message(s) suppressed in last ${seconds} seconds]`
  }

  #forgetOldest(): void {
    for (const text of this.#seen.keys()) {
      this.#seen.delete(text)
      return
    }
  }
}
