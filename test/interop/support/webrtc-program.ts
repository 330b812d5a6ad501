/** Builds the client of `webrtc-client.ts`, as `scripts/build.mjs` does the program itself. */
import { cpSync } from 'node:fs'
import { resolve } from 'node:path'
import { build } from 'esbuild'

const FOLDER = resolve('.cache/webrtc-client')

/** Resolves with the command that starts it, which takes the program's own arguments. */
export async function buildWebRtcClient(): Promise<readonly [string, ...string[]]> {
  await build({
    entryPoints: { client: 'test/interop/support/webrtc-client.ts' },
    outdir: FOLDER,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    outExtension: { '.js': '.mjs' },
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'warning',
  })
  // Read at run time, from beside the program (core/persist/data-file.ts).
  cpSync('core/persist/bundled', resolve(FOLDER, 'bundled'), { recursive: true })
  return [process.execPath, resolve(FOLDER, 'client.mjs')]
}
