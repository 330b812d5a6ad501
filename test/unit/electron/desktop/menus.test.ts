/** What tray and menu offer in each state, and with which keys. */
import { describe, expect, it } from 'vitest'
import type { MenuEntry } from '../../../../electron/desktop/menu-items.ts'
import { menuModel } from '../../../../electron/desktop/menu-model.ts'
import { trayModel } from '../../../../electron/desktop/tray-model.ts'
import { VIEW_NAMES } from '../../../../electron/ipc/contract.ts'
import type { SystemProxyState } from '../../../../electron/ipc/snapshot.ts'
import { CONNECTION_STATES } from '../../../../electron/ipc/snapshot-connection.ts'
import { SNAPSHOT, viewIn, words } from './desktop-rig.ts'

function labels(entries: readonly MenuEntry[]): readonly string[] {
  return entries.flatMap((entry) => (entry.kind === 'separator' ? [] : [entry.label]))
}

function flat(entries: readonly MenuEntry[]): readonly MenuEntry[] {
  return entries.flatMap((entry) => (entry.kind === 'submenu' ? [entry, ...flat(entry.entries)] : [entry]))
}

describe('the tray', () => {
  it.each(CONNECTION_STATES)('has a line of words and a way out in state %s', (state) => {
    const { entries, tooltip } = trayModel({ ...SNAPSHOT, connection: viewIn(state) }, words)
    expect(labels(entries).join()).not.toContain('desktop-')
    expect(tooltip).toBe(`Allium: ${labels(entries)[0]}`)
    expect(entries.at(-1)).toMatchObject({ label: 'Quit Allium', action: { kind: 'quit' } })
  })

  it('offers to connect, to cancel and to disconnect when each makes sense', () => {
    const third = (state: (typeof CONNECTION_STATES)[number]) =>
      trayModel({ ...SNAPSHOT, connection: viewIn(state) }, words).entries[2]
    expect(third('off')).toMatchObject({ label: 'Connect', action: { kind: 'connect' } })
    expect(third('connecting')).toMatchObject({ label: 'Cancel', action: { kind: 'disconnect' } })
    expect(third('connected')).toMatchObject({ label: 'Disconnect', action: { kind: 'disconnect' } })
    expect(third('restoring')).toMatchObject({ isEnabled: false })
  })

  it('offers a new identity only where there is one to leave', () => {
    const isOffered = (entry: MenuEntry): boolean =>
      entry.kind === 'action' && entry.action.kind === 'new-identity' && entry.isEnabled === true
    expect(
      trayModel({ ...SNAPSHOT, connection: viewIn('connected', 'connected') }, words).entries.some(isOffered),
    ).toBe(true)
    expect(trayModel({ ...SNAPSHOT, connection: viewIn('off') }, words).entries.some(isOffered)).toBe(false)
  })

  it('is not green while the system proxy is missing', () => {
    expect(
      trayModel({ ...SNAPSHOT, connection: viewIn('proxy-not-applied', 'connected') }, words).light,
    ).toBe('trouble')
    expect(trayModel({ ...SNAPSHOT, connection: viewIn('connected', 'connected') }, words).light).toBe(
      'connected',
    )
  })

  it('says that nothing gets out only while the system proxy is in force', () => {
    const tooltip = (state: SystemProxyState): string => {
      const systemProxy = { ...SNAPSHOT.systemProxy, isWanted: state !== 'off', state }
      return trayModel({ connection: viewIn('protected-down', 'trouble'), systemProxy }, words).tooltip
    }
    expect(tooltip('on')).toContain('Nothing gets out')
    for (const state of ['off', 'applying', 'changed', 'failed'] as const) {
      expect(tooltip(state)).toContain('Other programs go past Allium')
    }
  })

  it('says how far it is, but does not change with each percent', () => {
    const line = (percent: number) =>
      labels(
        trayModel({ ...SNAPSHOT, connection: viewIn('connecting', 'working', percent) }, words).entries,
      )[0]
    expect(line(45)).toBe('Connecting… 40%')
    expect(line(49)).toBe(line(45))
  })
})

describe('the menu', () => {
  it.each(['linux', 'darwin', 'win32'] as const)(
    'has words for everything on %s, and no key twice',
    (platform) => {
      const all = flat(menuModel(viewIn('off'), words, platform))
      expect(labels(all).filter((label) => label === '' || label.startsWith('desktop-'))).toEqual([])
      const keys = all.flatMap((entry) => (entry.kind === 'action' ? [entry.accelerator ?? []] : [])).flat()
      expect(new Set(keys).size).toBe(keys.length)
      expect(keys).toContain('CmdOrCtrl+Q')
    },
  )

  it('reaches every view by its number', () => {
    const all = flat(menuModel(viewIn('off'), words, 'linux'))
    for (const [index, view] of VIEW_NAMES.entries()) {
      expect(all).toContainEqual(
        expect.objectContaining({
          action: { kind: 'show-view', view },
          accelerator: `CmdOrCtrl+${index + 1}`,
        }),
      )
    }
  })

  it('has the keys for copying and pasting, which macOS takes from the menu alone', () => {
    const roles = flat(menuModel(viewIn('off'), words, 'darwin')).flatMap((entry) =>
      entry.kind === 'role' ? [entry.role] : [],
    )
    expect(roles).toEqual(expect.arrayContaining(['cut', 'copy', 'paste', 'selectAll', 'hide', 'services']))
  })

  it('quits by us and never by Electron itself, which would not put the settings back', () => {
    for (const platform of ['linux', 'darwin', 'win32'] as const) {
      const all = flat(menuModel(viewIn('off'), words, platform))
      expect(all).toContainEqual(expect.objectContaining({ action: { kind: 'quit' } }))
      expect(JSON.stringify(all)).not.toContain('"role":"quit"')
    }
  })

  it('has no way to reload the page or to open the developer tools', () => {
    const text = JSON.stringify(menuModel(viewIn('off'), words, 'linux')).toLowerCase()
    expect(text).not.toMatch(/reload|devtools/)
  })
})
