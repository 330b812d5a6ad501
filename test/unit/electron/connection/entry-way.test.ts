/** How the next attempt goes about it, and when none may begin. */
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readHasConnectedBefore, rememberSuccess } from '../../../../electron/connection/connection-memory.ts'
import { attemptWay, requireEntry, shouldConnectAtStart } from '../../../../electron/connection/entry-way.ts'

const BRIDGE = { transport: 'vanilla', isEnabled: true, health: 'unknown' } as const

describe('the way of the next attempt', () => {
  it('is direct unless bridges are wanted, whatever bridges there are', () => {
    expect(attemptWay({ entry: 'direct', useBridges: false }, [BRIDGE])).toEqual({ kind: 'direct' })
  })

  it('is by bridges for somebody who hides, even if the other switch says otherwise', () => {
    const way = attemptWay({ entry: 'hide', useBridges: false }, [])
    expect(way).toEqual({ kind: 'bridges', transports: [], count: 0 })
  })

  it('counts only bridges that are enabled and that this version can speak to', () => {
    const bridges = [
      BRIDGE,
      BRIDGE,
      { ...BRIDGE, isEnabled: false },
      { ...BRIDGE, health: 'unavailable' as const },
    ]
    expect(attemptWay({ entry: 'direct', useBridges: true }, bridges)).toEqual({
      kind: 'bridges',
      transports: ['vanilla'],
      count: 2,
    })
  })

  it('refuses to begin before the question of the first run is answered', () => {
    expect(() => requireEntry({ entry: 'unasked' })).toThrow(
      expect.objectContaining({ kind: 'entry-unasked' }),
    )
    expect(() => requireEntry({ entry: 'hide' })).not.toThrow()
  })

  it('begins at the start of the app only when told to, after a success, and after the question', () => {
    const settings = { entry: 'direct', connectAtStart: true } as const
    expect(shouldConnectAtStart(settings, true)).toBe(true)
    expect(shouldConnectAtStart(settings, false)).toBe(false)
    expect(shouldConnectAtStart({ ...settings, connectAtStart: false }, true)).toBe(false)
    expect(shouldConnectAtStart({ ...settings, entry: 'unasked' }, true)).toBe(false)
  })
})

describe('the memory of the first success', () => {
  it('is kept in a private file and read back; a missing or broken file is no success', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'allium-memory-')), 'below', 'connection.json')
    expect(await readHasConnectedBefore(path)).toBe(false)
    await rememberSuccess(path)
    expect(await readHasConnectedBefore(path)).toBe(true)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1 })
    await writeFile(path, 'true')
    expect(await readHasConnectedBefore(path)).toBe(false)
  })
})
