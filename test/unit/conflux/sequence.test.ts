import { describe, expect, it } from 'vitest'
import { LegSequence } from '../../../core/conflux/sequence.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { confluxVectors } from '../../support/conflux-vectors.ts'

const { switches, lastrecv, cells_per_leg: dataPerLeg, delivered } = confluxVectors.run_withheld_sendmes

function violates(work: () => void): void {
  expect(work).toThrow(expect.toSatisfy((error) => isTorError(error) && error.kind === 'protocol-violation'))
}

describe('the numbers of the messages of a leg', () => {
  it('are those of the run that C tor’s exit sent over two legs, of which one was held up', () => {
    // On the first leg: CONNECTED and the DATA of a first window. On the second: SWITCH, the rest of the DATA, END.
    const legs = [new LegSequence(), new LegSequence()] as const
    legs[0].receive(1)
    expect(legs[0].receive(dataPerLeg[0])).toBe(2)
    const [change] = switches
    legs[1].onSwitch(change.relative, change.delivered_then, false)
    expect(legs[1].received).toBe(change.leg_seq_after)
    expect(legs[1].receive(dataPerLeg[1])).toBe(change.leg_seq_after + 1)
    legs[1].receive(1)
    expect(legs.map(({ received }) => received)).toEqual(lastrecv)
    expect(legs[1].received).toBe(delivered)
  })

  it('go on where the other leg ended, and SWITCH says by how much', () => {
    // The example of proposal 329, 2.6.
    const first = new LegSequence()
    const second = new LegSequence()
    first.noteSent(10)
    expect(second.continueFrom(first.sent)).toBe(10)
    second.noteSent(21)
    expect(first.continueFrom(second.sent)).toBe(21)
    first.noteSent(1)
    expect(first.sent).toBe(32)
  })

  it('are read by the receiver as the sender meant them', () => {
    const sent = new LegSequence()
    const received = new LegSequence()
    sent.noteSent(3)
    expect(received.receive(3)).toBe(1)
    received.onSwitch(sent.continueFrom(40), 3, false)
    expect(received.receive(1)).toBe(41)
  })

  it('leave a leg untouched until either side uses it', () => {
    const leg = new LegSequence()
    expect(leg.isUntouched).toBe(true)
    leg.receive(1)
    expect(leg.isUntouched).toBe(false)
  })
})

describe('a SWITCH', () => {
  it('that skips nothing is no change of legs', () => violates(() => new LegSequence().onSwitch(0, 0, false)))

  it('that skips nothing before anything came is how C tor’s exits begin on another leg', () => {
    const leg = new LegSequence()
    leg.onSwitch(0, 0, true)
    expect(leg.receive(1)).toBe(1)
  })

  it('may not follow another without a message between them', () => {
    const leg = new LegSequence()
    leg.onSwitch(1, 0, false)
    violates(() => leg.onSwitch(1, 0, false))
    const other = new LegSequence()
    other.onSwitch(1, 0, false)
    other.receive(1)
    expect(() => other.onSwitch(1, 0, false)).not.toThrow()
  })

  it('may not lead back to numbers that have come', () => {
    const leg = new LegSequence()
    leg.receive(1)
    violates(() => leg.onSwitch(3, 5, false))
  })

  it.each([131_073, 0xffff_ffff])(
    'that skips %i messages is no sender’s, and one fewer than the limit is',
    (relative) => {
      violates(() => new LegSequence().onSwitch(relative, 0, false))
      expect(() => new LegSequence().onSwitch(131_072, 0, false)).not.toThrow()
    },
  )
})
