import { describe, expect, test } from 'vitest'
import { confluxExitShare, supportsConflux } from '../../../core/netdir/conflux-exits.ts'
import { parseProtocolVersions } from '../../../core/netdoc/protocol-versions.ts'
import { smallConsensus } from '../../support/small-network.ts'

const ABLE = 'Conflux=1 FlowCtrl=1-2 Link=4-5 Relay=2-4'
const EXIT = 'Exit Fast Running Stable V2Dir Valid'

describe('a relay', () => {
  test.each([
    [ABLE, true],
    ['FlowCtrl=1-2 Relay=2-4', false],
    ['Conflux=2 FlowCtrl=1-2 Relay=2-4', false],
    // A set without congestion control could not choose its legs.
    ['Conflux=1 FlowCtrl=1 Relay=2-4', false],
    ['Conflux=1 FlowCtrl=1-2 Relay=2-3', false],
    ['', false],
  ])('with %j can be the end of a set: %s', (line, isAble) => {
    expect(supportsConflux(parseProtocolVersions(line))).toBe(isAble)
  })
})

describe('the share of exits that do conflux', () => {
  test('counts exits that are not bad ones, whatever their bandwidth', () => {
    const consensus = smallConsensus([
      { id: 1, flags: EXIT, protocols: ABLE, bandwidth: 1 },
      { id: 2, flags: EXIT, bandwidth: 1_000_000 },
      { id: 3, flags: EXIT },
      { id: 4, flags: EXIT, protocols: ABLE },
      { id: 5, flags: `BadExit ${EXIT}`, protocols: ABLE },
      { id: 6, protocols: ABLE },
    ])
    expect(confluxExitShare(consensus)).toBe(0.5)
    expect(confluxExitShare(consensus)).toBe(0.5)
  })

  test('is none where there are no exits', () => {
    expect(confluxExitShare(smallConsensus([{ id: 6, protocols: ABLE }]))).toBe(0)
  })
})
