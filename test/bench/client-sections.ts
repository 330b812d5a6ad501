/** What the bench measures on a running client; each section takes one client through it and names its numbers. */
import { ClientProcess, type ClientHome, type ProgramName } from '../interop/support/client-process.ts'
import {
  readCpuSeconds,
  readPeakRssMegabytes,
  readRssMegabytes,
  watchRss,
} from '../interop/support/process-stats.ts'
import { sleep } from '../interop/support/waiting.ts'
import type { Load } from './load.ts'
import type { LoadCommand, LoadResult } from './load-commands.ts'
import { percentile, type Target } from './statistics.ts'

export const CLIENT_SECTIONS = ['start', 'down', 'up', 'connect', 'first-byte', 'idle', 'upload'] as const
export type ClientSection = (typeof CLIENT_SECTIONS)[number]

/** Every number that a section can report, in the table's order, with what is wanted of it. */
export const MEASURES: ReadonlyMap<string, Target> = new Map<string, Target>([
  ['cold bootstrap, s', { kind: 'ratio-at-most', bound: 0.5 }],
  ['warm bootstrap, s', { kind: 'none' }],
  ['cold bootstrap, CPU-s', { kind: 'none' }],
  ['RSS at rest, MB', { kind: 'none' }],
  ['down, 1 circuit, CPU-s/GB', { kind: 'ratio-at-most', bound: 1 }],
  ['down, 1 circuit, MB/s', { kind: 'ratio-at-least', bound: 0.9 }],
  ['down, 8 circuits, CPU-s/GB', { kind: 'ratio-at-most', bound: 0.75 }],
  ['down, 8 circuits, MB/s', { kind: 'none' }],
  ['up, 1 circuit, CPU-s/GB', { kind: 'ratio-at-most', bound: 1.25 }],
  ['up, 1 circuit, MB/s', { kind: 'ratio-at-least', bound: 0.9 }],
  ['up, 8 circuits, CPU-s/GB', { kind: 'ratio-at-most', bound: 1.25 }],
  ['up, 8 circuits, MB/s', { kind: 'none' }],
  ['connect, 80-100 ms apart, p50 ms', { kind: 'ratio-at-most', bound: 1.2 }],
  ['connect, 80-100 ms apart, p99 ms', { kind: 'none' }],
  ['connect, back to back, p50 ms', { kind: 'ratio-at-most', bound: 0.5 }],
  ['connect, back to back, p99 ms', { kind: 'none' }],
  ['connect, 200 at once, p50 ms', { kind: 'ratio-at-most', bound: 1 }],
  ['connect, 200 at once, p99 ms', { kind: 'none' }],
  ['first byte, new circuit, p50 ms', { kind: 'ratio-at-most', bound: 1 }],
  ['first byte, new circuit, p99 ms', { kind: 'none' }],
  ['1,000 idle streams, MB', { kind: 'ratio-at-most', bound: 1 }],
  ['200 MB upload, highest RSS, MB', { kind: 'at-most', bound: 120 }],
  ['200 MB upload, MB/s', { kind: 'none' }],
  ['echo beside the upload, p50 ms', { kind: 'none' }],
  ['echo beside the upload, p99 ms', { kind: 'at-most', bound: 500 }],
  ['highest RSS of all, MB', { kind: 'at-most', bound: 120 }],
  ['failed requests', { kind: 'at-most', bound: 0 }],
  ['receive path alone, CPU-s/GB', { kind: 'median-at-most', bound: 5 }],
  ['receive path alone, MB/s', { kind: 'none' }],
  ['8,000 relays, warm start, s', { kind: 'ratio-at-most', bound: 0.5 }],
  ['8,000 relays, warm start, CPU-s', { kind: 'none' }],
  ['8,000 relays, RSS after warm start, MB', { kind: 'none' }],
  ['8,000 relays, first load, CPU ms', { kind: 'median-at-most', bound: 60 }],
  ['8,000 relays, first load, wall ms', { kind: 'none' }],
  ['8,000 relays, first load, longest turn, ms', { kind: 'median-at-most', bound: 20 }],
  ['8,000 relays, first load, RSS, MB', { kind: 'none' }],
  ['8,000 relays, later loads, CPU ms', { kind: 'median-at-most', bound: 60 }],
  ['8,000 relays, later loads, longest turn, ms', { kind: 'median-at-most', bound: 20 }],
])

export type Report = (measure: string, value: number) => void

const MEGABYTE = 1_000_000
const REST_MS = 2000
const UPLOAD_BYTES = 200 * MEGABYTE

/** How much is moved: enough for the kernel's 10 ms ticks to be a small part of the CPU time. */
export interface Sizes {
  readonly oneCircuitBytes: number
  readonly eightCircuitsBytes: number
}

interface Context {
  readonly client: ClientProcess
  readonly load: Load
  readonly sizes: Sizes
  readonly report: Report
}

async function run(context: Context, command: LoadCommand): Promise<LoadResult> {
  const result = await context.load.run(context.client.socksPort, command)
  context.report('failed requests', result.failures)
  return result
}

/** A just-in-time compiler has settled after some tens of megabytes. */
const WARM_UP_BYTES = 40_000_000

async function measureTransfer(context: Context, direction: 'down' | 'up', streams: 1 | 8): Promise<void> {
  const { client, sizes, report } = context
  const bytes = streams === 1 ? sizes.oneCircuitBytes : sizes.eightCircuitsBytes / streams
  const user = `${direction}-${streams}`
  // Circuits are built, windows opened and our code compiled before the clock starts; the figures are a long transfer's.
  await run(context, { kind: 'transfer', direction, bytes: WARM_UP_BYTES / streams, streams, user })
  const cpuBefore = readCpuSeconds(client.pid)
  const result = await run(context, { kind: 'transfer', direction, bytes, streams, user })
  const cpu = readCpuSeconds(client.pid) - cpuBefore
  const name = `${direction}, ${streams === 1 ? '1 circuit' : '8 circuits'}`
  report(`${name}, CPU-s/GB`, cpu / (result.bytes / 1e9))
  report(`${name}, MB/s`, result.bytes / MEGABYTE / result.seconds)
}

function reportLatencies(report: Report, name: string, latenciesMs: readonly number[]): void {
  report(`${name}, p50 ms`, percentile(latenciesMs, 0.5))
  report(`${name}, p99 ms`, percentile(latenciesMs, 0.99))
}

/**
 * A burst's times come in steps of some 40 ms: so long TCP may hold an acknowledgement back, and where senders pace
 * themselves (BBR) a segment. On which step the median falls is chance, with every client. One burst says nothing.
 */
const BURSTS = 6
const BURST_GAP_MS = 500

async function measureConnects(context: Context): Promise<void> {
  const { report } = context
  const user = 'connect'
  await run(context, { kind: 'connect', count: 3, atOnce: 1, gapMs: 0, user })
  const spaced = await run(context, { kind: 'connect', count: 150, atOnce: 1, gapMs: 80, user })
  reportLatencies(report, 'connect, 80-100 ms apart', spaced.latenciesMs)
  const backToBack = await run(context, { kind: 'connect', count: 200, atOnce: 1, gapMs: 0, user })
  reportLatencies(report, 'connect, back to back', backToBack.latenciesMs)
  for (let burst = 0; burst < BURSTS; burst++) {
    await sleep(BURST_GAP_MS)
    const atOnce = await run(context, { kind: 'connect', count: 200, atOnce: 200, gapMs: 0, user })
    reportLatencies(report, 'connect, 200 at once', atOnce.latenciesMs)
  }
}

async function measureUpload(context: Context): Promise<void> {
  const { client, report } = context
  const rss = watchRss(client.pid)
  const result = await run(context, {
    kind: 'upload-and-echo',
    bytes: UPLOAD_BYTES,
    gapMs: 100,
    user: 'upload',
  })
  report('200 MB upload, highest RSS, MB', rss.stop())
  report('200 MB upload, MB/s', result.bytes / MEGABYTE / result.seconds)
  reportLatencies(report, 'echo beside the upload', result.latenciesMs)
}

const IDLE_STREAMS = 1000
/** Until what opening them left behind has settled. */
const SETTLE_MS = 3000

async function measureIdle(context: Context): Promise<void> {
  const { client, report } = context
  await run(context, { kind: 'connect', count: 3, atOnce: 1, gapMs: 0, user: 'idle' })
  await sleep(REST_MS)
  const before = readRssMegabytes(client.pid)
  await run(context, { kind: 'hold', count: IDLE_STREAMS, atOnce: 20, user: 'idle' })
  await sleep(SETTLE_MS)
  report('1,000 idle streams, MB', readRssMegabytes(client.pid) - before)
  await run(context, { kind: 'release' })
}

async function runSection(context: Context, section: ClientSection): Promise<void> {
  switch (section) {
    case 'start':
      return
    case 'down':
    case 'up':
      await measureTransfer(context, section, 1)
      await measureTransfer(context, section, 8)
      return
    case 'connect':
      return measureConnects(context)
    case 'first-byte': {
      const result = await run(context, { kind: 'first-byte', count: 20, user: 'fresh' })
      return reportLatencies(context.report, 'first byte, new circuit', result.latenciesMs)
    }
    case 'idle':
      return measureIdle(context)
    case 'upload':
      return measureUpload(context)
  }
}

/** Takes a fresh client through the sections: it starts cold, and in the end warm once more. */
export async function measureClient(
  program: ProgramName,
  home: ClientHome,
  sections: readonly ClientSection[],
  load: Load,
  sizes: Sizes,
  report: Report,
): Promise<void> {
  const client = new ClientProcess(home, program)
  try {
    report('cold bootstrap, s', (await client.bootstrapped()) / 1000)
    report('cold bootstrap, CPU-s', readCpuSeconds(client.pid))
    await sleep(REST_MS)
    report('RSS at rest, MB', readRssMegabytes(client.pid))
    for (const section of sections) await runSection({ client, load, sizes, report }, section)
    report('highest RSS of all, MB', readPeakRssMegabytes(client.pid))
  } finally {
    await client.end()
  }
  const again = new ClientProcess(home, program)
  try {
    report('warm bootstrap, s', (await again.bootstrapped()) / 1000)
  } finally {
    await again.end()
  }
}
