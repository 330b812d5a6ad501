/**
 * Keeps the newest log lines of the app and of the core in memory, scrubbed as they come in, and tells them in batches.
 * Nothing of it is written to the disk: a log there would outlive what it tells of.
 */
import type { Clock, Timer } from '../clock.ts'
import type { LogLine } from '../ipc/contract.ts'
import type { AppSnapshot } from '../ipc/snapshot.ts'
import type { AppLog, LogPart } from '../parts.ts'
import type { Scrub } from './scrub.ts'
import { supportText } from './support-text.ts'

/** An hour of a talkative core; about a megabyte. */
export const MAX_LINES = 5_000
/** As the contract says; also as much as one batch tells: who misses lines reads them. */
export const MAX_LINES_A_READ = 2_000
/** Four times a second: faster than a person reads. */
const TELL_INTERVAL_MS = 250
/** Old lines are dropped by so many at once, so that not every new line moves all others. */
const DROP_AT_ONCE = 500
/** Enough for somebody who helps, and short enough to be looked through before it is sent. */
const SUPPORT_LINES = 500
/** `handshake` and the like. */
const DOMAIN = /^[a-z-]{1,20}$/

export interface LogStoreParts {
  readonly clock: Clock
  readonly scrub: Scrub
  /** At most four times a second. */
  readonly tell: (lines: readonly LogLine[]) => void
}

export class LogStore implements LogPart {
  readonly #parts: LogStoreParts
  #lines: LogLine[] = []
  #lastId = 0
  #toldId = 0
  #lastToldMs = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #isClosed = false

  constructor(parts: LogStoreParts) {
    this.#parts = parts
  }

  /** For the app's own lines. */
  readonly log: AppLog = (level, text) => {
    this.add([{ atMs: this.#parts.clock.wallMs(), level, domain: 'app', text }])
  }

  add(lines: readonly Omit<LogLine, 'id'>[]): readonly LogLine[] {
    const kept = lines.map((line): LogLine => {
      this.#lastId += 1
      const { atMs, level } = line
      const domain = DOMAIN.test(line.domain) ? line.domain : 'general'
      return { id: this.#lastId, atMs, level, domain, text: this.#parts.scrub(line.text) }
    })
    this.#lines.push(...kept)
    if (this.#lines.length >= MAX_LINES + DROP_AT_ONCE) this.#lines = this.#lines.slice(-MAX_LINES)
    this.#tellSoon()
    return kept
  }

  readAfter(afterId: number): readonly LogLine[] {
    const kept = this.#lines.slice(-MAX_LINES)
    const start = kept.findIndex(({ id }) => id > afterId)
    return start < 0 ? [] : kept.slice(start, start + MAX_LINES_A_READ)
  }

  supportText(snapshot: AppSnapshot): string {
    const lines = this.#lines.slice(-SUPPORT_LINES)
    return supportText({ snapshot, lines, nowMs: this.#parts.clock.wallMs(), scrub: this.#parts.scrub })
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #tellSoon(): void {
    if (this.#timer !== undefined || this.#isClosed) return
    const { clock } = this.#parts
    const waitMs = Math.max(0, this.#lastToldMs + TELL_INTERVAL_MS - clock.monotonicMs())
    this.#timer = clock.setTimer(waitMs, () => {
      this.#timer = undefined
      this.#tell()
    })
  }

  #tell(): void {
    const fresh = this.#lines.slice(-MAX_LINES_A_READ).filter(({ id }) => id > this.#toldId)
    this.#toldId = this.#lastId
    this.#lastToldMs = this.#parts.clock.monotonicMs()
    if (fresh.length > 0) this.#parts.tell(fresh)
  }
}
