/** `npm run fuzz`: fuzzes the targets one after the other, each for some seconds, and prints what came of it. */
import { parseArgs } from 'node:util'
import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { ALL_TARGETS } from './all-targets.ts'
import {
  CORPUS_FOLDER,
  FINDINGS_FOLDER,
  formatBytes,
  readCorpus,
  writeCorpus,
  writeFinding,
} from './engine/corpus.ts'
import { execute } from './engine/execute.ts'
import type { FuzzTarget } from './engine/target.ts'
import type { WorkerOrder, WorkerReport } from './worker-messages.ts'

const HELP = `Usage: npm run fuzz -- [options]

  --target NAME   only this target, or those whose names begin so; may be given more than once
  --seconds N     for each target (10)
  --seed S        the same seed makes the same mutations (1)
  --save          keep what was learnt in ${CORPUS_FOLDER}: the fewest and shortest inputs that do the most
  --replay FILE   run this input alone, once
  --list          print the names of the targets

Inputs that show something wrong are written to ${FINDINGS_FOLDER}.
`

/** An input that takes longer than this never comes back. */
const STUCK_MS = 20_000
const MOST_INPUT_BYTES = 1_048_576

interface Files {
  readonly worker: string
  readonly modules: string
}

type Result = WorkerReport | { readonly crash: string; readonly input: Uint8Array }

export async function main(args: readonly string[], files: Files): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: 'string', multiple: true },
      seconds: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      save: { type: 'boolean', default: false },
      replay: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return print(HELP)
  const wanted = values.target
  const targets = ALL_TARGETS.filter(
    ({ name }) => wanted === undefined || wanted.some((start) => name.startsWith(start)),
  )
  if (values.list) return print(`${targets.map(({ name }) => name).join('\n')}\n`)
  if (targets.length === 0) throw new Error('no target has such a name')
  if (values.replay !== undefined) return replay(targets, values.replay)
  print(`seed ${values.seed}, ${values.seconds} s for each of ${targets.length} targets\n${HEADINGS}\n`)
  let [findings, runs] = [0, 0]
  for (const target of targets) {
    const order = { seed: Number(values.seed), seconds: Number(values.seconds), isSaving: values.save }
    const result = await fuzz(target, order, files)
    report(target, result)
    findings += 'crash' in result ? 1 : result.findings.length
    runs += 'crash' in result ? 0 : result.runs
    if (values.save && !('crash' in result)) keep(target, result)
  }
  print(`${runs} runs, ${findings} findings\n`)
  if (findings > 0) process.exitCode = 1
}

async function replay([target]: readonly FuzzTarget[], file: string): Promise<void> {
  if (target === undefined) return
  const startedMs = performance.now()
  const outcome = await execute(target, readFileSync(file))
  print(`${target.name}: ${outcome.kind} within ${(performance.now() - startedMs).toFixed(1)} ms\n`)
  if (outcome.kind === 'finding') print(`${outcome.what}\n${outcome.stack}\n`)
}

function fuzz(
  { name }: FuzzTarget,
  order: Pick<WorkerOrder, 'seed' | 'seconds' | 'isSaving'>,
  { worker: file, modules }: Files,
): Promise<Result> {
  const shared = new SharedArrayBuffer(8 + MOST_INPUT_BYTES)
  const beats = new Int32Array(shared, 0, 2)
  return new Promise((resolve) => {
    const worker = new Worker(file, {
      workerData: { ...order, target: name, modules, shared } satisfies WorkerOrder,
      execArgv: ['--enable-source-maps'],
    })
    let seen = -1
    const finish = (result: Result): void => {
      clearInterval(watch)
      void worker.terminate()
      resolve(result)
    }
    const crashed = (crash: string): void => {
      const length = Math.min(MOST_INPUT_BYTES, Atomics.load(beats, 1))
      finish({ crash, input: Buffer.from(Buffer.from(shared, 8, length)) })
    }
    const watch = setInterval(() => {
      const now = Atomics.load(beats, 0)
      if (now === seen && order.seconds > 0) crashed(`no answer within ${STUCK_MS / 1000} s`)
      seen = now
    }, STUCK_MS)
    worker.on('message', (message: WorkerReport) => finish(message))
    worker.on('error', (error) => crashed(error.stack ?? error.message))
    worker.on('exit', (code) => crashed(`the thread ended with code ${code}`))
  })
}

const HEADINGS =
  'target                           runs   runs/s  taken  blocks  pool  max steps  slowest  growth'

function report({ name }: FuzzTarget, result: Result): void {
  if ('crash' in result) {
    print(`${name.padEnd(28)} CRASH ${result.crash}\n    ${writeFinding(name, result.input)}\n`)
    return
  }
  const { runs, seconds, accepted, blocks, pool, mostSteps, slowestMs, growth } = result
  const cells = [
    String(runs).padStart(9),
    String(Math.round(runs / seconds)).padStart(8),
    `${Math.round(100 * accepted)} %`.padStart(6),
    String(blocks).padStart(7),
    String(pool).padStart(5),
    String(mostSteps).padStart(10),
    `${slowestMs.toFixed(1)} ms`.padStart(8),
    growth === undefined ? '' : `x${growth.factor.toFixed(1)} at ${growth.ms.toFixed(0)} ms`,
  ]
  print(`${name.padEnd(28)}${cells.join(' ')}\n`)
  for (const { what, stack, input } of result.findings) {
    const path = writeFinding(name, input)
    print(`  FINDING ${what}\n    ${path}\n${stack.split('\n').slice(1, 6).join('\n')}\n`)
  }
  if (growth !== undefined && growth.factor > 3 && growth.ms > 20) {
    print(`  grows fast: ${writeFinding(name, growth.input, 'growth-')}\n`)
  }
}

/** All of a target's entries but the named ones together: a start for the next run, and small enough for a repository. */
const KEPT_CHARS = 850
const KEPT_ENTRIES = 25

/** Named entries stay; the others become the best of the distilled ones. */
function keep({ name }: FuzzTarget, { corpus: distilled }: WorkerReport): void {
  const named = readCorpus(name).filter((entry) => entry.name !== undefined)
  let left = KEPT_CHARS
  const fits = (bytes: Uint8Array): boolean => {
    const { length } = formatBytes(bytes)
    if (length > left || bytes.length === 0) return false
    left -= length
    return true
  }
  const best = distilled.filter(fits).slice(0, KEPT_ENTRIES)
  writeCorpus(name, [...named, ...best.map((bytes) => ({ name: undefined, bytes: Buffer.from(bytes) }))])
}

function print(text: string): void {
  process.stdout.write(text)
}
