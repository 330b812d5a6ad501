/** Whom the app's own folder is open to. */
import { chmodSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { keepFolderPrivate } from '../../../electron/private-folder.ts'

let home = ''
let said: string[] = []
const log = (level: string, text: string): void => void said.push(`${level} ${text}`)
const modeOf = (folder: string): number => statSync(folder).mode & 0o777

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'allium-folder-'))
  said = []
})

afterEach(() => rmSync(home, { recursive: true, force: true }))

describe('the folder of the app', () => {
  it('is made private', async () => {
    await keepFolderPrivate(join(home, 'a', 'b'), log)
    expect(modeOf(join(home, 'a', 'b'))).toBe(0o700)
    expect(said).toEqual([])
  })

  it.each([[0o777], [0o755], [0o710]])(
    'is closed to others, and that is said, where it has mode %o',
    async (mode) => {
      chmodSync(home, mode)
      await keepFolderPrivate(home, log)
      expect(modeOf(home)).toBe(0o700)
      expect(said).toEqual([expect.stringContaining('was open to others')])
    },
  )

  it('does not keep the app from starting where nothing can be done', async () => {
    await keepFolderPrivate('/dev/null/folder', log)
    expect(said).toEqual([expect.stringContaining('cannot be kept private')])
  })
})
