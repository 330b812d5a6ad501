/**
 * The absolute numbers of one leg's messages (proposal 329, 2.6). All multiplexed messages of a direction are numbered from
 * 1 on over all legs; a leg's own count tells the number of its next one, and SWITCH says how many were sent elsewhere
 * since. Multiplexed is what has a stream id: BEGIN, DATA, END, CONNECTED, RESOLVE, RESOLVED, XON and XOFF.
 */
import { protocolViolation } from '../util/errors.ts'

/**
 * A sender's messages that may be under way on its other legs, 131,072 or 65 MB of DATA: four times what may be queued
 * of those that came too early, and more than any window. A SWITCH beyond it is no honest sender's.
 */
const MOST_SKIPPED_MESSAGES = 131_072

export class LegSequence {
  #sent = 0
  #received = 0
  #isSwitchOpen = false

  /** The number of the last message sent on this leg, or that a SWITCH of ours has counted it up to. */
  get sent(): number {
    return this.#sent
  }

  /** The same of what was received on it. */
  get received(): number {
    return this.#received
  }

  /** Whether neither side has ever used the leg for messages. */
  get isUntouched(): boolean {
    return this.#sent === 0 && this.#received === 0
  }

  noteSent(count: number): void {
    this.#sent += count
  }

  /** We go on here after message `last` was sent on another leg; returns what the SWITCH has to say. */
  continueFrom(last: number): number {
    const relative = last - this.#sent
    this.#sent = last
    return relative
  }

  /** Counts `count` messages that came on this leg and returns the number of the first. */
  receive(count: number): number {
    const first = this.#received + 1
    this.#received += count
    this.#isSwitchOpen = false
    return first
  }

  /**
   * A SWITCH came on this leg. `delivered` messages have been put in order, and `isFirst` says that nothing at all came
   * yet, on no leg. Throws `protocol-violation` for one that no sender has a reason to send: two without a message
   * between them, or none skipped, would be a signal that costs nothing (4.2.1).
   */
  onSwitch(relative: number, delivered: number, isFirst: boolean): void {
    if (this.#isSwitchOpen) throw protocolViolation('two SWITCH without a message between them')
    // An exit may change its mind about the first leg before it has sent anything, and C tor's says so.
    if (relative === 0 && !isFirst) throw protocolViolation('a SWITCH that skips nothing')
    const received = this.#received + relative
    if (received < delivered) throw protocolViolation('a SWITCH back to numbers that came already')
    if (received - delivered > MOST_SKIPPED_MESSAGES) {
      throw protocolViolation('a SWITCH ahead of all that can be under way')
    }
    this.#received = received
    this.#isSwitchOpen = true
  }
}
