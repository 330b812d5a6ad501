/**
 * How much a channel hands to its socket in one go. What the socket has taken can no longer be overtaken, so on a slow
 * link it is given little; on a fast one, much, which costs less. The link itself tells by how long it takes.
 */

/** One TLS record. */
const MIN_CELLS = 31
const MAX_CELLS = 248

/** A ping or SENDME that comes behind a full socket waits for about so long. */
const SLOW_MS = 20
/** A link that takes everything in so short a time can take more. */
const FAST_MS = 5

export class FlushBudget {
  #cells = MAX_CELLS
  #fullSinceMs = 0

  get cells(): number {
    return this.#cells
  }

  /** The socket took what it was given, and no more for now. */
  noteFull(nowMs: number): void {
    this.#fullSinceMs = nowMs
  }

  noteDrained(nowMs: number): void {
    const tookMs = nowMs - this.#fullSinceMs
    if (tookMs > SLOW_MS) this.#cells = Math.max(MIN_CELLS, Math.floor(this.#cells / 2))
    else if (tookMs < FAST_MS) this.#cells = Math.min(MAX_CELLS, this.#cells * 2)
  }
}
