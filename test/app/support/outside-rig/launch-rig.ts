/** Builds the rig (rig-main.ts) beside the app that is tested, starts it, and asks it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { _electron, type ElectronApplication } from 'playwright-core'
import { inject } from 'vitest'
import { waitFor } from '../../../interop/support/waiting.ts'
import type { AppHome } from '../app-home.ts'
import type { RigQuestion } from './rig-host.ts'
import type { Rig } from './rig-main.ts'

const HERE = import.meta.dirname
/** What the global setup has built, and what is being tested. */
const APP = join(HERE, '../../../../out/app')

declare global {
  // Set by the rig's own main process.
  var rig: Rig | undefined
}

export interface RunningRig {
  readonly electron: ElectronApplication
  readonly pid: number
  /** Starts a core host, and resolves with its process. */
  startHost(): Promise<number>
  ask(question: RigQuestion): Promise<Readonly<Record<string, unknown>>>
  pages(): Promise<readonly string[]>
  reports(): Promise<readonly string[]>
  crashPages(): Promise<void>
  runInPage(text: string): Promise<unknown>
  setUdp(mayUseUdp: boolean): Promise<void>
  killHost(): Promise<void>
  close(): Promise<void>
}

export async function launchRig(
  home: AppHome,
  { isOwnNetwork = false }: { readonly isOwnNetwork?: boolean } = {},
): Promise<RunningRig> {
  const folder = mkdtempSync(join(tmpdir(), 'allium-rig-'))
  await buildRig(folder)
  const electron = await _electron.launch({
    executablePath: inject('electron').executable,
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-gpu', folder],
    env: {
      PATH: process.env['PATH'] ?? '',
      DISPLAY: inject('display'),
      ...home.env,
      ALLIUM_RIG_FOLDER: APP,
      ALLIUM_RIG_HOST: join(folder, 'rig-host.cjs'),
      ALLIUM_RIG_LOOPBACK: isOwnNetwork ? '1' : '0',
    },
  })
  await waitFor('the rig', 20_000, async () =>
    (await electron.evaluate(() => globalThis.rig !== undefined)) ? true : undefined,
  )
  return {
    electron,
    pid: electron.process().pid ?? 0,
    startHost: () => electron.evaluate(() => globalThis.rig?.startHost() ?? 0),
    ask: async (question) => {
      const answer = await electron.evaluate((_, asked) => globalThis.rig?.ask(asked), question)
      return answer as Readonly<Record<string, unknown>>
    },
    pages: () => electron.evaluate(() => globalThis.rig?.pages() ?? []),
    reports: () => electron.evaluate(() => globalThis.rig?.reports ?? []),
    crashPages: () => electron.evaluate(() => globalThis.rig?.crashPages()),
    runInPage: (text) => electron.evaluate((_, text) => globalThis.rig?.runInPage(text), text),
    setUdp: (may) => electron.evaluate((_, may) => globalThis.rig?.setUdp(may), may),
    killHost: () => electron.evaluate(() => globalThis.rig?.killHost()),
    close: async () => {
      await electron.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

async function buildRig(folder: string): Promise<void> {
  await build({
    entryPoints: [join(HERE, 'rig-main.ts'), join(HERE, 'rig-host.ts')],
    outdir: folder,
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node18',
    external: ['electron'],
    define: { 'import.meta.url': 'moduleUrl' },
    banner: { js: "const moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'error',
  })
  const manifest = {
    name: 'rig',
    productName: 'Rig',
    desktopName: 'rig.desktop',
    version: '0.0.0',
    main: 'rig-main.cjs',
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest))
}
