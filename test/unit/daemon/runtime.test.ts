/** In a process of its own: V8's flags hold for all of it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, it } from 'vitest'

/** Runs a program that begins as ours do; returns what it and V8 say. */
async function run(program: string, flags: readonly string[]): Promise<string> {
  const contents = `import { tuneRuntime } from './core/daemon/runtime.ts'\ntuneRuntime()\n${program}`
  const folder = await mkdtemp(join(tmpdir(), 'allium-runtime-'))
  const outfile = join(folder, 'program.mjs')
  try {
    const stdin = { contents, resolveDir: resolve('.'), loader: 'ts' } as const
    await build({ stdin, bundle: true, platform: 'node', format: 'esm', outfile, logLevel: 'error' })
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [...flags, outfile])
    // V8 complains there of flags that it does not know.
    expect(stderr).toBe('')
    return stdout
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

it('collects the young generation on the main thread, which waits for no helper', async () => {
  // Objects that die in the middle of their youth: each collection has some to move.
  const program = `
    const kept = []
    for (let made = 0; made < 400_000; made++) kept[made % 5000] = { made, list: [made] }
  `
  const output = await run(program, ['--trace-gc', '--trace-parallel-scavenge'])
  // V8 says a line for each thread that has a part in a collection, and then one for the collection.
  const parts = output
    .split(/: Scavenge /)
    .slice(0, -1)
    .map((before) => before.match(/scavenge\[/g)?.length)
  // While Node starts nobody has told it yet.
  const ours = parts.slice(5)
  expect(ours.length).toBeGreaterThan(5)
  expect(ours).toEqual(ours.map(() => 1))
})

it('holds no more than a few megabytes of buffers that were decrypted and done with', async () => {
  const program = `
    import { createTor1RelayCrypto } from './core/crypto/tor1-relay-crypto.ts'
    const hop = createTor1RelayCrypto(Buffer.alloc(72, 1))
    const batch = Buffer.alloc(128 * 509)
    let highest = 0
    for (let done = 0; done < 2_000; done++) {
      hop.encrypt(batch, 128, 3)
      highest = Math.max(highest, process.memoryUsage().arrayBuffers)
    }
    console.log('highest', highest)
  `
  const highest = Number(/highest (\d+)/.exec(await run(program, []))?.[1])
  expect(highest).toBeGreaterThan(1_000_000)
  expect(highest).toBeLessThan(16_000_000)
})

it('leaves no way to collect garbage behind for whoever makes a context', async () => {
  const output = await run(
    `import { runInNewContext } from 'node:vm'\nconsole.log(runInNewContext('typeof gc'))`,
    [],
  )
  expect(output.trim()).toBe('undefined')
})

interface ThreadShare {
  readonly nice: number
  readonly cpuMs: number
}

/** The threads of a process, the first of them first, once one of the others has had much to do: it compiled. */
async function threadsThatCompiled(flags: readonly string[]): Promise<readonly ThreadShare[]> {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs'
    import { readFile } from 'node:fs/promises'
    const threads = () => readdirSync('/proc/self/task').map((id) => {
      const afterName = readFileSync('/proc/self/task/' + id + '/stat', 'utf8').split(') ')[1].split(' ')
      const [ns] = readFileSync('/proc/self/task/' + id + '/schedstat', 'utf8').split(' ')
      return { nice: Number(afterName[16]), cpuMs: Number(ns) / 1e6 }
    })
    await readFile('/proc/self/comm')
    let sum = 0
    for (let n = 0; !threads().slice(1).some(({ cpuMs }) => cpuMs > 30); n++) {
      const work = new Function('x', 'let y = x; for (let i = 0; i < 2000; i++) y = (y * ' + n + ' + i % 7) | 0; return y')
      for (let round = 0; round < 50; round++) sum += work(round)
    }
    for (const { nice, cpuMs } of threads()) console.log(nice, cpuMs)
  `
  const lines = (await run(program, flags)).trim().split('\n')
  return lines.map((line) => {
    const [nice, cpuMs] = line.split(' ').map(Number)
    return { nice: nice ?? Number.NaN, cpuMs: cpuMs ?? Number.NaN }
  })
}

it.runIf(process.platform === 'linux').each([
  { flags: ['--v8-pool-size=1'], helpers: 2 },
  { flags: ['--v8-pool-size=2'], helpers: 3 },
  { flags: [], helpers: 5 },
])('lets the threads that compile give way to all others, and no other ($flags)', async (started) => {
  const [first, ...others] = await threadsThatCompiled(started.flags)
  const busiest = others.reduce((a, b) => (b.cpuMs > a.cpuMs ? b : a))
  expect(first?.nice).toBe(0)
  expect(busiest.nice).toBeGreaterThan(0)
  expect(others.filter(({ nice }) => nice > 0).length).toBe(started.helpers)
  // Those that read files, and one that waits for a signal.
  expect(others.filter(({ nice }) => nice === 0).length).toBeGreaterThan(4)
})
