import { describe, expect, it } from 'vitest'
import {
  clearBlockage,
  countDescriptors,
  DIRECTORY_PHASES,
  INITIAL_PROGRESS,
  reachPhase,
  reportFailure,
} from '../../../core/directory/bootstrap-state.ts'
import { BOOTSTRAP_PHASES } from '../../../core/client/status.ts'
import { TorError } from '../../../core/util/errors.ts'

const refused = new TorError('channel-failed', 'refused')
const badly = new TorError('bad-directory', 'too few signatures')

describe('the progress of the directory', () => {
  it('has phases that are the first of the client\u2019s, in the same order', () => {
    expect(BOOTSTRAP_PHASES.slice(0, DIRECTORY_PHASES.length)).toEqual([...DIRECTORY_PHASES])
  })

  it('never goes back', () => {
    const loading = reachPhase(INITIAL_PROGRESS, 'loading-status')
    expect(reachPhase(loading, 'conn')).toBe(loading)
  })

  it('counts the failures since the phase got stuck, and keeps the first time and the last reason', () => {
    const once = reportFailure(reachPhase(INITIAL_PROGRESS, 'conn'), refused, 100)
    const twice = reportFailure(once, badly, 200)
    expect(twice.blockage).toEqual({
      stuckAt: 'conn',
      kind: 'bad-directory',
      reason: 'too few signatures',
      sinceMs: 100,
      failures: 2,
    })
  })

  it('loses its blockage by going on, not by trying again', () => {
    const stuck = reportFailure(reachPhase(INITIAL_PROGRESS, 'loading-status'), refused, 100)
    expect(reachPhase(stuck, 'conn').blockage).toBeDefined()
    expect(reachPhase(stuck, 'loading-status').blockage).toBeDefined()
    expect(reachPhase(stuck, 'loading-keys').blockage).toBeUndefined()
    expect(clearBlockage(stuck).blockage).toBeUndefined()
  })

  it('loses its blockage when more microdescriptors come', () => {
    const counted = countDescriptors(INITIAL_PROGRESS, 5, 9)
    const stuck = reportFailure(counted, refused, 100)
    expect(countDescriptors(stuck, 5, 9).blockage).toBeDefined()
    expect(countDescriptors(stuck, 6, 9).blockage).toBeUndefined()
  })
})
