/** What the connect view tells of the search for a way in: when it speaks instead of the state, and what it offers. */
import { describe, expect, it } from 'vitest'
import { CONNECTION_STATES } from '../../../electron/ipc/snapshot-connection.ts'
import { passphraseFault } from '../../../renderer/views/bridges/passphrase.ts'
import { lookInSearch, lookOf } from '../../../renderer/views/connect/state-look.ts'
import { isSearching, nextWayOf, searchOf } from '../../../renderer/views/ways/search.ts'
import { connectionIn } from '../../renderer/support/snapshots.ts'
import { ASKING, EVERY_WAY, UNREACHABLE, way, waysIn } from '../../renderer/support/ways-snapshots.ts'

const SEARCHES = [
  waysIn({ state: 'trying', ways: EVERY_WAY }),
  waysIn({ state: 'asking', ways: EVERY_WAY, help: ASKING }),
  waysIn({ state: 'cooling', ways: EVERY_WAY, nextMs: 5 }),
  waysIn({ state: 'resting', ways: EVERY_WAY, nextMs: 5, help: UNREACHABLE }),
]

describe('a search', () => {
  it('never speaks over what must be said first, nor once it is over', () => {
    const silent = [
      'off',
      'no-network',
      'clock-wrong',
      'connected',
      'degraded',
      'protected-down',
      'restoring',
      'failed',
    ] as const
    for (const ways of SEARCHES) {
      for (const state of silent) expect(searchOf({ state }, ways), state).toEqual({ kind: 'none' })
    }
    for (const state of ['off', 'found', 'waiting-for-network', 'waiting-for-clock'] as const) {
      expect(searchOf({ state: 'connecting' }, waysIn({ state, ways: EVERY_WAY }))).toEqual({ kind: 'none' })
    }
  })

  it('can be cancelled in every state, and never looks like success', () => {
    for (const ways of SEARCHES) {
      for (const state of CONNECTION_STATES) {
        const search = searchOf({ state }, ways)
        if (search.kind === 'none') continue
        const look = lookInSearch(lookOf(connectionIn(state), false), search)
        expect(look.press, state).toBe('cancel')
        expect(look.tone, state).not.toBe('good')
      }
    }
  })

  it('names the path by which help is asked, and tells unreachable help from a plain rest', () => {
    const [, asking, , resting] = SEARCHES
    expect(asking && searchOf({ state: 'connecting' }, asking)).toEqual({ kind: 'asking', path: 'front' })
    expect(resting && searchOf({ state: 'blocked' }, resting)).toMatchObject({ isHelpUnreachable: true })
    expect(searchOf({ state: 'blocked' }, waysIn({ state: 'resting' }))).toMatchObject({
      isHelpUnreachable: false,
    })
  })

  it('is none where there is one way alone, and knows which comes next', () => {
    expect(isSearching(waysIn({ state: 'trying', ways: [way('a')] }))).toBe(false)
    expect(isSearching(waysIn({ state: 'trying', ways: EVERY_WAY }))).toBe(true)
    expect(nextWayOf({ ways: EVERY_WAY })?.id).toBe('meek')
    expect(nextWayOf({ ways: [way('a', { state: 'running' })] })).toBeUndefined()
  })
})

describe('a new passphrase', () => {
  it('is long, and the same twice', () => {
    expect(passphraseFault('eleven char', 'eleven char')).toBe('too-short')
    expect(passphraseFault('twelve chars', 'twelve char')).toBe('differs')
    expect(passphraseFault('twelve chars', 'twelve chars')).toBeUndefined()
  })
})
