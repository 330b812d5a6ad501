// Runs a private network of the interop tests until it is ended: `npm run test:network record.json` writes what a test
// needs to know of it, for `INTEROP_NETWORK=record.json npx vitest run --project interop` (or `--project app`). With
// `varied` after the file it is the other network, for `INTEROP_VARIED_NETWORK` and the project `interop-varied`.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { build } from 'esbuild'

const [record = '.tmp-network.json', kind = 'plain'] = process.argv.slice(2)
// A file of its own for each process: both networks may be started at once.
const BUNDLE = `node_modules/.cache/allium/test-network-${process.pid}.mjs`

// Leaving by `exit` ends the network's processes, one that is still starting too.
const end = () => {
  rmSync(record, { force: true })
  process.exit(0)
}
process.on('SIGINT', end)
process.on('SIGTERM', end)

await build({
  stdin: {
    contents: "export * from './tor-network.ts'; export * from './varied-network.ts'",
    resolveDir: 'test/interop/support',
  },
  outfile: BUNDLE,
  bundle: true,
  format: 'esm',
  platform: 'node',
  packages: 'external',
  logLevel: 'warning',
})
const { startTorNetwork, VARIED_NETWORK } = await import(new URL(`../${BUNDLE}`, import.meta.url).href)
rmSync(BUNDLE, { force: true })
const { directory, nodes, authorityLines } = await startTorNetwork(kind === 'varied' ? VARIED_NETWORK : {})
// Whoever waits for the record finds it whole.
writeFileSync(`${record}.new`, JSON.stringify({ directory, nodes, authorityLines }))
renameSync(`${record}.new`, record)
console.log(`The network runs; its record is ${record}. A client's torrc needs:\nTestingTorNetwork 1`)
for (const line of authorityLines) console.log(line)
setInterval(() => {}, 1 << 30)
