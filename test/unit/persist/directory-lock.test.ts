import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterEach, beforeEach, expect, it } from 'vitest'

let base: string
let program: string
const children: ChildProcess[] = []

/** Opens the store, adds to a document what it is told to, says how that went and stays until it is killed. */
const PROGRAM = `
  import { systemRandom } from './core/crypto/system-random.ts'
  import { openFileStateStore } from './core/persist/file-state-store.ts'
  import { silentLogger } from './core/util/log.ts'
  const [, , directory, ...sizes] = process.argv
  openFileStateStore(directory, { random: systemRandom, log: silentLogger }).then(async (store) => {
    for (const size of sizes) await store.append('journal', Buffer.alloc(Number(size)))
  }).then(
    () => console.log('holds'),
    (error) => console.log(error.message),
  )
  setInterval(() => {}, 1000)
`

beforeEach(async () => {
  base = await fs.mkdtemp(join(tmpdir(), 'allium-lock-'))
  program = join(base, 'program.mjs')
  await build({
    stdin: { contents: PROGRAM, resolveDir: resolve('.'), loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: program,
    logLevel: 'error',
  })
})
afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  await fs.rm(base, { recursive: true, force: true })
})

/** Starts a process on the directory and gives its answer. */
function start(): { child: ChildProcess; answer: Promise<string> } {
  return startAs([process.execPath])
}

/** The same, of a process that can write so many blocks into any file and no more, as on a full disk. */
function startWithoutRoom(blocks = 0, ...sizes: number[]): { child: ChildProcess; answer: Promise<string> } {
  return startAs(['sh', '-c', `ulimit -f ${blocks}; exec "$@"`, 'sh', process.execPath], ...sizes)
}

function startAs(
  [command = '', ...args]: string[],
  ...sizes: number[]
): { child: ChildProcess; answer: Promise<string> } {
  const child = spawn(command, [...args, program, join(base, 'data'), ...sizes.map(String)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const answer = new Promise<string>((done) =>
    child.stdout?.once('data', (data) => done(String(data).trim())),
  )
  return { child, answer }
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise((done) => child.once('exit', done))
  child.kill('SIGKILL')
  await exited
}

it('a second process is refused and told which one holds the directory; killing that one frees it', async () => {
  const first = start()
  expect(await first.answer).toBe('holds')
  expect(await start().answer).toBe(`another Allium (process ${first.child.pid}) is using this DataDirectory`)
  await kill(first.child)
  expect(await start().answer).toBe('holds')
})

it('of many processes that find the same stale lock exactly one gets it', async () => {
  const dead = start()
  await dead.answer
  await kill(dead.child)
  const answers = await Promise.all(Array.from({ length: 6 }, () => start().answer))
  expect(answers.filter((answer) => answer === 'holds')).toHaveLength(1)
})

it('a full disk refuses no start, and the lock holds all the same', async () => {
  const first = startWithoutRoom()
  expect(await first.answer).toBe('holds')
  const refusal = `another Allium (process ${first.child.pid}) is using this DataDirectory`
  expect(await startWithoutRoom().answer).toBe(refusal)
  expect(await start().answer).toBe(refusal)
  await kill(first.child)
  expect(await startWithoutRoom().answer).toBe('holds')
})

it('a disk that fills up while a document is added to leaves it as it was', async () => {
  expect(await startWithoutRoom(4, 500, 100_000).answer).toContain('journal cannot be extended')
  expect((await fs.stat(join(base, 'data/journal'))).size).toBe(500)
})

it('a killed process leaves nothing behind after the next start', async () => {
  const first = start()
  await first.answer
  await kill(first.child)
  const second = start()
  expect(await second.answer).toBe('holds')
  expect(await fs.readdir(join(base, 'data'))).toHaveLength(2)
})
