import { describe, expect, it } from 'vitest'
import { DesiredUx } from '../../../core/conflux/conflux-params.ts'
import { algorithmFor, chooseLeg, type LegView } from '../../../core/conflux/leg-choice.ts'

function leg(roundTripMs: number, hasRoom = true): LegView {
  return { roundTripMs, hasRoom }
}

describe('the leg that sends', () => {
  const fast = leg(10)
  const slow = leg(20)
  const fastFull = leg(10, false)
  const slowFull = leg(20, false)

  it.each([
    ['the fastest one', 'low-rtt', [slow, fast], fast],
    ['the fastest one that has room', 'low-rtt', [fastFull, slow], slow],
    ['none when no leg has room', 'low-rtt', [fastFull, slowFull], undefined],
    ['the fastest one', 'min-rtt', [slow, fast], fast],
    ['none when the fastest is full, whatever room others have', 'min-rtt', [fastFull, slow], undefined],
  ] as const)('is %s (%s)', (_what, algorithm, legs, expected) => {
    expect(chooseLeg(algorithm, legs, undefined)).toBe(expected)
  })

  it('stays where two are equally fast', () => {
    const legs = [leg(10), leg(10), leg(10)]
    for (const current of legs) {
      expect(chooseLeg('low-rtt', legs, current)).toBe(current)
      expect(chooseLeg('min-rtt', legs, current)).toBe(current)
    }
  })

  it('is chosen by what the other end wishes for', () => {
    expect(algorithmFor(DesiredUx.NONE)).toBe('low-rtt')
    expect(algorithmFor(DesiredUx.HIGH_THROUGHPUT)).toBe('low-rtt')
    expect(algorithmFor(DesiredUx.MIN_LATENCY)).toBe('min-rtt')
    expect(algorithmFor(DesiredUx.LOW_MEM_LATENCY)).toBe('min-rtt')
    expect(algorithmFor(DesiredUx.LOW_MEM_THROUGHPUT)).toBe('min-rtt')
  })
})
