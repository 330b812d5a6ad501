/** A network of the real one's size in one process, a client in another: what it costs to come and to stay. */
import { type ChildProcess, fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'
import type { ScaleReport } from './scale-client.ts'
import type { LongestTurn } from './turn-watch.ts'

const RELAYS = 8_000
const STREAMS = 1_000
const CIRCUITS = 100
const REPEATS = 3
/**
 * Real relays compute on machines of their own. Eight thousand of them on the client's processors would measure how the
 * system shares those out: this leaves them to the client whenever it can run.
 */
const NETWORK_NICENESS = 10

export interface ScaleScripts {
  readonly network: string
  readonly client: string
}

type FromNetwork =
  | { readonly kind: 'ready'; readonly lines: readonly string[] }
  | { readonly kind: 'counts'; readonly sentBytes: number; readonly complaints: readonly string[] }

export async function main(_args: readonly string[], scripts: ScaleScripts): Promise<void> {
  const startedMs = performance.now()
  // From its first instruction on, so that all its threads have it.
  const niced = { execPath: 'nice', execArgv: ['-n', String(NETWORK_NICENESS), process.execPath] }
  const network = fork(scripts.network, [String(RELAYS)], niced)
  try {
    const ready = await next<FromNetwork>(network)
    if (ready.kind !== 'ready') throw new Error('the network did not start')
    console.log(`${RELAYS} relays run (${((performance.now() - startedMs) / 1000).toFixed(0)} s to start)`)
    const cold: Run[] = []
    const warm: Run[] = []
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const dataDirectory = mkdtempSync(join(tmpdir(), 'allium-scale-'))
      try {
        cold.push(await run(scripts.client, network, dataDirectory, ready.lines))
        warm.push(await run(scripts.client, network, dataDirectory, ready.lines))
      } finally {
        rmSync(dataDirectory, { recursive: true, force: true })
      }
    }
    print('cold start', cold)
    print('warm start', warm)
  } finally {
    network.kill('SIGKILL')
  }
}

interface Run extends ScaleReport {
  readonly fetchedBytes: number
}

async function run(
  script: string,
  network: ChildProcess,
  dataDirectory: string,
  lines: readonly string[],
): Promise<Run> {
  const before = await counts(network)
  const argument = { dataDirectory, lines, streams: STREAMS, circuits: CIRCUITS }
  const client = fork(script, [JSON.stringify(argument)])
  const report = await next<ScaleReport>(client)
  const after = await counts(network)
  if (after.complaints.length > 0) console.log(`the relays complain: ${after.complaints.join('; ')}`)
  return { ...report, fetchedBytes: after.sentBytes - before.sentBytes }
}

async function counts(network: ChildProcess): Promise<Extract<FromNetwork, { kind: 'counts' }>> {
  network.send('counts')
  const answer = await next<FromNetwork>(network)
  if (answer.kind !== 'counts') throw new Error('the network does not answer')
  return answer
}

function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const onExit = (code: number | null): void =>
      reject(new Error(`a process of the bench ended with ${code}`))
    child.once('exit', onExit)
    child.once('message', (message) => {
      child.off('exit', onExit)
      resolve(message as T)
    })
  })
}

function print(title: string, runs: readonly Run[]): void {
  const of = (pick: (run: Run) => number, digits = 2): string => median(runs.map(pick)).toFixed(digits)
  const longest = (turn: (run: Run) => LongestTurn): string =>
    `${of((r) => turn(r).wallMs, 0)} ms, ${of((r) => turn(r).waitedMs, 0)} of it for a processor; ${of((r) => turn(r).cpuMs, 0)} ms of CPU`
  console.log(`${title}, medians of ${runs.length}`)
  console.log(`  bootstrap ${of((r) => r.bootstrapSeconds)} s, ${of((r) => r.bootstrapCpuSeconds)} CPU-s`)
  console.log(`  directory documents ${of((r) => r.fetchedBytes / 1e6)} MB as sent`)
  console.log(`  longest turn while nothing is asked ${longest((r) => r.longestIdleTurn)}`)
  console.log(`  resident after it ${of((r) => r.rssAfterBootstrapMegabytes, 0)} MB`)
  console.log(
    `  ${STREAMS} streams over ${CIRCUITS} circuits: ${of((r) => r.lostStreams, 0)} lost, ${of((r) => r.streamsSeconds)} s, ` +
      `at most ${of((r) => r.highestRssMegabytes, 0)} MB resident, longest turn ${longest((r) => r.longestTurn)}`,
  )
}
