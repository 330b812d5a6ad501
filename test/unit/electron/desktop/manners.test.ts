/** When the desktop is told something, and what it is never told. */
import { describe, expect, it } from 'vitest'
import type { NoticeText } from '../../../../electron/desktop/notice-text.ts'
import { Manners } from '../../../../electron/desktop/manners.ts'
import type { Settings } from '../../../../electron/ipc/settings.ts'
import { createDesktopWords } from '../../../../electron/words/desktop-words.ts'
import { readWords, SNAPSHOT, viewIn } from './desktop-rig.ts'

function setUp(change: Partial<Settings> = {}) {
  const seen = { menus: 0, trays: [] as string[], notes: [] as NoticeText[] }
  const settings = { ...SNAPSHOT.settings, ...change }
  const manners = new Manners(
    {
      platform: 'linux',
      createWords: (setting) => createDesktopWords({ setting, systemLanguages: [] }, readWords),
      showMenu: () => void seen.menus++,
      showTray: ({ tooltip }) => seen.trays.push(tooltip),
      notify: (text) => seen.notes.push(text),
    },
    { settings },
  )
  return { manners, seen, settings }
}

describe('the desktop', () => {
  it('is told again only what has changed to be seen', () => {
    const { manners, seen, settings } = setUp()
    manners.update({ ...SNAPSHOT, connection: viewIn('connecting', 'working', 41), settings })
    manners.update({ ...SNAPSHOT, connection: viewIn('connecting', 'working', 44), settings })
    expect(seen.trays).toEqual(['Allium: Connecting… 40%'])
    manners.update({ ...SNAPSHOT, connection: viewIn('connected', 'connected', 100), settings })
    expect(seen.trays).toHaveLength(2)
    expect(seen.menus).toBe(2)
  })

  it('speaks another language as soon as it is chosen', () => {
    const { manners, seen, settings } = setUp()
    manners.update({ ...SNAPSHOT, connection: viewIn('off'), settings })
    manners.update({ ...SNAPSHOT, connection: viewIn('off'), settings: { ...settings, language: 'en-XA' } })
    expect(seen.trays[1]).toContain('~')
  })

  it('tells of loss and return, and of no first success', () => {
    const { manners, seen } = setUp()
    manners.onNotice({ kind: 'first-success' })
    manners.onNotice({ kind: 'lost', state: 'degraded' })
    manners.onNotice({ kind: 'lost', state: 'proxy-not-applied' })
    manners.onNotice({ kind: 'regained' })
    expect(seen.notes.map(({ title }) => title)).toEqual([
      'Connection to Tor lost',
      'Not everything goes through Tor',
      'Connected to Tor again',
    ])
  })

  it('is quiet for somebody who wants no notifications', () => {
    const { manners, seen } = setUp({ notifications: false })
    manners.onNotice({ kind: 'lost', state: 'protected-down' })
    expect(seen.notes).toEqual([])
  })

  it('shows the names of words rather than nothing when the words are missing', () => {
    const words = createDesktopWords({ setting: 'system', systemLanguages: ['de-DE'] }, () => '')
    expect(words('desktop-quit')).toBe('desktop-quit')
  })
})
