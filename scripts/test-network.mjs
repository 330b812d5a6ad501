// Runs the private network of the interop tests until it is ended: `npm run test:network record.json` writes what a
// test needs to know of it, for `INTEROP_NETWORK=record.json npx vitest run --project interop`.
import { rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const BUNDLE = 'node_modules/.cache/allium/test-network.mjs'
const [record = '.tmp-network.json'] = process.argv.slice(2)

await build({
  entryPoints: ['test/interop/support/tor-network.ts'],
  outfile: BUNDLE,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
})
const { startTorNetwork } = await import(new URL(`../${BUNDLE}`, import.meta.url).href)
const { directory, nodes, authorityLines } = await startTorNetwork()
writeFileSync(record, JSON.stringify({ directory, nodes, authorityLines }))
console.log(`The network runs; its record is ${record}. A client's torrc needs:\nTestingTorNetwork 1`)
for (const line of authorityLines) console.log(line)
const end = () => {
  rmSync(record, { force: true })
  process.exit(0)
}
process.on('SIGINT', end)
process.on('SIGTERM', end)
setInterval(() => {}, 1 << 30)
