/**
 * What one circuit, conflux set or channel holds in its queues, in bytes of memory. Those who queue say how much they hold
 * now, not by how much it has changed: nothing can be counted twice, and nothing stays counted that is gone.
 */
import type { TorError } from './errors.ts'

/** Who keeps bytes that wait: a stream, the control messages of a circuit, a reorder queue. */
export interface QueueHolder {
  /** When the oldest of what it holds came, on the monotonic clock; asked for while it holds something. */
  readonly oldestMs: number
  /** Lets go of all of it, at once and for good; its account is asked to, also when what it belonged to is gone. */
  dropQueued(error: TorError): void
}

/** Who can be ended to free what is held on it: a circuit, a set of circuits, a channel. */
export interface QueueOwner {
  close(error: TorError): void
}

/** The limit over all accounts, as an account sees it. */
export interface QueueLedger {
  /** The account holds so many bytes more, or fewer when negative. Never ends anything before it returns. */
  noteChange(account: QueueAccount, bytes: number): void
  nowMs(): number
}

export class QueueAccount {
  /** Others' circuits would end with it: it is ended only when nothing else is left to end. */
  readonly isShared: boolean
  readonly #ledger: QueueLedger
  readonly #owner: QueueOwner
  readonly #held = new Map<QueueHolder, number>()
  #bytes = 0

  constructor(ledger: QueueLedger, owner: QueueOwner, isShared: boolean) {
    this.#ledger = ledger
    this.#owner = owner
    this.isShared = isShared
  }

  /** All that is held. */
  get bytes(): number {
    return this.#bytes
  }

  /** When the oldest of it came, on the monotonic clock; undefined while nothing is held. */
  get oldestMs(): number | undefined {
    let oldestMs: number | undefined
    for (const holder of this.#held.keys()) oldestMs = Math.min(oldestMs ?? holder.oldestMs, holder.oldestMs)
    return oldestMs
  }

  /** For what a holder notes beside what it queues. */
  nowMs(): number {
    return this.#ledger.nowMs()
  }

  /** The holder now holds so many bytes, whatever it held before. Never ends anything before it returns. */
  hold(holder: QueueHolder, bytes: number): void {
    const before = this.#held.get(holder) ?? 0
    if (bytes === before) return
    if (bytes > 0) this.#held.set(holder, bytes)
    else this.#held.delete(holder)
    const change = Math.max(0, bytes) - before
    this.#bytes += change
    this.#ledger.noteChange(this, change)
  }

  /** Ends the owner, and has everything dropped that outlived it: what ended streams still hold for their applications. */
  reclaim(error: TorError): void {
    attempt(() => this.#owner.close(error))
    for (const holder of [...this.#held.keys()]) attempt(() => holder.dropQueued(error))
  }
}

function attempt(work: () => void): void {
  try {
    work()
  } catch {
    // One that fails must not save the others: memory is short. What it holds stays counted.
  }
}
