import { describe, expect, test } from 'vitest'
import { setNumbers } from '../../../core/circuit-manager/conflux-settings.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import { smallConsensus } from '../../support/small-network.ts'

const ABLE = 'Conflux=1 FlowCtrl=1-2 Relay=2-4'

/** Of ten exits so many do conflux. */
function view(able: number, params = ''): NetDir {
  const relays = Array.from({ length: 10 }, (_, n) => ({
    id: n + 1,
    flags: 'Exit Fast Running Stable V2Dir Valid',
    ...(n < able ? { protocols: ABLE } : {}),
  }))
  return NetDir.build({ consensus: smallConsensus(relays, params === '' ? {} : { params }) })
}

describe('the number of sets that are kept ready', () => {
  test.each([
    ['three when most exits do conflux', view(10), undefined, 3],
    ['three at the very threshold', view(6), undefined, 3],
    ['one below it', view(5), undefined, 1],
    ['three below it when the consensus has another', view(5, 'cfx_low_exit_threshold=5000'), undefined, 3],
    ['none when no exit does', view(0, 'cfx_low_exit_threshold=0'), undefined, 0],
    ['what the consensus says', view(10, 'cfx_max_prebuilt_set=2'), undefined, 2],
    ['none when the consensus says so', view(10, 'cfx_enabled=0'), undefined, 0],
    ['three when the user says otherwise', view(10, 'cfx_enabled=0'), true, 3],
    ['none when the user says so', view(10, 'cfx_enabled=1'), false, 0],
    ['three whatever the consensus says of congestion control', view(10, 'cc_alg=0'), undefined, 3],
    ['none when a set would have one leg', view(10, 'cfx_num_legs_set=1'), undefined, 0],
  ])('is %s', (_, netDir, isEnabled, count) => {
    expect(setNumbers(netDir, isEnabled).prebuilt).toBe(count)
  })

  test('and the others are those of the consensus', () => {
    expect(setNumbers(view(10), undefined)).toEqual({ prebuilt: 3, most: 10, legs: 2 })
    const netDir = view(10, 'cfx_max_linked_set=4 cfx_num_legs_set=3')
    expect(setNumbers(netDir, undefined)).toEqual({ prebuilt: 3, most: 4, legs: 3 })
  })
})
