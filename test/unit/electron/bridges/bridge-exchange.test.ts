/** Bridges to a file and back, with dialogs that the test answers: what is written, and what the page can make main do. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { BridgeExchange } from '../../../../electron/bridges/bridge-exchange.ts'
import { openLibrary, plain } from './support.ts'

const PASSPHRASE = 'four odd words together'
let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allium-exchange-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function setUp(path: () => string | undefined = () => join(folder, 'out')) {
  const { library } = await openLibrary({ added: [plain(1), plain(2), plain(3)] })
  const names: string[] = []
  const exchange = new BridgeExchange({
    dialogs: {
      saveTo: async (name) => {
        names.push(name)
        return path()
      },
      open: async () => path(),
    },
    bridges: () => library.view.bridges,
  })
  const ids = library.view.bridges.map(({ id }) => id)
  return { exchange, ids, names }
}

describe('saving bridges', () => {
  it('writes those that were meant, for their owner alone, and they come back by the passphrase', async () => {
    const { exchange, ids, names } = await setUp()
    expect(await exchange.save(ids.slice(0, 2), PASSPHRASE)).toBe('saved')
    expect(names).toEqual(['bridges.json'])
    expect((await stat(join(folder, 'out'))).mode & 0o777).toBe(0o600)
    expect(await readdir(folder)).toEqual(['out'])
    expect(await readFile(join(folder, 'out'), 'utf8')).not.toContain('192.0.2')
    expect(await exchange.open()).toEqual({ kind: 'locked' })
    await expect(exchange.unlock('not this one')).rejects.toMatchObject({
      kind: 'bridge-file-wrong-passphrase',
    })
    expect(await exchange.unlock(PASSPHRASE)).toBe(`${plain(1)}\n${plain(2)}`)
    await expect(exchange.unlock(PASSPHRASE)).rejects.toMatchObject({ kind: 'aborted' })
  })

  it('leaves them open only where no passphrase was wanted', async () => {
    const { exchange, ids, names } = await setUp()
    await exchange.save(ids.slice(2), null)
    expect(names).toEqual(['bridges.txt'])
    expect(await readFile(join(folder, 'out'), 'utf8')).toBe(`${plain(3)}\n`)
    expect(await exchange.open()).toEqual({ kind: 'text', text: `${plain(3)}\n` })
  })

  it('writes nothing when the person gives up, and says why where nothing can be written', async () => {
    const given = await setUp(() => undefined)
    expect(await given.exchange.save(given.ids, PASSPHRASE)).toBe('cancelled')
    expect(await given.exchange.open()).toEqual({ kind: 'cancelled' })
    const barred = await setUp(() => join(folder, 'missing', 'out'))
    await expect(barred.exchange.save(barred.ids, null)).rejects.toMatchObject({
      kind: 'bridge-file-not-written',
    })
    await expect(barred.exchange.save(['none'], null)).rejects.toMatchObject({ kind: 'no-bridges' })
    expect(await readdir(folder)).toEqual([])
  })
})

describe('opening a file', () => {
  it('says why one cannot be read, and forgets the one before it', async () => {
    let path = join(folder, 'out')
    const { exchange, ids } = await setUp(() => path)
    await exchange.save(ids, PASSPHRASE)
    expect(await exchange.open()).toEqual({ kind: 'locked' })
    path = join(folder, 'nothing')
    await expect(exchange.open()).rejects.toMatchObject({ kind: 'bridge-file-unreadable' })
    await expect(exchange.unlock(PASSPHRASE)).rejects.toMatchObject({ kind: 'aborted' })
    path = folder
    await expect(exchange.open()).rejects.toMatchObject({ kind: 'bridge-file-unreadable' })
    path = join(folder, 'large')
    await writeFile(path, 'x'.repeat(2_000_000))
    await expect(exchange.open()).rejects.toMatchObject({ kind: 'bridge-file-broken' })
  })

  it('is done once at a time, so that a page cannot fill the screen with dialogs or the memory with keys', async () => {
    const { exchange } = await setUp()
    const first = exchange.open().catch(() => 'ended')
    await expect(exchange.open()).rejects.toMatchObject({ kind: 'too-many' })
    await expect(exchange.unlock('x')).rejects.toMatchObject({ kind: 'too-many' })
    expect(await first).toBe('ended')
  })
})
