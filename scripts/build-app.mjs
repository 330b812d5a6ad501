// Builds the desktop app into out/app: main, preload and core host by esbuild, the renderer by Vite.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { build as bundle } from 'esbuild'
import { build as buildPage } from 'vite'

const { version, description, license } = JSON.parse(readFileSync('package.json', 'utf8'))

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
    entryPoints: {
      main: 'electron/main.ts',
      restore: 'electron/restore.ts',
      'core-host': 'electron/core-host.ts',
    },
    platform: 'node',
    target: 'node18',
  }),
  bundle({
    ...shared,
    // Sandboxed: nothing of Node is there.
    banner: {},
    define: {},
    entryPoints: {
      preload: 'electron/preload.ts',
      'transport-preload': 'electron/outside/page/transport-preload.ts',
    },
    platform: 'browser',
    target: 'chrome114',
  }),
  bundle({
    ...shared,
    banner: {},
    define: {},
    external: [],
    format: 'iife',
    outExtension: {},
    entryPoints: { 'transport-page': 'electron/outside/page/transport-page.ts' },
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
cpSync('assets/tray', 'out/app/tray', { recursive: true })
cpSync('assets/icons/256x256.png', 'out/app/icon.png')
const manifest = {
  name: 'allium',
  productName: 'Allium',
  desktopName: 'allium.desktop',
  description,
  version,
  license,
  author: 'The Allium authors',
  main: 'main.cjs',
}
writeFileSync('out/app/package.json', `${JSON.stringify(manifest, undefined, 2)}\n`)
