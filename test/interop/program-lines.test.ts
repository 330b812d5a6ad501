/**
 * The lines that the app shows for programs which ignore the system proxy, word for word, with the real programs and
 * real relays. The name in them is known to the exits alone: a line that looked it up here would fail.
 */
import { execFile, execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createWebServer } from 'node:http'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ProgramLine, ProgramName } from '../../electron/ipc/snapshot-programs.ts'
import { programGuides } from '../../electron/system-proxy/program-lines.ts'
import { useFixture } from './support/fixture.ts'

const fixture = useFixture()
const LINE_LIMIT_MS = 100_000
let home = ''
let port = 0
const servers: Server[] = []

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'allium-lines-'))
})

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
  rmSync(home, { recursive: true, force: true })
})

async function listen(server: Server): Promise<void> {
  servers.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  port = address.port
}

/** Files of a folder, as a web server gives them. */
function serveFolder(folder: string): Promise<void> {
  return listen(
    createWebServer((request, response) => {
      const path = normalize(new URL(request.url ?? '/', 'http://x').pathname)
      try {
        response.writeHead(200, { connection: 'close' }).end(readFileSync(join(folder, path)))
      } catch {
        response.writeHead(404, { connection: 'close' }).end()
      }
    }),
  )
}

function linesOf(program: ProgramName): readonly ProgramLine[] {
  const { socksPort, httpPort } = fixture().client
  const doors = {
    socks: { host: '127.0.0.1', port: socksPort },
    http: { host: '127.0.0.1', port: httpPort },
  }
  const guides = programGuides({ platform: 'linux', backend: 'gnome' }, doors)
  return guides.find((guide) => guide.program === program)?.lines ?? []
}

/** The example's place is the test's server; nothing else of the line is touched. */
function aimed(text: string): string {
  return text
    .replace('https://example.org', `http://ok.test:${port}`)
    .replace(/ example\.org$/, ` -p ${port} ok.test`)
}

/** In a shell, as a person types it; resolves with what it printed. */
function type(text: string): Promise<string> {
  const env = { HOME: home, PATH: process.env['PATH'], GIT_TERMINAL_PROMPT: '0' }
  return new Promise((resolve) => {
    execFile('bash', ['-c', text], { cwd: home, env, timeout: LINE_LIMIT_MS }, (_error, out, errors) =>
      resolve(out + errors),
    )
  })
}

/** Keeps the text in the file that the line names, in a home of its own. */
function keep(line: ProgramLine): void {
  const path = join(home, (line.file ?? '').replace('~/', ''))
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  writeFileSync(path, `${line.text}\n`, { mode: 0o600 })
}

describe('the lines for programs that ignore the system proxy', () => {
  test.each(['curl', 'wget'] as const)('bring %s through us, once and always', async (program) => {
    writeFileSync(join(home, 'index.html'), 'came through')
    await serveFolder(home)
    const [once, always] = linesOf(program)
    if (once === undefined || always === undefined) throw new Error('no lines')
    const url = `http://ok.test:${port}/index.html`
    const output = program === 'wget' ? '-O -' : '-sS'
    expect(await type(`${program} ${output} ${url}`)).not.toContain('came through')
    expect(await type(aimed(once.text).replace(/(?<=:\d+)\/$/, `/index.html ${output}`))).toContain(
      'came through',
    )
    keep(always)
    expect(await type(`${program} ${output} ${url}`)).toContain('came through')
  })

  test('bring git through us, once and always, and what is kept is taken back', async () => {
    const bare = join(home, 'project.git')
    const git = (...args: string[]): void => void execFileSync('git', args, { cwd: home, stdio: 'ignore' })
    git('init', '--bare', '-b', 'main', bare)
    git('init', '-b', 'main', 'work')
    git('-C', 'work', '-c', 'user.name=a', '-c', 'user.email=a@a', 'commit', '--allow-empty', '-m', 'x')
    git('-C', 'work', 'push', bare, 'main')
    git('-C', bare, 'update-server-info')
    await serveFolder(home)
    const [once, always] = linesOf('git')
    if (once === undefined || always?.undo === undefined) throw new Error('no lines')
    await type(`${aimed(once.text)} one`)
    expect(await type('git -C one log --format=%s')).toBe('x\n')
    await type(`${always.text} && git clone http://ok.test:${port}/project.git two`)
    expect(await type('git -C two log --format=%s')).toBe('x\n')
    await type(always.undo)
    expect(await type('git config --global --get http.proxy')).toBe('')
  })

  test('bring ssh through us, once and always', async () => {
    const heard: string[] = []
    await listen(
      createServer((socket) => {
        socket.on('error', () => undefined)
        socket.once('data', (chunk) => {
          heard.push(String(chunk).slice(0, 8))
          // A version that ssh hangs up on by itself: nc would wait on when we did.
          socket.write('SSH-1.0-no\r\n')
        })
      }),
    )
    const [once, always] = linesOf('ssh')
    if (once === undefined || always === undefined) throw new Error('no lines')
    await type(aimed(once.text))
    expect(heard).toEqual(['SSH-2.0-'])
    keep(always)
    // ssh asks the system for the home, not the environment.
    await type(`ssh -F ${join(home, '.ssh', 'config')} -p ${port} ok.test`)
    expect(heard).toEqual(['SSH-2.0-', 'SSH-2.0-'])
  })
})
