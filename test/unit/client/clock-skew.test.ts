import { describe, expect, it } from 'vitest'
import { ClockSkewJudge, describeClockSkew } from '../../../core/client/clock-skew.ts'
import type { ClockEvidence } from '../../../core/directory/clock-evidence.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

function clockOf(relay: number, aheadMs: number, source: 'netinfo' | 'date' = 'netinfo'): ClockEvidence {
  return { source, relay: idOf(relay), aheadMs, precision: 'exact', isProof: false }
}

function documentFrom(relay: number, aheadMs: number): ClockEvidence {
  return { source: 'consensus', relay: idOf(relay), aheadMs, precision: 'at-least', isProof: aheadMs <= 0 }
}

function idOf(relay: number) {
  return parseRsaIdentity(`${relay}`.padStart(40, 'A'))
}

function judge(...evidence: ClockEvidence[]) {
  const judged = new ClockSkewJudge()
  for (const one of evidence) judged.add(one)
  return judged.skew.value
}

describe('a wrong clock', () => {
  it('is not named on the word of one relay, whatever it says and however often', () => {
    expect(judge(clockOf(1, 3 * DAY_MS))).toBeUndefined()
    expect(
      judge(clockOf(1, 3 * DAY_MS), clockOf(1, 4 * DAY_MS, 'date'), documentFrom(1, 2 * DAY_MS)),
    ).toBeUndefined()
  })

  it.each([
    [3 * DAY_MS, 'ahead'],
    [-3 * DAY_MS, 'behind'],
  ])('is named with its size and direction when two relays agree (%d ms)', (aheadMs, way) => {
    const skew = judge(clockOf(1, aheadMs), clockOf(2, aheadMs + 1_000, 'date'))
    expect(skew).toMatchObject({ relays: 2, isExact: true, evidence: ['netinfo', 'date'] })
    expect(describeClockSkew(skew ?? failed())).toBe(
      `This computer's clock is 3 days ${way}, by what 2 relays say (their clocks, the dates of their answers)`,
    )
  })

  it('is not named when it is off by less than an hour', () => {
    expect(judge(clockOf(1, 50 * 60_000), clockOf(2, 50 * 60_000))).toBeUndefined()
  })

  it('is proved by one signed document of our future, and its least size is told', () => {
    const skew = judge(documentFrom(1, -30 * HOUR_MS))
    expect(skew).toMatchObject({ aheadMs: -30 * HOUR_MS, isExact: false })
    expect(describeClockSkew(skew ?? failed())).toMatch(/at least 30 hours behind/)
  })

  it('is not proved by one old document, which anybody can replay', () => {
    expect(judge(documentFrom(1, 5 * DAY_MS))).toBeUndefined()
    expect(judge(documentFrom(1, 5 * DAY_MS), documentFrom(2, 5 * DAY_MS))).toMatchObject({ isExact: false })
  })

  it('cannot be made up by two liars among five relays, nor exaggerated by one among three', () => {
    const honest = [3, 4, 5].map((relay) => clockOf(relay, 0))
    expect(judge(clockOf(1, 9 * DAY_MS), clockOf(2, 9 * DAY_MS), ...honest)).toBeUndefined()
    const skew = judge(clockOf(1, 900 * DAY_MS), clockOf(2, 2 * DAY_MS), clockOf(3, 2 * DAY_MS))
    expect(skew?.aheadMs).toBe(2 * DAY_MS)
  })

  it('is forgotten once it was set right, and when later documents are of our time', () => {
    const judged = new ClockSkewJudge()
    judged.add(documentFrom(1, -2 * DAY_MS))
    expect(judged.skew.value).toBeDefined()
    judged.add(documentFrom(2, 0))
    expect(judged.skew.value).toBeUndefined()
    judged.add(clockOf(1, DAY_MS))
    judged.add(clockOf(2, DAY_MS))
    expect(judged.skew.value).toBeDefined()
    judged.clear()
    expect(judged.skew.value).toBeUndefined()
  })

  it('is told once, not at every answer that differs by seconds', () => {
    const judged = new ClockSkewJudge()
    let changes = 0
    judged.skew.watch(() => changes++)
    for (let n = 0; n < 50; n++) judged.add(clockOf(n % 2, 5 * HOUR_MS + n * 1_000))
    expect(changes).toBe(1)
  })
})

function failed(): never {
  throw new Error('no skew was named')
}
