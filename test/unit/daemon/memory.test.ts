/** In a process of its own: V8's flags hold for all of it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** Objects that die in the middle of their youth: each collection has some to move. */
const PROGRAM = `
  import { collectShortLivedBuffersYoung } from './core/daemon/memory.ts'
  collectShortLivedBuffersYoung()
  const kept = []
  for (let made = 0; made < 400_000; made++) kept[made % 5000] = { made, list: [made] }
`
/** V8 says a line for each collection, and one for each thread that has a part in it. */
const FLAGS = ['--trace-gc', '--trace-parallel-scavenge']

it('collects the young generation on the main thread, which waits for no helper', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'allium-memory-'))
  const outfile = join(folder, 'program.mjs')
  try {
    const stdin = { contents: PROGRAM, resolveDir: resolve('.'), loader: 'ts' } as const
    await build({ stdin, bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' })
    const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, outfile])
    const collections = stdout.match(/: Scavenge /g)?.length ?? 0
    const parts = stdout.match(/scavenge\[/g)?.length ?? 0
    expect(collections).toBeGreaterThan(5)
    expect(parts).toBe(collections)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
