/**
 * The process with the client, so that its memory and its event loop are its own: bootstraps on the large network, then
 * carries many streams over many circuits, and says what that cost.
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseClientConfig, TorClient } from '../../core/index.ts'
import { tuneRuntime } from '../../core/daemon/runtime.ts'
import { type LongestTurn, TurnWatch } from './turn-watch.ts'

export interface ScaleReport {
  readonly bootstrapSeconds: number
  readonly bootstrapCpuSeconds: number
  readonly rssAfterBootstrapMegabytes: number
  /** Of one turn of the event loop, while nobody asks for anything, and while all streams are asked for at once. */
  readonly longestIdleTurn: LongestTurn
  readonly longestTurn: LongestTurn
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

const ALL_BYTES = randomBytes(STREAM_BYTES + streams)

tuneRuntime()
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

const turns = new TurnWatch()
await sleep(IDLE_MS)
const longestIdleTurn = turns.longest
turns.reset()
const begunMs = performance.now()
const results = await Promise.all(
  Array.from({ length: streams }, (_, at) => echoOnce(`circuit ${at % circuits}`, at)),
)
const longestTurn = turns.stop()
clearInterval(watching)
const report: ScaleReport = {
  bootstrapSeconds,
  bootstrapCpuSeconds: (user + system) / 1e6,
  rssAfterBootstrapMegabytes,
  longestIdleTurn,
  longestTurn,
  streams,
  lostStreams: results.filter((isWhole) => !isWhole).length,
  circuits,
  streamsSeconds: (performance.now() - begunMs) / 1000,
  highestRssMegabytes: highestRss / 1e6,
}
await client.close()
process.send?.(report, () => process.exit(0))

/**
 * Sends bytes that no other stream sends to the echo and compares what comes back, at the lowest cost: the turns that are
 * measured are the client's, and this program lives in them.
 */
async function echoOnce(isolation: string, at: number): Promise<boolean> {
  const sent = ALL_BYTES.subarray(at, at + STREAM_BYTES)
  try {
    const stream = await client.connect('echo.test', 80, { isolation })
    return await new Promise((resolve) => {
      const timer = setTimeout(() => stream.destroy(), STREAM_LIMIT_MS)
      let received = 0
      let isWhole = true
      stream.on('data', (chunk: Buffer) => {
        isWhole &&= chunk.equals(sent.subarray(received, received + chunk.length))
        received += chunk.length
        if (received >= STREAM_BYTES) stream.destroy()
      })
      stream.on('error', () => {})
      stream.on('close', () => {
        clearTimeout(timer)
        resolve(isWhole && received === STREAM_BYTES)
      })
      stream.write(sent)
    })
  } catch {
    return false
  }
}
