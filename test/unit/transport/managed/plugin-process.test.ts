/** In a process of its own: it must run out of descriptors, and that holds for all of it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, test } from 'vitest'

const PROGRAM = `
  import { openSync, writeSync } from 'node:fs'
  import { startPluginProcess } from './core/transport/managed/plugin-process.ts'
  import { systemClock } from './core/util/clock.ts'
  try {
    for (;;) openSync('/dev/null')
  } catch {}
  const say = (words) => writeSync(1, words + '\\n')
  const sink = { onOutput() {}, onErrorOutput() {}, onEnd: say }
  const started = startPluginProcess({ program: '/bin/sh', args: [] }, {}, sink, systemClock)
  started.silence()
  await started.stop()
  say('goes on')
`

test('a plugin for which no descriptor is left is one that cannot be started, and nothing else ends', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'allium-plugin-process-'))
  const outfile = join(folder, 'program.mjs')
  try {
    const stdin = { contents: PROGRAM, resolveDir: resolve('.'), loader: 'ts' } as const
    await build({ stdin, bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' })
    const limited = ['-c', 'ulimit -n 64; exec "$@"', 'sh', process.execPath, outfile]
    const { stdout } = await promisify(execFile)('/bin/sh', limited)
    expect(stdout).toBe('cannot be started: EMFILE\ngoes on\n')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
