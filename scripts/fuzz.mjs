// Bundles the fuzzer with instrumented sources and runs it: `npm run fuzz -- --help` tells its options.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { instrument, PROBE_BANNER } from './fuzz/instrument.mjs'

// Beside node_modules, so that what the bundles leave out is found.
const directory = mkdtempSync(join('node_modules', '.fuzz-'))
const tidyUp = () => rmSync(directory, { recursive: true, force: true })
process.on('exit', tidyUp)
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    tidyUp()
    // An orderly exit waits for threads, and one that was stopped amid connections may not end.
    process.kill(process.pid, 'SIGKILL')
  })
}

const modules = []
await build({
  entryPoints: ['main', 'worker'].map((name) => join('test', 'fuzz', `${name}.ts`)),
  outdir: directory,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'inline',
  logLevel: 'warning',
  plugins: [instrument(modules)],
  banner: { js: PROBE_BANNER },
})
const modulesFile = join(directory, 'modules.json')
writeFileSync(modulesFile, JSON.stringify(modules))
const { main } = await import(pathToFileURL(join(directory, 'main.mjs')).href)
await main(process.argv.slice(2), { worker: resolve(directory, 'worker.mjs'), modules: resolve(modulesFile) })
