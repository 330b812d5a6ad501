// Bundles TypeScript programs that are run and thrown away: benches, the fuzzer.
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** A folder for one run. Beside node_modules, so that what the bundles leave out is found. */
export const makeBundleFolder = (name) => mkdtempSync(join('node_modules', `.${name}-`))

/** Writes `NAME.mjs` for each `source/NAME.ts`; `more` are further options of esbuild. */
export async function bundlePrograms(source, names, outdir, more = {}) {
  await build({
    entryPoints: names.map((name) => join(source, `${name}.ts`)),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'warning',
    ...more,
  })
}
