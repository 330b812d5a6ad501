/**
 * The tags that the other end must quote in its SENDMEs (tor-spec 7.3, proposal 289): proof that it saw our data and
 * does not acknowledge ahead of it to drain the sender.
 */
import { equalConstantTime } from '../crypto/constant-time.ts'
import { protocolViolation } from '../util/errors.ts'

export class OwedSendmes {
  readonly #tags: Buffer[] = []

  /** A DATA cell that filled the increment has left, with this tag. */
  expect(tag: Buffer): void {
    this.#tags.push(tag)
  }

  /** Checks the oldest owed tag against the one that came. Throws `protocol-violation`; then close the circuit. */
  settle(tag: Uint8Array): void {
    const expected = this.#tags.shift()
    if (expected === undefined) throw protocolViolation('a SENDME that is not owed')
    if (!equalConstantTime(expected, tag)) throw protocolViolation('a SENDME with a wrong tag')
  }
}
