/**
 * The process with the client, so that its memory and its event loop are its own: bootstraps on the large network, then
 * carries many streams over many circuits, and says what that cost.
 */
import { createHash, randomBytes } from 'node:crypto'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseClientConfig, TorClient } from '../../core/index.ts'
import { collectShortLivedBuffersYoung } from '../../core/daemon/memory.ts'

export interface ScaleReport {
  readonly bootstrapSeconds: number
  readonly bootstrapCpuSeconds: number
  readonly rssAfterBootstrapMegabytes: number
  /** Of one turn of the event loop, while nobody asks for anything, and while all streams are asked for at once. */
  readonly longestIdleTurnMs: number
  readonly longestTurnMs: number
  readonly streams: number
  readonly lostStreams: number
  readonly circuits: number
  readonly streamsSeconds: number
  readonly highestRssMegabytes: number
}

const IDLE_MS = 5_000
const STREAM_BYTES = 20_000
/** What a stream may take before it counts as lost. */
const STREAM_LIMIT_MS = 120_000

const { dataDirectory, lines, streams, circuits } = JSON.parse(process.argv[2] ?? '{}') as {
  readonly dataDirectory: string
  readonly lines: readonly string[]
  readonly streams: number
  readonly circuits: number
}

collectShortLivedBuffersYoung()
const startedMs = performance.now() - process.uptime() * 1000
let highestRss = 0
const watching = setInterval(() => (highestRss = Math.max(highestRss, process.memoryUsage().rss)), 50)

const client = await TorClient.create({
  ...parseClientConfig(lines.join('\n'), dataDirectory),
  dataDirectory,
})
await client.bootstrap()
const bootstrapSeconds = (performance.now() - startedMs) / 1000
const { user, system } = process.cpuUsage()
const rssAfterBootstrapMegabytes = process.memoryUsage().rss / 1e6

const turns = monitorEventLoopDelay({ resolution: 1 })
turns.enable()
await sleep(IDLE_MS)
const longestIdleTurnMs = turns.max / 1e6
turns.reset()
const begunMs = performance.now()
const results = await Promise.all(
  Array.from({ length: streams }, (_, at) => echoOnce(`circuit ${at % circuits}`)),
)
turns.disable()
clearInterval(watching)
const report: ScaleReport = {
  bootstrapSeconds,
  bootstrapCpuSeconds: (user + system) / 1e6,
  rssAfterBootstrapMegabytes,
  longestIdleTurnMs,
  longestTurnMs: turns.max / 1e6,
  streams,
  lostStreams: results.filter((isWhole) => !isWhole).length,
  circuits,
  streamsSeconds: (performance.now() - begunMs) / 1000,
  highestRssMegabytes: highestRss / 1e6,
}
await client.close()
process.send?.(report, () => process.exit(0))

/** Sends some bytes to the echo and compares what comes back. */
async function echoOnce(isolation: string): Promise<boolean> {
  const sent = randomBytes(STREAM_BYTES)
  try {
    const stream = await client.connect('echo.test', 80, { isolation })
    const timer = setTimeout(() => stream.destroy(), STREAM_LIMIT_MS)
    const hash = createHash('sha256')
    let received = 0
    stream.write(sent)
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      hash.update(chunk)
      received += chunk.length
      if (received >= STREAM_BYTES) break
    }
    clearTimeout(timer)
    return hash.digest('hex') === createHash('sha256').update(sent).digest('hex')
  } catch {
    return false
  }
}
