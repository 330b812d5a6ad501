/** The entry that starts the app at login, on paths as people have them. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import {
  autostartEntry,
  autostartFolder,
  type AutostartPlace,
  createAutostart,
  isHiddenStart,
  startCommand,
} from '../../../../electron/desktop/autostart.ts'

const WORDS = { name: 'Allium', comment: 'Private internet access' }

/** As Electron has it: what was set is there, or is not, and nothing is said. */
function loginItem(follows: boolean) {
  const set: { readonly openAtLogin: boolean; readonly args: string[] }[] = []
  return {
    sets: set,
    set: (settings: { readonly openAtLogin: boolean; readonly args: string[] }) => void set.push(settings),
    get: () => ({ openAtLogin: follows && set.at(-1)?.openAtLogin === true }),
  }
}

async function place(change: Partial<AutostartPlace> = {}): Promise<AutostartPlace> {
  return {
    platform: 'linux',
    env: {},
    homeFolder: await mkdtemp(join(tmpdir(), 'allium-autostart-')),
    command: ['/opt/Allium/allium'],
    loginItem: loginItem(true),
    ...change,
  }
}

const start = (here: AutostartPlace) => createAutostart(here, () => WORDS)

describe('the start at login', () => {
  it('is an entry of ours on Linux, which starts hidden, and is gone when it is not wanted', async () => {
    const here = await place()
    const file = join(here.homeFolder, '.config/autostart/allium.desktop')
    await start(here).apply(true, 'en')
    const text = await readFile(file, 'utf8')
    expect(text).toMatch(/^\[Desktop Entry\]\nType=Application\n/)
    expect(text).toContain('\nExec="/opt/Allium/allium" "--hidden"\n')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    await start(here).apply(false, 'en')
    await start(here).apply(false, 'en')
    expect(await readdir(join(here.homeFolder, '.config/autostart'))).toEqual([])
  })

  it.each(['darwin', 'win32'] as const)('is the own list of the system on %s', async (platform) => {
    const item = loginItem(true)
    const here = await place({ platform, loginItem: item })
    await start(here).apply(true, 'en')
    await start(here).apply(false, 'en')
    expect(item.sets).toEqual([
      { openAtLogin: true, args: ['--hidden'] },
      { openAtLogin: false, args: ['--hidden'] },
    ])
    expect(await readdir(here.homeFolder)).toEqual([])
  })

  it.each(['darwin', 'win32'] as const)(
    'is read back on %s, where setting it never fails: a system that does not follow is said',
    async (platform) => {
      const here = await place({ platform, loginItem: loginItem(false) })
      await expect(start(here).apply(true, 'en')).rejects.toMatchObject({ kind: 'autostart-failed' })
      await start(here).apply(false, 'en')
      expect(await start(here).refresh('en')).toBe(false)
    },
  )

  it('is off on Windows where the item is there and the person has turned it off', async () => {
    const item = {
      set: () => undefined,
      get: () => ({ openAtLogin: true, executableWillLaunchAtLogin: false }),
    }
    const here = await place({ platform: 'win32', loginItem: item })
    expect(await start(here).refresh('en')).toBe(false)
  })

  it('leads to where the program has moved, and leaves an entry alone that is right', async () => {
    const here = await place()
    const file = join(here.homeFolder, '.config/autostart/allium.desktop')
    await start({ ...here, command: ['/old/allium'] }).apply(true, 'en')
    expect(await start(here).refresh('en')).toBe(true)
    expect(await readFile(file, 'utf8')).toContain('\nExec="/opt/Allium/allium" "--hidden"\n')
    const own = `${await readFile(file, 'utf8')}X-GNOME-Autostart-Delay=5\n`
    await writeFile(file, own)
    expect(await start(here).refresh('en')).toBe(true)
    expect(await readFile(file, 'utf8')).toBe(own)
  })

  it('is not made again where the person has deleted it, or turned it off in the desktop', async () => {
    const here = await place()
    const file = join(here.homeFolder, '.config/autostart/allium.desktop')
    await start(here).apply(true, 'en')
    const text = await readFile(file, 'utf8')
    for (const off of [
      text.replace('enabled=true', 'enabled=false'),
      `${text.replace('/opt', '/old')}Hidden=true\n`,
    ]) {
      await writeFile(file, off)
      expect(await start(here).refresh('en')).toBe(false)
      expect(await readFile(file, 'utf8')).toBe(off)
    }
    await rm(file)
    expect(await start(here).refresh('en')).toBe(false)
    expect(await readdir(join(here.homeFolder, '.config/autostart'))).toEqual([])
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
    await expect(start(here).apply(true, 'en')).rejects.toMatchObject({ kind: 'autostart-failed' })
    expect(autostartEntry(['/x'], { name: 'A\nExec=evil', comment: '' })).not.toMatch(/^Exec=evil/m)
  })

  it('says by kind that the entry cannot be written', async () => {
    const here = await place({ homeFolder: fileURLToPath(import.meta.url) })
    await expect(start(here).apply(true, 'en')).rejects.toMatchObject({ kind: 'autostart-failed' })
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
