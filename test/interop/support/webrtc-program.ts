/** Builds the client of `webrtc-client.ts`, as `scripts/build.mjs` does the program itself. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Command } from './client-process.ts'

export interface BuiltProgram {
  /** Takes the program's own arguments. */
  readonly command: Command
  remove(): void
}

export async function buildWebRtcClient(): Promise<BuiltProgram> {
  const folder = mkdtempSync(join(tmpdir(), 'allium-webrtc-'))
  await build({
    entryPoints: { client: 'test/interop/support/webrtc-client.ts' },
    outdir: folder,
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
  cpSync('core/persist/bundled', join(folder, 'bundled'), { recursive: true })
  return {
    command: [process.execPath, join(folder, 'client.mjs')],
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
