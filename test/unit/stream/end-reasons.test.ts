import { describe, expect, it } from 'vitest'
import {
  endErrorBeforeAnswer,
  endErrorWhenOpen,
  endsTheCircuit,
  StreamEndError,
} from '../../../core/stream/end-reasons.ts'

const ALL_REASONS = Array.from({ length: 256 }, (_, reason) => reason)
const DONE = 6

describe('the meaning of END', () => {
  it('is an error for every reason before CONNECTED, with the reason in it', () => {
    for (const reason of ALL_REASONS) {
      const error = endErrorBeforeAnswer({ reason, address: undefined }, 'begin')
      expect(error).toBeInstanceOf(StreamEndError)
      expect(error.reason).toBe(reason)
    }
  })

  it('TROVE-2026-052: is never a reason to ask elsewhere for a directory stream', () => {
    for (const reason of ALL_REASONS) {
      expect(endErrorBeforeAnswer({ reason, address: undefined }, 'begin-dir').retry).toBe('never')
    }
  })

  it('is never a reason to try again after CONNECTED, and success for DONE alone (41353)', () => {
    for (const reason of ALL_REASONS) {
      const error = endErrorWhenOpen(reason)
      if (reason === DONE) expect(error).toBeUndefined()
      else expect(error?.retry).toBe('never')
    }
  })

  it('is the end of the circuit for DESTROY and TORPROTOCOL alone', () => {
    expect(ALL_REASONS.filter(endsTheCircuit)).toEqual([5, 13])
  })
})
