/** In a process of its own: what goes wrong here blocks the process that it goes wrong in. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** Where exporting a generated key met the collection of its generator, one of some 2,000 pairs stopped everything. */
const PROGRAM = `
  import { generateX25519KeyPair } from './core/crypto/x25519.ts'
  const peer = generateX25519KeyPair().publicKey
  let pairs = 0
  for (; pairs < 10_000; pairs++) generateX25519KeyPair().agree(peer)
  console.log(pairs)
`

/** So many allocations and garbage is collected: sooner than a process under no load would. */
const FLAGS = ['--gc-interval=11']
const LIMIT_MS = 60_000

it(
  'makes key pairs by the ten thousand while garbage is collected, and never stands still',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'allium-x25519-'))
    const outfile = join(folder, 'program.mjs')
    try {
      await build({
        stdin: { contents: PROGRAM, resolveDir: resolve('.'), loader: 'ts' },
        bundle: true,
        platform: 'node',
        format: 'esm',
        outfile,
        logLevel: 'error',
      })
      const { stdout } = await promisify(execFile)(process.execPath, [...FLAGS, outfile], {
        timeout: LIMIT_MS,
        killSignal: 'SIGKILL',
      })
      expect(stdout.trim()).toBe('10000')
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
  LIMIT_MS + 10_000,
)
