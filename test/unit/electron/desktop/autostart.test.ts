/** The entry that starts the app at login, on paths as people have them. */
import { mkdtemp, readdir, readFile, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  applyAutostart,
  autostartEntry,
  autostartFolder,
  type AutostartPlace,
  isHiddenStart,
  startCommand,
} from '../../../../electron/desktop/autostart.ts'

const WORDS = { name: 'Allium', comment: 'Private internet access' }

async function place(
  change: Partial<AutostartPlace> = {},
): Promise<AutostartPlace & { readonly set: unknown[] }> {
  const set: unknown[] = []
  return {
    platform: 'linux',
    env: {},
    homeFolder: await mkdtemp(join(tmpdir(), 'allium-autostart-')),
    command: ['/opt/Allium/allium'],
    setLoginItem: (settings) => set.push(settings),
    set,
    ...change,
  }
}

describe('the start at login', () => {
  it('is an entry of ours on Linux, which starts hidden, and is gone when it is not wanted', async () => {
    const here = await place()
    const file = join(here.homeFolder, '.config/autostart/allium.desktop')
    await applyAutostart(true, here, WORDS)
    const text = await readFile(file, 'utf8')
    expect(text).toMatch(/^\[Desktop Entry\]\nType=Application\n/)
    expect(text).toContain('\nExec="/opt/Allium/allium" "--hidden"\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await applyAutostart(false, here, WORDS)
    await applyAutostart(false, here, WORDS)
    expect(await readdir(join(here.homeFolder, '.config/autostart'))).toEqual([])
  })

  it.each(['darwin', 'win32'] as const)('is the own list of the system on %s', async (platform) => {
    const here = await place({ platform })
    await applyAutostart(true, here, WORDS)
    await applyAutostart(false, here, WORDS)
    expect(here.set).toEqual([
      { openAtLogin: true, args: ['--hidden'] },
      { openAtLogin: false, args: ['--hidden'] },
    ])
    expect(await readdir(here.homeFolder)).toEqual([])
  })

  it.each([
    ['/home/Ana B/Allium', '"/home/Ana B/Allium"'],
    ['/x/50% off', '"/x/50%% off"'],
    ['/x/"quoted"', '"/x/\\\\"quoted\\\\""'],
    ['/x/$HOME`id`', '"/x/\\\\$HOME\\\\`id\\\\`"'],
    ['/x/back\\slash', '"/x/back\\\\\\\\slash"'],
  ])('quotes the program %s, so that no shell or desktop reads anything else in it', (program, quoted) => {
    const entry = autostartEntry([program], WORDS)
    expect(entry).toContain(`\nExec=${quoted} "--hidden"\n`)
  })

  it('refuses a path that could add lines of its own to the entry', async () => {
    const here = await place({ command: ['/x/a\nExec=evil'] })
    await expect(applyAutostart(true, here, WORDS)).rejects.toMatchObject({ kind: 'autostart-failed' })
    expect(autostartEntry(['/x'], { name: 'A\nExec=evil', comment: '' })).not.toMatch(/^Exec=evil/m)
  })

  it('says by kind that the entry cannot be written', async () => {
    const here = await place({ homeFolder: fileURLToPath(import.meta.url) })
    await expect(applyAutostart(true, here, WORDS)).rejects.toMatchObject({ kind: 'autostart-failed' })
  })

  it('goes where the desktop looks, and ignores a place that is not absolute', () => {
    expect(autostartFolder({ env: { XDG_CONFIG_HOME: '/cfg' }, homeFolder: '/home/a' })).toBe(
      '/cfg/autostart',
    )
    const other = autostartFolder({ env: { XDG_CONFIG_HOME: 'cfg' }, homeFolder: '/home/a' })
    expect(other).toBe('/home/a/.config/autostart')
  })

  it('starts an AppImage by its own file, not by the folder that it is unpacked into', () => {
    const command = ['/tmp/.mount_x/allium']
    expect(startCommand({ env: { APPIMAGE: '/home/a/Allium.AppImage' }, command })).toEqual([
      '/home/a/Allium.AppImage',
    ])
    expect(startCommand({ env: {}, command })).toEqual(command)
  })

  it('knows a start at login by the argument, or by what macOS says', () => {
    expect(isHiddenStart(['allium', '--hidden'], false)).toBe(true)
    expect(isHiddenStart(['allium'], true)).toBe(true)
    expect(isHiddenStart(['allium'], false)).toBe(false)
  })
})
