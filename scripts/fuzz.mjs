// Bundles the fuzzer with instrumented sources and runs it: `npm run fuzz -- --help` tells its options.
import { rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundlePrograms, makeBundleFolder } from './bundle-program.mjs'
import { instrument, PROBE_BANNER } from './fuzz/instrument.mjs'

const directory = makeBundleFolder('fuzz')
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
await bundlePrograms(join('test', 'fuzz'), ['main', 'worker'], directory, {
  plugins: [instrument(modules)],
  banner: { js: PROBE_BANNER },
})
const modulesFile = join(directory, 'modules.json')
writeFileSync(modulesFile, JSON.stringify(modules))
const { main } = await import(pathToFileURL(join(directory, 'main.mjs')).href)
await main(process.argv.slice(2), { worker: resolve(directory, 'worker.mjs'), modules: resolve(modulesFile) })
