/**
 * The tags that the other end must quote in its SENDMEs (tor-spec 7.3, proposal 289): proof that it saw our data and
 * does not acknowledge ahead of it to drain the sender. And when the cells left, which the SENDME makes a round trip of.
 */
import { equalConstantTime } from '../crypto/constant-time.ts'
import { protocolViolation } from '../util/errors.ts'

interface OwedSendme {
  readonly tag: Buffer
  readonly sentMs: number
}

export class OwedSendmes {
  readonly #owed: OwedSendme[] = []

  /** A DATA cell that filled the increment has left, with this tag, at this time of the monotonic clock. */
  expect(tag: Buffer, sentMs: number): void {
    this.#owed.push({ tag, sentMs })
  }

  /**
   * Checks the oldest owed tag against the one that came, and returns when its cell left. Throws `protocol-violation`;
   * then close the circuit.
   */
  settle(tag: Uint8Array): number {
    const expected = this.#owed.shift()
    if (expected === undefined) throw protocolViolation('a SENDME that is not owed')
    if (!equalConstantTime(expected.tag, tag)) throw protocolViolation('a SENDME with a wrong tag')
    return expected.sentMs
  }
}
