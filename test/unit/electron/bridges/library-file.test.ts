/** The file with the bridges: private, whole, and never lost when it is broken. */
import { mkdtemp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { EMPTY_LIBRARY, type LibraryDocument } from '../../../../electron/bridges/library-document.ts'
import { LibraryFile } from '../../../../electron/bridges/library-file.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { NOW_MS, plain } from './support.ts'

const LIBRARY: LibraryDocument = {
  ...EMPTY_LIBRARY,
  added: [plain(1)],
  builtIn: 'obfs4',
  disabled: [plain(1)],
  health: [{ line: plain(1), lastWorkedMs: NOW_MS }],
}

async function rig(content?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'allium-bridges-'))
  const path = join(folder, 'app', 'bridges.json')
  const logged: string[] = []
  const file = new LibraryFile({
    path,
    clock: manualClock(NOW_MS),
    log: (level, text) => void logged.push(`${level} ${text}`),
  })
  if (content !== undefined) {
    await file.save(EMPTY_LIBRARY)
    await writeFile(path, content)
  }
  return { folder, path, file, logged }
}

describe('the file with the bridges', () => {
  it('is empty before there is one, and has what was saved, for its owner alone', async () => {
    const { file, path, logged } = await rig()
    expect(await file.load()).toEqual(EMPTY_LIBRARY)
    await file.save(LIBRARY)
    expect(await file.load()).toEqual(LIBRARY)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(path, '..'))).mode & 0o777).toBe(0o700)
    expect(logged).toEqual([])
  })

  it('keeps what a newer version wrote', async () => {
    const { file, path } = await rig(JSON.stringify({ ...LIBRARY, version: 9, moonPhase: 'full' }))
    await file.save({ ...(await file.load()), builtIn: null })
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      version: 9,
      moonPhase: 'full',
      builtIn: null,
    })
  })

  it.each([
    ['', 'nothing'],
    ['{"version": 1', 'half of it'],
    ['[]', 'a list'],
    [JSON.stringify({ ...LIBRARY, added: [7] }), 'a number for a line'],
    [JSON.stringify({ ...LIBRARY, added: ['x'.repeat(5_000)] }), 'a line without end'],
    [JSON.stringify({ ...LIBRARY, health: [{ line: 'x', lastWorkedMs: 'now' }] }), 'a date that is none'],
    ['x'.repeat(1_000_001), 'far too much'],
  ])('when it is broken (%#) is kept under a dated name and said: %s', async (content) => {
    const { file, path, logged } = await rig(content)
    expect(await file.load()).toEqual(EMPTY_LIBRARY)
    const backup = 'bridges.broken-2026-11-22T12-00-00-000Z.json'
    expect(await readFile(join(path, '..', backup), 'utf8')).toBe(content)
    expect(logged).toEqual([expect.stringContaining(backup)])
    expect(logged[0]).not.toContain('192.0.2')
  })

  it('is written in the order of the calls, and leaves nothing beside it', async () => {
    const { file, path } = await rig()
    await Promise.all([1, 2, 3].map((number) => file.save({ ...EMPTY_LIBRARY, added: [plain(number)] })))
    expect((await file.load()).added).toEqual([plain(3)])
    expect(await readdir(join(path, '..'))).toEqual(['bridges.json'])
  })

  it('that cannot be written is an error with a kind', async () => {
    const { folder } = await rig()
    const blocked = join(folder, 'file')
    await writeFile(blocked, '')
    const file = new LibraryFile({
      path: join(blocked, 'bridges.json'),
      clock: manualClock(),
      log: () => {},
    })
    await expect(file.save(LIBRARY)).rejects.toMatchObject({ kind: 'bridges-not-written' })
  })
})
