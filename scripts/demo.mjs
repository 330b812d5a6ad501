// Shows the whole program on a Tor network that runs inside this process: no Internet and no `tor` is needed.
// `npm run demo` opens the app on it; `npm run demo -- --headless` runs the command line and prints one transfer.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'

const isHeadless = process.argv.includes('--headless')
const CONNECT_LIMIT_MS = 60_000

const folder = mkdtempSync(join(tmpdir(), 'allium-demo-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(130))

const bundle = `node_modules/.cache/allium/demo-${process.pid}.mjs`
await build({
  entryPoints: ['test/network/demo/demo.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
})
const { startDemo } = await import(new URL(`../${bundle}`, import.meta.url).href)
rmSync(bundle, { force: true })

const started = performance.now()
const demo = await startDemo(folder)
console.log(`A Tor network runs in this process (${secondsSince(started)} s to start).`)
await (isHeadless ? showTransfer() : showApp())
await demo.stop()
process.exit(process.exitCode ?? 0)

async function showTransfer() {
  execFileSync(process.execPath, ['scripts/build.mjs', '--no-types'], { stdio: 'inherit' })
  const torrc = join(folder, 'torrc')
  const lines = [
    `DataDirectory ${join(folder, 'data')}`,
    'SocksPort 0',
    'HTTPTunnelPort auto',
    'Log notice stdout',
  ]
  writeFileSync(torrc, `${lines.join('\n')}\n${readFileSync(demo.linesFile, 'utf8')}`)
  const client = spawn(process.execPath, ['dist/cli.js', '-f', torrc], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  process.on('exit', () => client.kill('SIGKILL'))
  const port = await connectedPort(client)
  let bytes = 0
  const begun = performance.now()
  const carriers = await demo.carriersOf(async () => {
    bytes = await download(port, demo.dataUrl)
  })
  const seconds = secondsSince(begun)
  const path = carriers
    .map(({ description }) => `${description.nickname} (${description.country})`)
    .join(' -> ')
  console.log(`${bytes} bytes of ${demo.dataUrl} in ${seconds} s, through ${path}`)
  if (carriers.length !== 3) {
    console.error('that is not three relays')
    process.exitCode = 1
  }
  client.kill('SIGTERM')
  await new Promise((resolve) => client.once('exit', resolve))
}

/** Resolves with the port of the HTTP tunnel once the client is connected. */
function connectedPort(client) {
  return new Promise((resolve, reject) => {
    let output = ''
    setTimeout(() => reject(new Error(`not connected in time:\n${output}`)), CONNECT_LIMIT_MS).unref()
    client.once('exit', (code) => reject(new Error(`the client ended with ${code}:\n${output}`)))
    client.stdout.on('data', (chunk) => {
      output += chunk
      process.stdout.write(chunk)
      const [, port] = /Opened HTTP.*? on 127\.0\.0\.1:(\d+)/.exec(output) ?? []
      if (port !== undefined && output.includes('Bootstrapped 100%')) resolve(Number(port))
    })
  })
}

/** By plain HTTP through the client's door; resolves with the number of bytes. */
function download(port, url) {
  return new Promise((resolve, reject) => {
    const { host } = new URL(url)
    const get = request({ host: '127.0.0.1', port, path: url, headers: { host } }, (response) => {
      let bytes = 0
      response.on('data', (chunk) => (bytes += chunk.length))
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(bytes)
          : reject(new Error(`HTTP status ${response.statusCode}`)),
      )
    })
    get.on('error', reject)
    get.end()
  })
}

/** Resolves when the app has been quit. The app's own settings are not touched: it has a folder for the demonstration. */
async function showApp() {
  console.log(`Press Connect, then open ${demo.siteUrl} through the proxy that Allium shows, for example:`)
  console.log(`  curl --proxy http://127.0.0.1:9251 ${demo.siteUrl}`)
  const app = spawn(process.execPath, ['scripts/start-app.mjs', `--user-data-dir=${join(folder, 'app')}`], {
    stdio: 'inherit',
    env: { ...process.env, ALLIUM_NETWORK_FILE: demo.linesFile, ALLIUM_DEMO: '1' },
  })
  process.on('exit', () => app.kill('SIGTERM'))
  process.exitCode = await new Promise((resolve) => app.once('exit', (code) => resolve(code ?? 1)))
}

function secondsSince(startMs) {
  return ((performance.now() - startMs) / 1000).toFixed(2)
}
