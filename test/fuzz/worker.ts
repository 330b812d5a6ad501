/** Fuzzes one target in a thread of its own, which `main` can stop when an input never comes back. */
import { parentPort, workerData } from 'node:worker_threads'
import { ALL_TARGETS } from './all-targets.ts'
import { readCorpus } from './engine/corpus.ts'
import { Coverage, findProbe } from './engine/coverage.ts'
import { createDice } from './engine/dice.ts'
import { distil, FuzzSession } from './engine/session.ts'
import { measureGrowth } from './engine/growth.ts'
import { readModules, wordsOf } from './engine/words.ts'
import type { WorkerOrder, WorkerReport } from './worker-messages.ts'

const WORDS_EVERY_RUNS = 20_000
/** So many runs a distillation may take, and no longer than the fuzzing took. */
const DISTIL_RUNS = 20_000
/** How long slow growth is looked for, at most. */
const GROWTH_MS = 20_000

async function work(order: WorkerOrder): Promise<void> {
  const target = ALL_TARGETS.find(({ name }) => name === order.target)
  if (target === undefined) throw new Error(`there is no target ${order.target}`)
  const beats = new Int32Array(order.shared, 0, 2)
  const current = new Uint8Array(order.shared, 8)
  const probe = findProbe()
  const modules = readModules(order.modules)
  const coverage = probe === undefined ? undefined : new Coverage(probe, modules)
  const onInput = (input: Uint8Array): void => {
    Atomics.add(beats, 0, 1)
    Atomics.store(beats, 1, input.length)
    current.set(input.subarray(0, current.length))
  }
  const session = new FuzzSession(target, order.seed, coverage, onInput)
  let stray: unknown
  process.on('unhandledRejection', (reason) => (stray = reason ?? new Error('rejected with nothing')))
  await session.begin(readCorpus(target.name).map(({ bytes }) => bytes))
  const ownWords = session.words
  let wordsDue = 0
  const startedMs = performance.now()
  const startRuns = session.runs
  const endMs = startedMs + order.seconds * 1000
  await session.fuzz(() => {
    if (coverage !== undefined && session.runs >= wordsDue) {
      wordsDue = session.runs + WORDS_EVERY_RUNS
      session.words = [...ownWords, ...wordsOf(modules, coverage, target.form)]
    }
    if (stray !== undefined) throw stray instanceof Error ? stray : new Error('an unhandled rejection')
    return performance.now() >= endMs
  })
  const seconds = (performance.now() - startedMs) / 1000
  const runs = session.runs - startRuns
  const blocks = coverage?.blocks ?? 0
  const pool = session.pool.length
  coverage?.stopCounting()
  const growthMs = Math.min(GROWTH_MS, order.seconds * 250)
  const growth = await measureGrowth(target, session.pool, createDice(order.seed), growthMs, onInput)
  const corpus = order.isSaving ? await distil(session, DISTIL_RUNS, order.seconds * 1000) : []
  parentPort?.postMessage(
    {
      runs,
      seconds,
      accepted: session.accepted / session.runs,
      blocks,
      pool,
      mostSteps: session.mostSteps,
      slowestMs: session.slowestMs,
      slowest: session.slowest,
      growth,
      corpus,
      findings: [...session.findings.values()],
    } satisfies WorkerReport,
    [],
  )
}

await work(workerData as WorkerOrder)
