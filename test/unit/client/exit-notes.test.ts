import { describe, expect, it } from 'vitest'
import { isolationKey, NO_ISOLATION } from '../../../core/circuit-manager/isolation.ts'
import { ExitNotes } from '../../../core/client/exit-notes.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'
import { manualClock } from '../../support/manual-clock.ts'

const TEN_MINUTES_MS = 600_000
const first = fakeIdentity(1)
const other = isolationKey(['other'])

describe('what exits have refused', () => {
  it('is remembered for ten minutes', () => {
    const clock = manualClock()
    const notes = new ExitNotes(clock)
    notes.noteRefusesAll(first)
    notes.noteRefusesTarget(fakeIdentity(2), NO_ISOLATION, 'a.example:80')
    clock.advance(TEN_MINUTES_MS - 1)
    expect([...notes.exitsToAvoid(NO_ISOLATION, 'a.example:80')]).toEqual([first, fakeIdentity(2)])
    clock.advance(1)
    expect(notes.exitsToAvoid(NO_ISOLATION, 'a.example:80').size).toBe(0)
  })

  it('holds for the target and the identity that it was refused to', () => {
    const notes = new ExitNotes(manualClock())
    notes.noteRefusesTarget(first, NO_ISOLATION, 'a.example:80')
    expect(notes.exitsToAvoid(NO_ISOLATION, 'a.example:443').size).toBe(0)
    expect(notes.exitsToAvoid(other, 'a.example:80').size).toBe(0)
    expect(notes.exitsToAvoid(NO_ISOLATION, 'a.example:80').size).toBe(1)
  })

  it('is bounded: the oldest is forgotten', () => {
    const notes = new ExitNotes(manualClock())
    for (let id = 1; id <= 1_025; id++) notes.noteRefusesAll(fakeIdentity(id))
    const avoided = notes.exitsToAvoid(NO_ISOLATION, 'a.example:80')
    expect([avoided.size, avoided.has(first), avoided.has(fakeIdentity(2))]).toEqual([1_024, false, true])
  })

  it('is gone when it was cleared', () => {
    const notes = new ExitNotes(manualClock())
    notes.noteRefusesAll(first)
    notes.clear()
    expect(notes.exitsToAvoid(NO_ISOLATION, 'a.example:80').size).toBe(0)
  })
})
