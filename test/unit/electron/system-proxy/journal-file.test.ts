/** The journal's file against whoever else may write on this computer, and against a loss of power. */
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  encodeJournal,
  FileJournal,
  type Journal,
  parseJournal,
} from '../../../../electron/system-proxy/journal.ts'
import { PrivateJournalFile } from '../../../../electron/system-proxy/journal-file.ts'

const JOURNAL: Journal = {
  backend: 'gnome',
  startedMs: 1,
  previous: { 'org.gnome.system.proxy mode': "'none'", other: null },
  applied: { 'org.gnome.system.proxy mode': ["'manual'"] },
  doors: [{ host: '127.0.0.1', port: 9251 }],
}

let folder: string
let path: string
let store: FileJournal

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allium-journal-'))
  path = join(folder, 'data', 'system-proxy.json')
  store = new FileJournal(new PrivateJournalFile(path))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

describe('the file of the journal', () => {
  it('is not there, is kept, and is gone', async () => {
    expect(await store.load()).toEqual({ kind: 'none' })
    await store.save(JOURNAL)
    expect(await store.load()).toEqual({ kind: 'kept', journal: JOURNAL })
    await store.remove()
    expect(await store.load()).toEqual({ kind: 'none' })
    await store.remove()
    expect(await readdir(join(folder, 'data'))).toEqual([])
  })

  it("is its owner's alone, and so is its folder", async () => {
    await store.save(JOURNAL)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
    expect((await stat(join(folder, 'data'))).mode & 0o777).toBe(0o700)
  })

  it('is not read through a link, nor where others may write it', async () => {
    await store.save(JOURNAL)
    const elsewhere = join(folder, 'elsewhere')
    await writeFile(elsewhere, encodeJournal(JOURNAL), { mode: 0o600 })
    await store.remove()
    await symlink(elsewhere, path)
    expect(await store.load()).toMatchObject({ kind: 'broken' })
    await store.remove()
    await store.save(JOURNAL)
    await chmod(path, 0o666)
    expect(await store.load()).toEqual({ kind: 'broken', why: 'others may write it' })
  })

  it('is not written through a link that somebody put in its place or in that of its draft', async () => {
    await store.save(JOURNAL)
    const victim = join(folder, 'victim')
    await writeFile(victim, 'precious')
    await store.remove()
    await symlink(victim, path)
    await symlink(victim, `${path}.new`)
    await store.save(JOURNAL)
    expect(await readFile(victim, 'utf8')).toBe('precious')
    expect((await lstat(path)).isFile()).toBe(true)
  })

  it('is broken, not empty, when it is cut anywhere', async () => {
    const text = encodeJournal(JOURNAL)
    for (let length = 0; length < text.length - 2; length += 7) {
      await store.save(JOURNAL)
      await truncate(path, length)
      expect((await store.load()).kind).toBe('broken')
    }
  })

  it('is put aside under another name when it is broken', async () => {
    await store.save(JOURNAL)
    await writeFile(path, 'x')
    expect(await store.setAside()).toBe(join('data', 'system-proxy.json.broken'))
    expect(await readFile(`${path}.broken`, 'utf8')).toBe('x')
    expect(await store.load()).toEqual({ kind: 'none' })
  })

  it('is not read when it is far too large', async () => {
    await store.save(JOURNAL)
    await truncate(path, 5_000_000)
    expect(await store.load()).toEqual({ kind: 'broken', why: 'it is far too large' })
  })
})

describe('the text of the journal', () => {
  it.each([
    ['a door on another computer', { doors: [{ host: '10.0.0.1', port: 1 }] }],
    ['a port that is none', { doors: [{ host: '127.0.0.1', port: 0 }] }],
    ['another system', { backend: 'beos' }],
    ['a newer version', { version: 2 }],
    ['a value that is no text', { previous: { mode: 1 } }],
    ['something more', { extra: true }],
  ])('with %s is refused', (_what, change) => {
    expect(() => parseJournal(JSON.stringify({ version: 1, ...JOURNAL, ...change }))).toThrow()
  })
})
