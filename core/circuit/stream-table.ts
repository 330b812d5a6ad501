/** The streams of one circuit by id: open ones, and those that we ended while cells for them are still under way. */
import { RelayCommand, relayCommandName } from '../cell/commands.ts'
import { protocolViolation, TorError } from '../util/errors.ts'
import { type Random, randomBelow } from '../util/random.ts'
import type { CircuitStream, HalfClosedAllowance } from './circuit-stream.ts'

const MAX_STREAM_ID = 0xffff

/** Half of the id space: beyond it the search for a free id would get slow, and no honest use comes near it. */
const MAX_STREAMS = 0x8000

interface HalfClosed extends HalfClosedAllowance {
  /** How many streams had been ended before it. */
  readonly order: number
}

export class StreamTable {
  readonly #streams = new Map<number, CircuitStream>()
  readonly #halfClosed = new Map<number, HalfClosed>()
  #nextId: number
  /** How many streams we have ended, and the END of how many of them the other end is known to have had. */
  #ended = 0
  #settled = 0
  /** By stream that was not answered yet: how many we had ended when it was begun, and so told the other end before. */
  readonly #endedBefore = new Map<number, number>()

  /** tor-spec 6.2: ids start at a random point, so that they tell nothing of how many streams there were. */
  constructor(random: Random) {
    this.#nextId = 1 + randomBelow(random, MAX_STREAM_ID)
  }

  get size(): number {
    return this.#streams.size
  }

  /** Whether neither open streams are in it nor any that we ended. */
  get isUnused(): boolean {
    return this.#streams.size === 0 && this.#halfClosed.size === 0
  }

  get(streamId: number): CircuitStream | undefined {
    return this.#streams.get(streamId)
  }

  /** Throws `limit` when the circuit carries too many streams. */
  add(stream: CircuitStream): number {
    if (this.#streams.size + this.#halfClosed.size >= MAX_STREAMS) {
      throw new TorError('limit', 'too many streams on one circuit', { retry: 'elsewhere' })
    }
    for (;;) {
      const streamId = this.#nextId
      this.#nextId = streamId === MAX_STREAM_ID ? 1 : streamId + 1
      if (this.#streams.has(streamId) || this.#halfClosed.has(streamId)) continue
      this.#streams.set(streamId, stream)
      if (this.#ended > this.#settled) this.#endedBefore.set(streamId, this.#ended)
      return streamId
    }
  }

  /** The other end ended the stream: nothing may follow. */
  remove(streamId: number): void {
    this.#streams.delete(streamId)
  }

  /** We ended the stream: what it allows may still be under way, and so may the other end's own END. */
  halfClose(streamId: number): void {
    const stream = this.#streams.get(streamId)
    if (stream === undefined) return
    this.#streams.delete(streamId)
    this.#halfClosed.set(streamId, { ...stream.halfClosedAllowance(), order: this.#ended++ })
  }

  /**
   * A message other than DATA came for the stream. All that the other end sends comes in order, and it read the ENDs that
   * left before it was asked for this stream: nothing is under way any more for those that we had ended by then. To an
   * END it says nothing, not even END (tor-spec 6.3), so this alone lets us forget them and use their ids again.
   */
  noteAnswer(streamId: number): void {
    const ended = this.#endedBefore.get(streamId)
    if (ended === undefined) return
    this.#endedBefore.delete(streamId)
    this.#settled = Math.max(this.#settled, ended)
    for (const [id, { order }] of this.#halfClosed) {
      // They lie in the order in which they were ended.
      if (order >= this.#settled) break
      this.#halfClosed.delete(id)
      this.#endedBefore.delete(id)
    }
  }

  /**
   * Accounts for a message, or `count` of DATA, to a stream that is not open. Throws `protocol-violation` unless it is a straggler of one
   * that we ended: dropping what the state does not explain would be a side channel (proposal 344).
   */
  checkStraggler(streamId: number, command: number, count = 1): void {
    const allowance = this.#halfClosed.get(streamId)
    if (allowance === undefined) {
      throw protocolViolation(`${relayCommandName(command)} for a stream that does not exist`)
    }
    switch (command) {
      case RelayCommand.DATA:
        allowance.dataCells -= count
        break
      case RelayCommand.SENDME:
        allowance.sendmes--
        break
      case RelayCommand.CONNECTED:
        allowance.connected--
        break
      case RelayCommand.XON:
        allowance.xons--
        break
      case RelayCommand.XOFF:
        allowance.xoffs--
        break
      case RelayCommand.RESOLVED:
        allowance.resolved--
        this.#halfClosed.delete(streamId)
        break
      case RelayCommand.END:
        this.#halfClosed.delete(streamId)
        return
      default:
        throw protocolViolation(`${relayCommandName(command)} for a stream that we ended`)
    }
    const { dataCells, sendmes, connected, resolved, xons, xoffs } = allowance
    if (Math.min(dataCells, sendmes, connected, resolved, xons, xoffs) < 0) {
      throw protocolViolation(`too many ${relayCommandName(command)} for a stream that we ended`)
    }
  }

  takeAll(): CircuitStream[] {
    const all = [...this.#streams.values()]
    this.#streams.clear()
    this.#halfClosed.clear()
    this.#endedBefore.clear()
    return all
  }
}
