/** Builds the app once, finds an Electron for it and, where there is no screen, a virtual one. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { TestProject } from 'vitest/node'
import { findRuntime, type Runtime } from '../../../scripts/electron/find-runtime.mjs'

declare module 'vitest' {
  export interface ProvidedContext {
    electron: Runtime
    display: string
  }
}

let screen: ChildProcess | undefined

export default async function setup(project: TestProject): Promise<() => void> {
  execFileSync(process.execPath, ['scripts/build-app.mjs'], { stdio: ['ignore', 'ignore', 'inherit'] })
  project.provide('electron', findRuntime())
  project.provide('display', process.env['DISPLAY'] ?? (await startScreen()))
  return () => {
    screen?.kill()
  }
}

/** The X server says on its third channel which number it took. */
function startScreen(): Promise<string> {
  const started = spawn(
    'Xvfb',
    ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp', '-noreset'],
    { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] },
  )
  screen = started
  return new Promise((resolve, reject) => {
    started.once('error', reject)
    started.once('exit', () => reject(new Error('Xvfb ended at once')))
    const channel = started.stdio[3] as Readable
    channel.once('data', (chunk: Buffer) => resolve(`:${chunk.toString('utf8').trim()}`))
  })
}
