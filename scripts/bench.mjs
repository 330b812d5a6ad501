// Bundles a bench, which is TypeScript, and runs it; its options are told by `npm run bench -- --help`. With `transports`
// or `scale` as the first argument it is the one of the transports (`npm run bench:transports`), or of a network of the
// real one's size (`npm run bench:scale`).
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { bundlePrograms, makeBundleFolder } from './bundle-program.mjs'

const directory = makeBundleFolder('bench')
process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1))

/** Each bench with the processes that it starts, by the names that it knows them by. */
const LOAD = { server: 'load-server', generator: 'load-generator', directoryLoad: 'directory-load-process' }
const BENCHES = {
  bench: LOAD,
  transports: LOAD,
  scale: { network: 'scale-network', client: 'scale-client' },
}

const [first, ...rest] = process.argv.slice(2)
const isNamed = first === 'transports' || first === 'scale'
const [entry, args] = isNamed ? [first, rest] : ['bench', process.argv.slice(2)]
const processes = BENCHES[entry]
const names = [entry, ...Object.values(processes)]
await bundlePrograms(join('test', 'bench'), names, directory)
const { main } = await import(pathToFileURL(join(directory, `${entry}.mjs`)).href)
await main(
  args,
  Object.fromEntries(Object.entries(processes).map(([name, file]) => [name, join(directory, `${file}.mjs`)])),
)
