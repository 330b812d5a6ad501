// Bundles a bench, which is TypeScript, and runs it; its options are told by `npm run bench -- --help`. With `transports`
// as the first argument it is the one of the transports (`npm run bench:transports`).
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

// Beside node_modules, so that what the bundles leave out is found.
const directory = mkdtempSync(join('node_modules', '.bench-'))
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

const [first, ...rest] = process.argv.slice(2)
const [entry, args] = first === 'transports' ? ['transports', rest] : ['bench', process.argv.slice(2)]
const names = [entry, 'directory-load-process', 'load-generator', 'load-server']
await build({
  entryPoints: names.map((name) => join('test', 'bench', `${name}.ts`)),
  outdir: directory,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
})
const { main } = await import(pathToFileURL(join(directory, `${entry}.mjs`)).href)
await main(args, {
  server: join(directory, 'load-server.mjs'),
  generator: join(directory, 'load-generator.mjs'),
  directoryLoad: join(directory, 'directory-load-process.mjs'),
})
