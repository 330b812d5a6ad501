/** When the desktop is told something, and what it is never told. */
import { describe, expect, it } from 'vitest'
import type { NoticeText } from '../../../../electron/desktop/notice-text.ts'
import { Manners } from '../../../../electron/desktop/manners.ts'
import type { Settings } from '../../../../electron/ipc/settings.ts'
import { createDesktopWords } from '../../../../electron/words/desktop-words.ts'
import { readWords, SNAPSHOT, viewIn } from './desktop-rig.ts'

function setUp(
  change: Partial<Settings> = {},
  setAutostart: (isWanted: boolean) => Promise<void> = async () => {},
) {
  const seen = { menus: 0, trays: [] as string[], notes: [] as NoticeText[], autostart: [] as boolean[] }
  const logged: string[] = []
  const settings = { ...SNAPSHOT.settings, ...change }
  const manners = new Manners(
    {
      platform: 'linux',
      log: (level, text) => logged.push(`${level} ${text}`),
      createWords: (setting) => createDesktopWords({ setting, systemLanguages: [] }, readWords),
      showMenu: () => void seen.menus++,
      showTray: ({ tooltip }) => seen.trays.push(tooltip),
      notify: (text) => seen.notes.push(text),
      setAutostart(isWanted) {
        seen.autostart.push(isWanted)
        return setAutostart(isWanted)
      },
    },
    { settings },
  )
  return { manners, seen, logged, settings }
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

  it('sets the start at login when the choice changes, and says when it cannot', async () => {
    const { manners, seen, logged, settings } = setUp({}, () => Promise.reject(new Error('read-only')))
    manners.update({ ...SNAPSHOT, connection: viewIn('off'), settings })
    manners.update({ ...SNAPSHOT, connection: viewIn('off'), settings: { ...settings, startAtLogin: true } })
    manners.update({ ...SNAPSHOT, connection: viewIn('off'), settings })
    await new Promise(setImmediate)
    expect(seen.autostart).toEqual([true, false])
    expect(logged).toEqual(Array(2).fill('warn the start at login could not be set'))
  })

  it('renews the entry at each start only where it is wanted', () => {
    const without = setUp()
    without.manners.refreshAutostart()
    const wanted = setUp({ startAtLogin: true })
    wanted.manners.refreshAutostart()
    return Promise.resolve().then(() => {
      expect(without.seen.autostart).toEqual([])
      expect(wanted.seen.autostart).toEqual([true])
    })
  })

  it('shows the names of words rather than nothing when the words are missing', () => {
    const words = createDesktopWords({ setting: 'system', systemLanguages: ['de-DE'] }, () => '')
    expect(words('desktop-quit')).toBe('desktop-quit')
  })
})
