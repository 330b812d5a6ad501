// Builds the desktop app into out/app: main, preload and core host by esbuild, the renderer by Vite.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { build as bundle } from 'esbuild'
import { build as buildPage } from 'vite'

const { version } = JSON.parse(readFileSync('package.json', 'utf8'))

rmSync('out/app', { recursive: true, force: true })
mkdirSync('out/app', { recursive: true })

// CommonJS and Node 18: what the oldest Electron that runs the app's tests can load.
const shared = {
  bundle: true,
  format: 'cjs',
  external: ['electron'],
  sourcemap: 'linked',
  outdir: 'out/app',
  outExtension: { '.js': '.cjs' },
  logLevel: 'warning',
  define: { 'import.meta.url': 'moduleUrl' },
  banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
}
await Promise.all([
  bundle({
    ...shared,
    entryPoints: { main: 'electron/main.ts', 'core-host': 'electron/core-host.ts' },
    platform: 'node',
    target: 'node18',
  }),
  bundle({
    ...shared,
    // Sandboxed: nothing of Node is there.
    banner: {},
    define: {},
    entryPoints: { preload: 'electron/preload.ts' },
    platform: 'browser',
    target: 'chrome114',
  }),
  buildPage({ configFile: 'renderer/vite.config.ts', logLevel: 'warn' }),
])
// Read at run time, from beside the program (core/persist/data-file.ts).
cpSync('core/persist/bundled', 'out/app/bundled', { recursive: true })
// What main itself says to people, in the same words as the window's (electron/words/desktop-words.ts).
cpSync('renderer/words', 'out/app/words', {
  recursive: true,
  filter: (source) => !source.includes('.') || source.endsWith('desktop.ftl'),
})
writeFileSync(
  'out/app/package.json',
  `${JSON.stringify({ name: 'allium', productName: 'Allium', desktopName: 'allium.desktop', version, main: 'main.cjs' }, undefined, 2)}\n`,
)
