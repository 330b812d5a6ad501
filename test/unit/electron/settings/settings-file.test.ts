/** The settings file: what it keeps, what becomes of a broken one, and what is refused. */
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DEFAULT_SETTINGS, type SettingsChange } from '../../../../electron/ipc/settings.ts'
import { withoutSecrets } from '../../../../electron/settings/settings-document.ts'
import { type SecretStore, SettingsFile } from '../../../../electron/settings/settings-file.ts'
import { manualClock } from '../../../support/manual-clock.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 12, 30)
const BACKUP = 'settings.broken-2026-11-22T12-30-00-000Z.json'
const PROXY = { kind: 'socks5', host: 'proxy.example', port: 1080, username: 'me' } as const
const SECRET = 'correct horse'

const turnAround = (text: string): string => text.split('').reverse().join('')

/** Turns the text around: enough to see whether it was asked. */
const keyring: SecretStore = {
  isAvailable: () => Promise.resolve(true),
  encrypt: (text) => Promise.resolve(turnAround(text)),
  decrypt: (sealed) => Promise.resolve(turnAround(sealed)),
}
const noKeyring: SecretStore = {
  isAvailable: () => Promise.resolve(false),
  encrypt: () => Promise.reject(new Error('no keyring')),
  decrypt: () => Promise.reject(new Error('no keyring')),
}

interface Rig {
  readonly path: string
  readonly folder: string
  readonly logged: string[]
  readonly open: (options?: { secrets?: SecretStore; hasConnectedBefore?: boolean }) => Promise<SettingsFile>
  readonly text: () => Promise<string>
}

async function rig(content?: string): Promise<Rig> {
  const folder = await mkdtemp(join(tmpdir(), 'allium-settings-'))
  const path = join(folder, 'settings.json')
  if (content !== undefined) await writeFile(path, content)
  const logged: string[] = []
  const open: Rig['open'] = ({ secrets = keyring, hasConnectedBefore = false } = {}) =>
    SettingsFile.open({
      path,
      clock: manualClock(NOW_MS),
      secrets,
      log: (level, text) => void logged.push(`${level} ${text}`),
      hasConnectedBefore: () => hasConnectedBefore,
    })
  return { path, folder, logged, open, text: () => readFile(path, 'utf8') }
}

describe('the settings file', () => {
  it('begins with the defaults and no trouble when there is none, and writes nothing', async () => {
    const { open, folder } = await rig()
    const file = await open()
    expect(file.current).toEqual(DEFAULT_SETTINGS)
    expect(file.trouble).toBeUndefined()
    expect(await readdir(folder)).toEqual([])
  })

  it('keeps a change for the next start, in a file that only the user can read', async () => {
    const { open, path } = await rig()
    await (await open()).change({ entry: 'direct', theme: 'dark' })
    expect((await open()).current).toEqual({ ...DEFAULT_SETTINGS, entry: 'direct', theme: 'dark' })
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('keeps what a newer version wrote, and its number', async () => {
    const { open, text } = await rig('{"version": 7, "entry": "direct", "moonPhase": {"wanted": true}}')
    await (await open()).change({ theme: 'light' })
    expect(JSON.parse(await text())).toMatchObject({
      version: 7,
      moonPhase: { wanted: true },
      theme: 'light',
    })
  })

  it.each(['', '{"version": 1', '[]', 'null', '"text"', '\u0000\u0001'])(
    'keeps a broken file under a dated name, says so, and goes on with the defaults: %j',
    async (content) => {
      const { open, folder, logged } = await rig(content)
      const file = await open()
      expect(file.current).toEqual(DEFAULT_SETTINGS)
      expect(file.trouble).toEqual({ backupName: BACKUP })
      expect(await readFile(join(folder, BACKUP), 'utf8')).toBe(content)
      expect(logged).toEqual([expect.stringMatching(/^warn the settings file is not readable/)])
    },
  )

  it('does not fill the disk with broken files: only the newest is kept', async () => {
    const { open, folder } = await rig('broken')
    await writeFile(join(folder, 'settings.broken-2020-01-01T00-00-00-000Z.json'), 'older')
    await open()
    expect(new Set(await readdir(folder))).toEqual(new Set([BACKUP, 'settings.json']))
  })

  it('loses one bad value and not the others, and names it without repeating it', async () => {
    const content = '{"version": 1, "entry": "direct", "theme": "mauve", "socksPort": 9999}'
    const { open, logged } = await rig(content)
    const file = await open()
    expect(file.current).toEqual({ ...DEFAULT_SETTINGS, entry: 'direct', socksPort: 9999 })
    expect(file.trouble).toEqual({ backupName: BACKUP })
    expect(logged.join()).toContain('theme')
    expect(logged.join()).not.toContain('mauve')
  })

  it.each([
    '"entry": "sideways"',
    '"useBridges": "yes"',
    '"upstreamProxy": {"kind": "socks5"}',
    '"excludedCountries": "all"',
  ])('begins nothing by itself after a value was lost that protects somebody: %s', async (bad) => {
    const content = `{"version": 1, "entry": "direct", "connectAtStart": true, ${bad}}`
    const { current } = await (await rig(content)).open()
    expect(current).toMatchObject({ entry: 'unasked', connectAtStart: false })
  })

  it('writes one change after the other, so that none is lost', async () => {
    const { open } = await rig()
    const file = await open()
    const changes: SettingsChange[] = [{ theme: 'dark' }, { closeToTray: true }, { notifications: false }]
    await Promise.all(changes.map((change) => file.change(change)))
    expect((await open()).current).toMatchObject({ theme: 'dark', closeToTray: true, notifications: false })
  })

  it('tells watchers what is and what was, after it was written', async () => {
    const { open } = await rig()
    const file = await open()
    const told: string[] = []
    const end = file.watch((now, before) => told.push(`${before.theme} ${now.theme}`))
    await file.change({ theme: 'dark' })
    end()
    await file.change({ theme: 'light' })
    expect(told).toEqual(['system dark'])
  })

  it('changes nothing when the file cannot be written, and says so by kind', async () => {
    const { folder, open } = await rig()
    const file = await open()
    await writeFile(join(folder, 'wall'), '')
    const blocked = await SettingsFile.open({
      path: join(folder, 'wall', 'settings.json'),
      clock: manualClock(NOW_MS),
      secrets: keyring,
      log: () => {},
      hasConnectedBefore: () => true,
    })
    await expect(blocked.change({ theme: 'dark' })).rejects.toMatchObject({ kind: 'settings-not-written' })
    expect(blocked.current.theme).toBe('system')
    await file.change({ theme: 'dark' })
    expect(file.current.theme).toBe('dark')
  })
})

describe('the rules between settings', () => {
  it.each([
    ['connect-at-start-too-early', { connectAtStart: true }],
    ['hide-needs-bridges', { entry: 'hide', useBridges: false }],
    ['bad-setting', { entry: 'unasked' }],
    ['ports-equal', { socksPort: 9251 }],
    ['check-url-not-https', { checkUrl: 'http://check.example/' }],
    ['check-url-not-https', { checkUrl: 'https://me:secret@check.example/' }],
    ['check-url-not-https', { checkUrl: 'file:///etc/passwd' }],
  ] as const)('refuses with %s and changes nothing', async (kind, change) => {
    const file = await (await rig()).open()
    await expect(file.change(change)).rejects.toMatchObject({ kind })
    expect(file.current).toEqual(DEFAULT_SETTINGS)
  })

  it('may connect at start after a first success', async () => {
    const file = await (await rig()).open({ hasConnectedBefore: true })
    await file.change({ connectAtStart: true })
    expect(file.current.connectAtStart).toBe(true)
  })

  it('turns bridges on for somebody who hides, and refuses to turn them off', async () => {
    const file = await (await rig()).open()
    await file.change({ entry: 'hide' })
    expect(file.current.useBridges).toBe(true)
    await expect(file.change({ useBridges: false })).rejects.toMatchObject({ kind: 'hide-needs-bridges' })
    await file.change({ entry: 'direct', useBridges: false })
    expect(file.current).toMatchObject({ entry: 'direct', useBridges: false })
  })

  it('takes two free ports, and a check service on an onion address', async () => {
    const file = await (await rig()).open()
    await file.change({ socksPort: 0, httpPort: 0, checkUrl: 'http://checkserviceaddress.onion/ip' })
    expect(file.current).toMatchObject({ socksPort: 0, httpPort: 0 })
  })
})

describe('the password of the upstream proxy', () => {
  const change: SettingsChange = { upstreamProxy: { ...PROXY, password: SECRET } }

  it('is on the disk only encrypted where the system has a store, and comes back', async () => {
    const { open, text, logged } = await rig()
    const file = await open()
    await file.change(change)
    await file.change({ theme: 'dark' })
    expect(await text()).not.toContain(SECRET)
    expect(file.passwordStorage).toBe('encrypted')
    expect((await open()).current.upstreamProxy).toEqual({ ...PROXY, password: SECRET })
    expect(logged).toEqual([])
  })

  it('is plain in the private file where there is no store, which is said without it', async () => {
    const { open, logged } = await rig()
    const file = await open({ secrets: noKeyring })
    await file.change(change)
    expect(file.passwordStorage).toBe('plain')
    expect((await open({ secrets: noKeyring })).current.upstreamProxy).toMatchObject({ password: SECRET })
    expect(logged.join()).toContain('plain in the settings file')
    expect(logged.join()).not.toContain(SECRET)
  })

  it('outlives a start without the keyring', async () => {
    const { open } = await rig()
    await (await open()).change(change)
    const locked = await open({ secrets: noKeyring })
    expect(locked.current.upstreamProxy).toEqual(PROXY)
    expect(locked.passwordStorage).toBe('locked')
    await locked.change({ theme: 'dark' })
    expect((await open()).current.upstreamProxy).toEqual({ ...PROXY, password: SECRET })
  })

  it('stays when the page, which never sees it, sends the same proxy back, and goes with another host', async () => {
    const file = await (await rig()).open()
    await file.change(change)
    expect(withoutSecrets(file.current).upstreamProxy).toEqual(PROXY)
    await file.change({ upstreamProxy: PROXY })
    await file.change({ upstreamProxy: { ...PROXY, password: '' } })
    expect(file.current.upstreamProxy).toMatchObject({ password: SECRET })
    await file.change({ upstreamProxy: { ...PROXY, host: 'other.example', password: '' } })
    expect(JSON.stringify(file.current)).not.toContain(SECRET)
  })

  it('is removed with its user, and with the proxy', async () => {
    const { open, text } = await rig()
    const file = await open()
    await file.change(change)
    await file.change({ upstreamProxy: { kind: 'socks5', host: PROXY.host, port: PROXY.port } })
    expect(await text()).not.toContain('upstreamProxyPassword')
    await file.change(change)
    await file.change({ upstreamProxy: null })
    expect(await text()).not.toContain('upstreamProxyPassword')
    expect(file.passwordStorage).toBe('none')
  })
})
