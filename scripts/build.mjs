// Builds the package: two bundled entry points (the library and the command line) and the library's type declarations.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: { index: 'core/index.ts', cli: 'core/daemon/cli.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  sourcemap: 'linked',
  // A bundled CommonJS package (dns-packet) asks for Node's own modules by `require`.
  banner: {
    js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
  },
  logLevel: 'warning',
})
// Read at run time, from beside the program (core/persist/data-file.ts).
cpSync('core/persist/bundled', 'dist/bundled', { recursive: true })
chmodSync('dist/cli.js', 0o755)
if (!process.argv.includes('--no-types')) {
  execFileSync('node_modules/.bin/tsc', ['-p', 'tsconfig.build.json'], { stdio: 'inherit' })
}
