/**
 * The limit over all queues (MaxMemInQueues): each has a bound of its own, but nothing bounds how many of them a hostile
 * exit can fill. Above the limit, circuits are ended until a tenth of it is free, as in C tor. That happens at the end of the
 * turn of the event loop and never from within an append, which would pull a queue away from under who fills it
 * (TROVE-2026-043).
 */
import type { Clock } from './clock.ts'
import { TorError } from './errors.ts'
import type { Logger } from './log.ts'
import { QueueAccount, type QueueLedger, type QueueOwner } from './queue-account.ts'

/** C tor's: what is kept of the limit, so that the next bytes do not begin it all again. */
const KEPT_SHARE = 0.9

/** The log tells of it once in so long, however often it happens: an exit must not fill the log either. */
const NOTICE_EVERY_MS = 60_000

const MEBIBYTE = 1_048_576

export interface QueueMemoryParts {
  readonly clock: Pick<Clock, 'monotonicMs' | 'atTurnEnd'>
  readonly log: Logger
  readonly limitBytes: number
}

/** What was ended since the log told of it. */
interface Ended {
  readonly owners: number
  readonly bytes: number
}

const NOTHING: Ended = { owners: 0, bytes: 0 }

export class QueueMemory implements QueueLedger {
  readonly #parts: QueueMemoryParts
  readonly #holding = new Set<QueueAccount>()
  #limitBytes: number
  #totalBytes = 0
  #isReliefDue = false
  #hasGrownAgain = false
  #untold = NOTHING
  #toldMs = Number.NEGATIVE_INFINITY

  constructor(parts: QueueMemoryParts) {
    this.#parts = parts
    this.#limitBytes = parts.limitBytes
  }

  /** All that waits, in all queues. */
  get totalBytes(): number {
    return this.#totalBytes
  }

  get limitBytes(): number {
    return this.#limitBytes
  }

  /** What is above a new limit goes at the end of the turn. */
  useLimit(limitBytes: number): void {
    this.#limitBytes = limitBytes
    this.#check()
  }

  /** For the queues of one circuit or set; `isShared` for those of a channel, which carries others' circuits. */
  open(owner: QueueOwner, isShared = false): QueueAccount {
    return new QueueAccount(this, owner, isShared)
  }

  noteChange(account: QueueAccount, bytes: number): void {
    this.#totalBytes += bytes
    if (account.bytes > 0) this.#holding.add(account)
    else this.#holding.delete(account)
    if (bytes > 0) this.#check()
  }

  nowMs(): number {
    return this.#parts.clock.monotonicMs()
  }

  #check(): void {
    if (this.#totalBytes <= this.#limitBytes) return
    this.#hasGrownAgain = true
    if (this.#isReliefDue) return
    this.#isReliefDue = true
    this.#parts.clock.atTurnEnd(() => this.#relieve())
  }

  #relieve(): void {
    this.#hasGrownAgain = false
    let ended = NOTHING
    try {
      if (this.#totalBytes > this.#limitBytes) ended = this.#endWorst()
    } finally {
      this.#isReliefDue = false
      // What those who were told of their end have filled, from within, has its own turn.
      if (this.#hasGrownAgain) this.#check()
    }
    if (ended.owners > 0) this.#tell(ended)
  }

  /** Ends each once at most: what it does not let go of stays counted, and the others come next. */
  #endWorst(): Ended {
    const targetBytes = this.#limitBytes * KEPT_SHARE
    const left = new Set(this.#holding)
    let ended = NOTHING
    while (left.size > 0) {
      for (const account of worstOf(left)) {
        if (this.#totalBytes <= targetBytes) return ended
        left.delete(account)
        ended = { owners: ended.owners + 1, bytes: ended.bytes + account.bytes }
        account.reclaim(outOfMemory())
      }
    }
    return ended
  }

  #tell({ owners, bytes }: Ended): void {
    this.#untold = { owners: this.#untold.owners + owners, bytes: this.#untold.bytes + bytes }
    const nowMs = this.nowMs()
    if (nowMs - this.#toldMs < NOTICE_EVERY_MS) return
    this.#parts.log.notice(
      `More data waited than MaxMemInQueues (${inMebibytes(this.#limitBytes)} MB) allows: closed `,
      `${this.#untold.owners} circuit${this.#untold.owners === 1 ? '' : 's'}, which held `,
      `${inMebibytes(this.#untold.bytes)} MB. An exit that sends on when it is told to stop does that, `,
      'or programs that do not read what they asked for.',
    )
    this.#toldMs = nowMs
    this.#untold = NOTHING
  }
}

/**
 * Those that hold no less than the average, the oldest first. C tor goes by age alone; then a download that somebody
 * paused an hour ago goes before the flood of this minute, and frees nothing. Channels come when only they are left.
 */
function worstOf(accounts: ReadonlySet<QueueAccount>): readonly QueueAccount[] {
  const own = [...accounts].filter(({ isShared }) => !isShared)
  const candidates = own.length > 0 ? own : [...accounts]
  const average = candidates.reduce((sum, { bytes }) => sum + bytes, 0) / candidates.length
  return candidates
    .filter(({ bytes }) => bytes >= average)
    .map((account) => ({ account, oldestMs: account.oldestMs ?? Number.POSITIVE_INFINITY }))
    .sort((a, b) => a.oldestMs - b.oldestMs || b.account.bytes - a.account.bytes)
    .map(({ account }) => account)
}

/** A stream that its exit has not answered yet is worth a try elsewhere. */
function outOfMemory(): TorError {
  return new TorError('limit', 'more data waited than MaxMemInQueues allows', { retry: 'elsewhere' })
}

function inMebibytes(bytes: number): string {
  return (bytes / MEBIBYTE).toFixed(bytes < 10 * MEBIBYTE ? 1 : 0)
}
