/** The way on where damaged rules stop the start: only for a file that does, and only while nothing runs on it. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { setAsideDamagedRules } from '../../../core/client/site-policies.ts'
import { systemRandom } from '../../../core/crypto/system-random.ts'
import { openFileStateStore } from '../../../core/persist/file-state-store.ts'
import { silentLogger } from '../../../core/util/log.ts'

let folder: string
let file: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'allium-rules-'))
  file = join(folder, 'sites.json')
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('rules that are set aside', () => {
  it.each(['{"version":1,', '{"version":9,"content":{"sites":[]}}', ''])(
    'are kept under another name where they stop the start: %s',
    async (text) => {
      await writeFile(file, text)
      expect(await setAsideDamagedRules(folder)).toBe('sites.json.bad-1')
      expect(await readFile(`${file}.bad-1`, 'utf8')).toBe(text)
      expect(await readdir(folder)).not.toContain('sites.json')
    },
  )

  it('are never those that can be read, for a block would be lifted', async () => {
    expect(await setAsideDamagedRules(folder)).toBeUndefined()
    const text = '{"version":1,"content":{"sites":[{"site":"a.example","blocked":1,"country":""}]}}'
    await writeFile(file, text)
    expect(await setAsideDamagedRules(folder)).toBeUndefined()
    expect(await readFile(file, 'utf8')).toBe(text)
  })

  it('are not touched while a client runs on them', async () => {
    const store = await openFileStateStore(folder, { random: systemRandom, log: silentLogger })
    await writeFile(file, 'damaged')
    await expect(setAsideDamagedRules(folder)).rejects.toMatchObject({ kind: 'state' })
    expect(await readFile(file, 'utf8')).toBe('damaged')
    await store.close()
  })
})
