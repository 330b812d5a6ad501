import { describe, expect, it } from 'vitest'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { MAX_BACKUPS } from '../../../core/persist/state-store.ts'

describe('the state store in memory', () => {
  it('gives back a copy of what was written, so that neither side can change the other', async () => {
    const store = new MemoryStateStore()
    const bytes = Buffer.from('one')
    await store.write('state.json', bytes)
    bytes[0] = 0
    const read = await store.read('state.json')
    expect(Buffer.from(read ?? []).toString()).toBe('one')
    read?.fill(0)
    expect(Buffer.from((await store.read('state.json')) ?? []).toString()).toBe('one')
  })

  it('appends, removes and answers undefined for what is not there', async () => {
    const store = new MemoryStateStore()
    await store.append('journal', Buffer.from('a'))
    await store.append('journal', Buffer.from('b'))
    expect(Buffer.from((await store.read('journal')) ?? []).toString()).toBe('ab')
    await store.remove('journal')
    await store.remove('journal')
    expect(await store.read('journal')).toBeUndefined()
  })

  it('keeps a bounded number of backups and drops the oldest', async () => {
    const store = new MemoryStateStore()
    expect(await store.keepBackup('state.json')).toBeUndefined()
    for (let n = 0; n <= MAX_BACKUPS; n++) {
      await store.write('state.json', Buffer.from(`bad ${n}`))
      await store.keepBackup('state.json')
    }
    expect(store.names()).toHaveLength(MAX_BACKUPS)
    const text = Buffer.from(store.peek('state.json.bad-1') ?? []).toString()
    expect(text).toBe(`bad ${MAX_BACKUPS}`)
  })

  it('refuses everything once it is closed', async () => {
    const store = new MemoryStateStore()
    await store.close()
    await expect(store.read('state.json')).rejects.toMatchObject({ kind: 'closed' })
    await expect(store.write('state.json', Buffer.alloc(1))).rejects.toMatchObject({ kind: 'closed' })
  })

  it.each([
    '',
    '.',
    '..',
    '../x',
    'a/b',
    'a\\b',
    '/etc/x',
    'Big',
    '.hidden',
    'a\0b',
    'lock',
    'x.tmp',
    'x.bad-1',
    'a'.repeat(101),
  ])('refuses %j as a document name', async (name) => {
    await expect(new MemoryStateStore().read(name)).rejects.toMatchObject({ kind: 'internal' })
  })
})
