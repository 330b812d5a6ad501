import { describe, expect, it } from 'vitest'
import {
  withBuildPhase,
  withConnection,
  withDirectoryProgress,
  withFailure,
} from '../../../core/client/bootstrap-progress.ts'
import type { BootstrapStatus } from '../../../core/client/status.ts'
import { type DirectoryProgress, INITIAL_PROGRESS } from '../../../core/directory/bootstrap-state.ts'
import { TorError } from '../../../core/util/errors.ts'

const START: BootstrapStatus = {
  phase: 'starting',
  progress: undefined,
  blockage: undefined,
  isConnected: false,
}

const failure = new TorError('channel-failed', 'the relay closed the channel')

function news(
  phase: DirectoryProgress['phase'],
  progress?: DirectoryProgress['progress'],
): DirectoryProgress {
  return { ...INITIAL_PROGRESS, phase, progress }
}

describe('the bootstrap status', () => {
  it('follows the directory, and never goes back', () => {
    const loading = withDirectoryProgress(START, news('loading-descriptors', { done: 1, total: 9 }))
    expect([loading.phase, loading.progress]).toEqual(['loading-descriptors', { done: 1, total: 9 }])
    const back = withDirectoryProgress(loading, news('conn'))
    expect(back.phase).toBe('loading-descriptors')
  })

  it('takes nothing from the directory once circuits are being built', () => {
    const building = withBuildPhase({ ...START, phase: 'enough-dirinfo' }, 'handshake')
    expect(building.phase).toBe('ap-handshake')
    expect(withDirectoryProgress(building, news('loading-descriptors'))).toBe(building)
  })

  it('counts failures since the first, and says what is stuck', () => {
    const once = withFailure({ ...START, phase: 'ap-conn' }, failure, 1000)
    const twice = withFailure(once, new TorError('timeout', 'slow'), 2000)
    expect(twice.blockage).toEqual({
      stuckAt: 'ap-conn',
      kind: 'timeout',
      reason: 'slow',
      sinceMs: 1000,
      failures: 2,
    })
  })

  it('forgets what was stuck when it goes on', () => {
    const stuck = withFailure({ ...START, phase: 'ap-conn' }, failure, 1000)
    expect(withBuildPhase(stuck, 'conn').blockage).toEqual(stuck.blockage)
    expect(withBuildPhase(stuck, 'circuit-create').blockage).toBeUndefined()
  })

  it('is connected after a stream, and not after a failure', () => {
    const done = withConnection(withFailure(START, failure, 1000))
    expect(done).toMatchObject({ phase: 'done', blockage: undefined, isConnected: true })
    expect(withFailure(done, failure, 2000)).toMatchObject({ phase: 'done', isConnected: false })
  })
  it('stays at an obsolete client, which nothing that comes later can mend', () => {
    const blockage = {
      stuckAt: 'enough-dirinfo',
      kind: 'obsolete-client',
      reason: 'Relay=60',
      sinceMs: 1000,
      failures: 1,
    } as const
    const over = withDirectoryProgress(withConnection(START), { ...news('enough-dirinfo'), blockage })
    expect(over).toMatchObject({ blockage, isConnected: false })
    expect(withFailure(over, failure, 2000)).toBe(over)
    expect(withConnection(over)).toBe(over)
    expect(withBuildPhase(over, 'circuit-create')).toBe(over)
    expect(withDirectoryProgress(over, news('conn'))).toBe(over)
  })
})
