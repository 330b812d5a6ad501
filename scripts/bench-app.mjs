// Measures the built app in a real window and prints one table, medians of several runs. The app connects to the network
// that ALLIUM_NETWORK_FILE describes (`npm run test:network` starts one), or to the real one.
//   npm run bench:app -- [--runs 3] [--idle-seconds 60] [--app out/app]
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { _electron } from 'playwright-core'
import { describeRuntime, findRuntime } from './electron/find-runtime.mjs'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '3' },
    'idle-seconds': { type: 'string', default: '60' },
    app: { type: 'string', default: 'out/app' },
  },
})
const RUNS = Number(options.runs)
const IDLE_MS = Number(options['idle-seconds']) * 1000
const CONNECT_LIMIT_MS = 120_000
/** The kernel counts processor time in these. */
const TICK_MS = 10
/** Ten events a second of 5 MB: more than main ever sends, which is four a second. */
const FLOOD_MS = 10_000
const FLOOD_EVENTS_PER_SECOND = 10
const FLOOD_BYTES_PER_EVENT = 5_000_000

const sleep = (ms) => new Promise((done) => setTimeout(done, ms))
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const quantile = (numbers, part) =>
  [...numbers].sort((a, b) => a - b)[Math.min(numbers.length - 1, Math.floor(numbers.length * part))]

/** `pid -> [parent, ticks]` of everything that lives. */
function readProcesses() {
  const all = new Map()
  for (const name of readdirSync('/proc').filter((each) => /^\d+$/.test(each))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8')
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
      all.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) })
    } catch {
      // It has ended meanwhile.
    }
  }
  return all
}

function treeOf(root) {
  const all = readProcesses()
  const found = [root]
  for (const pid of found) {
    for (const [child, { parent }] of all) if (parent === pid) found.push(child)
  }
  return { pids: found.filter((pid) => all.has(pid)), all }
}

function processorMs(root) {
  const { pids, all } = treeOf(root)
  return pids.reduce((sum, pid) => sum + all.get(pid).ticks * TICK_MS, 0)
}

/** Resident bytes: `rss` counts what processes share once for each, `pss` once for all. */
function memoryOf(root) {
  const total = { rss: 0, pss: 0 }
  for (const pid of treeOf(root).pids) {
    try {
      const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
      total.rss += Number(/^Rss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024
      total.pss += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0) * 1024
    } catch {
      // It has ended meanwhile.
    }
  }
  return total
}

async function startScreen() {
  if (process.env.DISPLAY) return { display: process.env.DISPLAY, close: () => undefined }
  const arguments_ = ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp']
  const server = spawn('Xvfb', arguments_, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const display = await new Promise((done, fail) => {
    server.once('error', fail)
    server.once('exit', () => fail(new Error('Xvfb ended at once')))
    server.stdio[3].once('data', (chunk) => done(`:${String(chunk).trim()}`))
  })
  return { display, close: () => server.kill() }
}

function createHome() {
  const folder = mkdtempSync(join(tmpdir(), 'allium-bench-'))
  const data = join(folder, '.config', 'Allium')
  mkdirSync(data, { recursive: true, mode: 0o700 })
  writeFileSync(
    join(data, 'settings.json'),
    JSON.stringify({ version: 1, entry: 'direct', socksPort: 0, httpPort: 0 }),
  )
  return folder
}

const invoke = (page, name) => page.evaluate((command) => window.allium.invoke(command, undefined), name)

async function connect(page) {
  await invoke(page, 'connection.start')
  for (const end = performance.now() + CONNECT_LIMIT_MS; performance.now() < end; await sleep(200)) {
    const outcome = await invoke(page, 'snapshot.read')
    if (outcome.ok && outcome.value.value.connection.state === 'connected') return
  }
  throw new Error('the app did not connect')
}

/** Frame times while main sends big sections at a rate that it never reaches by itself. */
async function floodedFrames(electron, page) {
  const frames = page.evaluate(
    (forMs) =>
      new Promise((done) => {
        const times = []
        const start = performance.now()
        let last = start
        const frame = (now) => {
          times.push(now - last)
          last = now
          if (now - start < forMs) requestAnimationFrame(frame)
          else done(times.slice(1))
        }
        requestAnimationFrame(frame)
      }),
    FLOOD_MS,
  )
  const outcome = await invoke(page, 'snapshot.read')
  const sent = await electron.evaluate(
    async ({ BrowserWindow }, flood) => {
      const contents = BrowserWindow.getAllWindows()[0].webContents
      const sample = { atMs: 0, readBytes: 123_456_789, writtenBytes: 987_654_321 }
      const bytesEach = JSON.stringify(sample).length
      const samples = Array.from({ length: Math.ceil(flood.bytes / bytesEach) }, () => sample)
      const traffic = { ...flood.traffic, samples: samples.slice(-300), padding: samples }
      let count = 0
      for (const end = Date.now() + flood.forMs; Date.now() < end; count++) {
        contents.send('allium:event', 'snapshot.changed', {
          sequence: flood.sequence + 1 + count,
          value: { traffic },
        })
        await new Promise((done) => setTimeout(done, 1000 / flood.perSecond))
      }
      return count * flood.bytes
    },
    {
      bytes: FLOOD_BYTES_PER_EVENT,
      perSecond: FLOOD_EVENTS_PER_SECOND,
      forMs: FLOOD_MS,
      sequence: outcome.value.sequence,
      traffic: outcome.value.value.traffic,
    },
  )
  return { frames: await frames, rate: sent / (FLOOD_MS / 1000) }
}

async function measureOnce(runtime, display) {
  const home = createHome()
  const started = performance.now()
  const electron = await _electron.launch({
    executablePath: runtime.executable,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', resolve(options.app)],
    env: {
      PATH: process.env.PATH,
      HOME: home,
      XDG_CONFIG_HOME: join(home, '.config'),
      DISPLAY: display,
      ALLIUM_RUNTIME_KIND: runtime.kind,
      ...(process.env.ALLIUM_NETWORK_FILE ? { ALLIUM_NETWORK_FILE: process.env.ALLIUM_NETWORK_FILE } : {}),
    },
  })
  try {
    const page = await electron.firstWindow()
    await page.waitForFunction(
      () => document.visibilityState === 'visible' && document.querySelector('button') !== null,
    )
    const visibleMs = performance.now() - started
    await connect(page)
    const pid = electron.process().pid
    // What follows a connection (descriptors, predicted circuits) is not idleness yet.
    await sleep(5_000)
    const [processorBefore, idleStart] = [processorMs(pid), performance.now()]
    await sleep(IDLE_MS)
    const idlePercent = ((processorMs(pid) - processorBefore) / (performance.now() - idleStart)) * 100
    const { rss, pss } = memoryOf(pid)
    const { frames, rate } = await floodedFrames(electron, page)
    return {
      visibleMs,
      idlePercent,
      rss,
      pss,
      processes: treeOf(pid).pids.length,
      floodRate: rate,
      frameMedianMs: median(frames),
      frame99Ms: quantile(frames, 0.99),
      frameWorstMs: Math.max(...frames),
    }
  } finally {
    await electron.close()
    rmSync(home, { recursive: true, force: true, maxRetries: 5 })
  }
}

const runtime = findRuntime()
const screen = await startScreen()
const results = []
try {
  for (let run = 1; run <= RUNS; run++) {
    console.error(`run ${run} of ${RUNS} (${(IDLE_MS + FLOOD_MS) / 1000 + 15} s)`)
    results.push(await measureOnce(runtime, screen.display))
  }
} finally {
  screen.close()
}
const of = (name) => median(results.map((result) => result[name]))
const mega = (bytes) => `${Math.round(bytes / 1e6)} MB`
console.log(`${describeRuntime(runtime)}; ${cpus().length} x ${cpus()[0]?.model}; medians of ${RUNS} runs\n`)
console.log('| what | figure |\n| --- | --- |')
for (const [what, figure] of [
  ['window visible and usable after start', `${Math.round(of('visibleMs'))} ms`],
  [
    `idle, connected, over ${IDLE_MS / 1000} s: all processes together`,
    `${of('idlePercent').toFixed(2)} % of one core`,
  ],
  ['resident memory of all processes, what they share counted once', mega(of('pss'))],
  ['the same, counted for each', mega(of('rss'))],
  ['processes', of('processes')],
  ['status events simulated', `${mega(of('floodRate'))}/s`],
  ['frame time meanwhile: median', `${of('frameMedianMs').toFixed(1)} ms`],
  ['frame time meanwhile: 99 of 100 within', `${of('frame99Ms').toFixed(1)} ms`],
  ['frame time meanwhile: worst', `${of('frameWorstMs').toFixed(1)} ms`],
]) {
  console.log(`| ${what} | ${figure} |`)
}
