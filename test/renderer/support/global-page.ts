/** Builds the renderer once, serves it as the app does (same policy, same files), and starts the one browser. */
import { execFileSync } from 'node:child_process'
import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { extname, join, normalize, resolve } from 'node:path'
import { chromium } from 'playwright-core'
import type { TestProject } from 'vitest/node'
import { PAGE_POLICY } from './page-policy.ts'

const CONFIG = 'renderer/vite.config.ts'
const OUTPUT = resolve('out/renderer-tests')
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
}
/** Nothing of Chromium's own may go out, and root may run it. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

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
    ['node_modules/vite/bin/vite.js', 'build', '--config', CONFIG, '--outDir', OUTPUT, '--logLevel', 'warn'],
    { stdio: 'inherit', env: { ...process.env, NODE_ENV: 'production' } },
  )
  const server = createServer((request, response) => serve(request.url ?? '/', response))
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the page has no port')
  const browser = await chromium.launchServer({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ARGUMENTS,
  })
  project.provide('pageUrl', `http://127.0.0.1:${address.port}/`)
  project.provide('browserEndpoint', browser.wsEndpoint())
  return async () => {
    await browser.close()
    server.close()
    server.closeAllConnections()
  }
}

function serve(url: string, response: ServerResponse): void {
  const path = normalize(new URL(url, 'http://page').pathname)
  const file = join(OUTPUT, path === '/' ? 'index.html' : path)
  // Browsers ask for it on their own; the app's scheme is never asked.
  if (path === '/favicon.ico') response.writeHead(204).end()
  else if (!file.startsWith(OUTPUT) || !existsSync(file) || !statSync(file).isFile())
    response.writeHead(404).end()
  else {
    response.writeHead(200, {
      'content-type': TYPES[extname(file)] ?? 'application/octet-stream',
      'content-security-policy': PAGE_POLICY,
    })
    createReadStream(file).pipe(response)
  }
}
