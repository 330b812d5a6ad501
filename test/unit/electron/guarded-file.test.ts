/** A file of the person's own that cannot be read: it is never lost, whatever is written later. */
import { mkdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { GuardedFile } from '../../../electron/guarded-file.ts'

const NOW_MS = Date.UTC(2026, 10, 22, 12)
const BACKUP = 'mine.broken-2026-11-22T12-00-00-000Z.json'
const UNREAD = 'mine.unread-2026-11-22T12-00-00-000Z.json'
const folders: string[] = []

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

interface RigHooks {
  /** Between two tries to read. */
  readonly onWait?: (path: string) => Promise<void>
  /** Once the file of before is out of the way, and nothing is in its place yet. */
  readonly onKept?: (path: string) => void
}

async function rig({ onWait = async () => undefined, onKept = () => undefined }: RigHooks = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'allium-guarded-'))
  folders.push(folder)
  const path = join(folder, 'mine.json')
  const logged: string[] = []
  const file = new GuardedFile({
    path,
    name: 'my file',
    without: 'nothing is there',
    maxBytes: 100_000,
    keepsNewestOnly: true,
    clock: {
      wallMs: () => NOW_MS,
      setTimer: (_, callback) => {
        void (async () => {
          await onWait(path)
          callback()
        })()
        return { cancel: () => undefined }
      },
    },
    log: (level, text) => {
      logged.push(`${level} ${text}`)
      if (text.includes('of before is kept')) onKept(path)
    },
  })
  return { file, folder, logged, path }
}

/** No user can read a folder as a file, not even root; and what is in it is what must not be lost. */
async function makeUnreadable(path: string): Promise<void> {
  await mkdir(path)
  await writeFile(join(path, 'content'), 'precious')
}

describe('a file that cannot be read', () => {
  it('is tried again: what holds it may let it go', async () => {
    const { file, logged, path } = await rig({
      onWait: async (held) => {
        await rm(held, { recursive: true })
        await writeFile(held, 'good')
      },
    })
    await makeUnreadable(path)
    expect(await file.read()).toBe('good')
    expect(file.trouble).toBeUndefined()
    expect(logged).toEqual([])
  })

  it('is said, and left where it is for the next start', async () => {
    const { file, folder, logged, path } = await rig()
    await makeUnreadable(path)
    expect(await file.read()).toBeUndefined()
    expect(file.trouble).toEqual({ backupName: undefined })
    expect(logged).toEqual([
      'warn my file cannot be read (EISDIR); it is left where it is, and nothing is there',
    ])
    expect(await readdir(folder)).toEqual(['mine.json'])
  })

  it('is kept under another name before anything is written in its place', async () => {
    const { file, folder, path } = await rig()
    await makeUnreadable(path)
    await file.read()
    await file.write('new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect(await readFile(join(folder, UNREAD, 'content'), 'utf8')).toBe('precious')
    expect(file.trouble).toEqual({ backupName: UNREAD })
    await file.write('newer')
    expect(await readFile(path, 'utf8')).toBe('newer')
  })

  it('is back in its place where nothing else could be written there, for the next start to read', async () => {
    // What no file can take the place of.
    const { file, folder, path } = await rig({ onKept: (place) => mkdirSync(place) })
    await makeUnreadable(path)
    await file.read()
    await expect(file.write('new')).rejects.toThrow()
    expect(await readdir(folder)).toEqual(['mine.json'])
    expect(await readFile(join(path, 'content'), 'utf8')).toBe('precious')
    expect(file.trouble).toEqual({ backupName: undefined })
  })

  it('and was put back is guarded still: the next change keeps it first', async () => {
    let faults = 1
    const { file, folder, path } = await rig({
      onKept: (place) => {
        if (faults-- > 0) mkdirSync(place)
      },
    })
    await makeUnreadable(path)
    await file.read()
    await expect(file.write('new')).rejects.toThrow()
    await file.write('new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect(await readFile(join(folder, UNREAD, 'content'), 'utf8')).toBe('precious')
  })

  it('may be the only good one, and outlives the copies of files that are damaged later', async () => {
    const { file, folder, path } = await rig()
    await makeUnreadable(path)
    await file.read()
    await file.write('half a')
    await file.keepBroken('is not readable')
    expect(new Set(await readdir(folder))).toEqual(new Set([BACKUP, 'mine.json', UNREAD]))
  })

  it('is not written over where it cannot be kept', async () => {
    const { file, folder, path } = await rig()
    await makeUnreadable(path)
    await file.read()
    // A name that is taken by what no folder can take the place of.
    await writeFile(join(folder, UNREAD), '')
    await expect(file.write('new')).rejects.toThrow()
    expect(await readFile(join(path, 'content'), 'utf8')).toBe('precious')
    await rm(join(folder, UNREAD))
    await file.write('new')
    expect(await readFile(path, 'utf8')).toBe('new')
  })

  it('and is gone when something is written is no trouble to that', async () => {
    const { file, path } = await rig()
    await makeUnreadable(path)
    await file.read()
    await rm(path, { recursive: true })
    await file.write('new')
    expect(await readFile(path, 'utf8')).toBe('new')
  })
})

describe('a damaged file', () => {
  it('that could not be copied is not written over until it is', async () => {
    const { file, folder, logged, path } = await rig()
    await writeFile(path, 'half a')
    await mkdir(join(folder, BACKUP))
    expect(await file.read()).toBe('half a')
    await file.keepBroken('is not readable')
    expect(file.trouble).toEqual({ backupName: undefined })
    expect(logged.join()).toContain('could not be copied')
    await expect(file.write('new')).rejects.toThrow()
    expect(await readFile(path, 'utf8')).toBe('half a')
    await rm(join(folder, BACKUP), { recursive: true })
    await file.write('new')
    expect(await readFile(path, 'utf8')).toBe('new')
    expect(await readFile(join(folder, BACKUP), 'utf8')).toBe('half a')
    expect(file.trouble).toEqual({ backupName: BACKUP })
  })
})
