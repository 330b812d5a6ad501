/** Builds the renderer once, serves it with the app's own answers (same files, same policy), and starts the one browser. */
import { execFileSync } from 'node:child_process'
import { createServer, type ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import {
  answerAppRequest,
  APP_ORIGIN,
  type AppFiles,
  listAppFiles,
} from '../../../electron/desktop/app-scheme.ts'
import { QUIET_CHROMIUM } from '../../support/quiet-chromium.ts'

const CONFIG = 'renderer/vite.config.ts'
const OUTPUT = resolve('out/renderer-tests')
declare module 'vitest' {
  interface ProvidedContext {
    readonly pageUrl: string
    readonly browserEndpoint: string
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // As it is shipped: the test runner's own environment would make React build for development.
  execFileSync(
    process.execPath,
    [
      'node_modules/vite/bin/vite.js',
      'build',
      '--config',
      CONFIG,
      '--outDir',
      OUTPUT,
      '--emptyOutDir',
      '--logLevel',
      'error',
    ],
    { stdio: 'inherit', env: { ...process.env, NODE_ENV: 'production' } },
  )
  const files = await listAppFiles(OUTPUT)
  const server = createServer((request, response) => void serve(files, request.url ?? '/', response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the page has no port')
  const browser = await chromium.launchServer({
    // Chromium without its own windows, whose toolbar is a page itself: half of the time of every test was that page's.
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium-headless-shell',
    args: [...QUIET_CHROMIUM],
  })
  project.provide('pageUrl', `http://127.0.0.1:${address.port}/index.html`)
  project.provide('browserEndpoint', browser.wsEndpoint())
  return async () => {
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
}

async function serve(files: AppFiles, path: string, response: ServerResponse): Promise<void> {
  // Browsers ask for it on their own; in the app nothing does.
  if (path === '/favicon.ico') {
    response.writeHead(204).end()
    return
  }
  const answer = await answerAppRequest(files, { method: 'GET', url: `${APP_ORIGIN}${path}` })
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  response.end(Buffer.from(await answer.arrayBuffer()))
}
