// Bundles the bench of scale, which is TypeScript, and runs it: a network of 8,000 relays in one process, a client in another.
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const directory = mkdtempSync(join('node_modules', '.bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

await build({
  entryPoints: ['scale', 'scale-network', 'scale-client'].map((name) => join('test', 'bench', `${name}.ts`)),
  outdir: directory,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
})
const { main } = await import(pathToFileURL(join(directory, 'scale.mjs')).href)
await main({ network: join(directory, 'scale-network.mjs'), client: join(directory, 'scale-client.mjs') })
