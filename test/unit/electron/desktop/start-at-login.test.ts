/** That the switch never says of the start at login what is not so. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../../../../electron/app-error.ts'
import { StartAtLogin } from '../../../../electron/desktop/start-at-login.ts'
import { SettingsFile } from '../../../../electron/settings/settings-file.ts'
import { manualClock } from '../../../support/manual-clock.ts'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allium-login-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

/** A system with one entry, which follows or does not. */
function system() {
  const seen: boolean[] = []
  const state = { isThere: false, follows: true }
  return {
    seen,
    state,
    async apply(isWanted: boolean) {
      seen.push(isWanted)
      if (!state.follows) throw new AppError('autostart-failed', 'read-only')
      state.isThere = isWanted
    },
    async refresh() {
      if (!state.follows) throw new AppError('autostart-failed', 'unreadable')
      return state.isThere
    },
  }
}

async function setUp(path = join(folder, 'settings.json')) {
  const autostart = system()
  const logged: string[] = []
  const settings = await SettingsFile.open({
    path,
    clock: manualClock(0),
    secrets: {
      isAvailable: () => Promise.resolve(false),
      encrypt: (text) => Promise.resolve(text),
      decrypt: (text) => Promise.resolve(text),
    },
    log: (_, text) => logged.push(text),
    hasConnectedBefore: () => true,
  })
  const login = new StartAtLogin({ autostart, settings, log: (_, text) => logged.push(text) })
  return { autostart, settings, login, logged }
}

describe('the switch for the start at login', () => {
  it('stays as it was and says why when the system does not follow', async () => {
    const { autostart, settings, login } = await setUp()
    autostart.state.follows = false
    await expect(login.change({ startAtLogin: true })).rejects.toMatchObject({ kind: 'autostart-failed' })
    expect(settings.current.startAtLogin).toBe(false)
  })

  it('takes the system back with it when the choice cannot be kept', async () => {
    const path = join(folder, 'settings.json')
    const { autostart, settings, login } = await setUp(path)
    await mkdir(path)
    await expect(login.change({ startAtLogin: true })).rejects.toMatchObject({ kind: 'settings-not-written' })
    expect(autostart.seen).toEqual([true, false])
    expect(settings.current.startAtLogin).toBe(false)
  })

  it('ends where the last of several presses wanted it', async () => {
    const { autostart, settings, login } = await setUp()
    await Promise.all([true, false, true].map((startAtLogin) => login.change({ startAtLogin })))
    expect([autostart.state.isThere, settings.current.startAtLogin]).toEqual([true, true])
  })

  it('leaves the system alone at any other change', async () => {
    const { autostart, settings, login } = await setUp()
    await login.change({ theme: 'dark' })
    expect(settings.current.theme).toBe('dark')
    expect(autostart.seen).toEqual([])
  })

  it('goes off at the next start when the person deleted the entry in the system', async () => {
    const { autostart, settings, login } = await setUp()
    await login.change({ startAtLogin: true })
    await login.followSystem()
    expect(settings.current.startAtLogin).toBe(true)
    autostart.state.isThere = false
    await login.followSystem()
    expect(settings.current.startAtLogin).toBe(false)
    expect(autostart.seen).toEqual([true])
  })

  it('stays on when the system cannot be asked', async () => {
    const { autostart, settings, login, logged } = await setUp()
    await login.change({ startAtLogin: true })
    autostart.state.follows = false
    await login.followSystem()
    expect(settings.current.startAtLogin).toBe(true)
    expect(logged).toEqual(['the start at login could not be looked at'])
  })
})
