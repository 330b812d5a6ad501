/**
 * HTTPS for transports by the real Chromium, from a core host to a front on loopback: what arrives there, what is refused,
 * who holds sockets meanwhile, and what a page that was taken over can do with it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { UpstreamProxy } from '../../core/index.ts'
import { findFreePorts } from '../interop/support/free-ports.ts'
import { sleep, waitFor } from '../interop/support/waiting.ts'
import { EXPIRED_CERTIFICATE } from '../support/web-certificates.ts'
import { createHome } from './support/app-home.ts'
import { type FrontServer, startFrontServer } from './support/front-server.ts'
import { launchRig, type RunningRig } from './support/outside-rig/launch-rig.ts'
import { internetSockets, processTree } from './support/process-tree.ts'
import { trustTestAuthority } from './support/trust-authority.ts'

const home = createHome()
let rig: RunningRig
let front: FrontServer
let hostPid = 0
const cleanUps: (() => void)[] = []

beforeAll(async () => {
  trustTestAuthority(home)
  rig = await launchRig(home)
  hostPid = await rig.startHost()
})

beforeEach(async () => {
  front = await startFrontServer()
})

afterEach(() => {
  front.close()
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp()
})

afterAll(async () => {
  await rig.close()
  home.remove()
})

interface Wish {
  readonly host?: string
  readonly front?: string | undefined
  readonly path?: string
  readonly method?: 'GET' | 'POST'
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: string
  readonly maxResponseBytes?: number
  readonly proxy?: UpstreamProxy
  readonly limitMs?: number
}

function request(wish: Wish = {}): Promise<Readonly<Record<string, unknown>>> {
  const {
    host = 'hidden.example',
    path = '/a?b=c',
    method = 'GET',
    headers = [],
    body,
    limitMs = 15_000,
  } = wish
  return rig.ask({
    kind: 'web',
    limitMs,
    request: {
      url: `https://${host}:${front.port}${path}`,
      front: 'front' in wish ? wish.front : 'localhost',
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      maxResponseBytes: wish.maxResponseBytes ?? 10_000,
      proxy: wish.proxy,
    },
  })
}

describe('a fronted request', () => {
  it('arrives with the hidden name as Host and nothing that a page of an app would add', async () => {
    expect(await request({ headers: [['X-Session-Id', 'abc']] })).toEqual({ status: 200, body: 'hello' })
    expect(front.arrived).toHaveLength(1)
    const [{ method, path, headers } = { method: '', path: '', headers: [] }] = front.arrived
    expect([method, path]).toEqual(['GET', '/a?b=c'])
    const names = headers.filter((_, index) => index % 2 === 0)
    expect(names.map((name) => name.toLowerCase()).sort()).toEqual([
      'accept',
      'accept-encoding',
      'accept-language',
      'connection',
      'host',
      'user-agent',
      'x-session-id',
    ])
    expect(headers[names.indexOf('Host') * 2 + 1]).toBe(`hidden.example:${front.port}`)
    expect(headers.join('\n')).not.toMatch(/electron|allium|linux|rig\//i)
  })

  it('shows the front alone on the wire, in a hello with grease as Chrome makes it, without HTTP/2', async () => {
    await request()
    const [hello = Buffer.alloc(0)] = front.hellos
    const text = hello.toString('latin1')
    expect(text).toContain('localhost')
    expect(text).not.toContain('hidden')
    expect(text).toContain('\x08http/1.1')
    expect(text).not.toContain('\x02h2')
    // Record header 5, handshake header 4, version 2, random 32, then the session id with its length.
    const ciphersAt = 43 + 1 + (hello[43] ?? 0)
    expect(hello.subarray(ciphersAt + 2, ciphersAt + 4).toString('hex')).toMatch(/^(.a)\1$/)
  })

  it('carries a body, and asks on the same connection again', async () => {
    const wish = {
      method: 'POST',
      body: 'x'.repeat(50_000),
      headers: [['Content-Type', 'text/plain']],
    } as const
    expect(await request(wish)).toMatchObject({ status: 200 })
    expect(await request(wish)).toMatchObject({ status: 200 })
    expect(front.arrived.map(({ method, body }) => [method, body.length])).toEqual([
      ['POST', 50_000],
      ['POST', 50_000],
    ])
    expect(front.hellos).toHaveLength(1)
  })

  it('is answered as it is: redirects are not followed, and no cookie comes back', async () => {
    front.answer = (_, response) => {
      response.writeHead(302, { Location: 'https://localhost/elsewhere', 'Set-Cookie': 'a=b; Max-Age=1000' })
      response.end()
    }
    expect(await request()).toEqual({ status: 302, body: '' })
    front.answer = (_, response) => response.writeHead(404).end('not here')
    expect(await request()).toEqual({ status: 404, body: 'not here' })
    expect(front.arrived).toHaveLength(2)
    expect(front.arrived[1]?.headers.join('\n')).not.toMatch(/cookie/i)
  })

  it('fails when the answer is longer than it may be, however well it is packed', async () => {
    front.answer = (_, response) => response.end('x'.repeat(10_001))
    expect(await request()).toMatchObject({ kind: 'channel-failed' })
    const { gzipSync } = await import('node:zlib')
    front.answer = (_, response) => {
      response.setHeader('Content-Encoding', 'gzip')
      response.end(gzipSync(Buffer.alloc(50_000_000)))
    }
    expect(await request()).toMatchObject({ kind: 'channel-failed' })
  })

  it('is not made to a server whose certificate is for another name, or is old', async () => {
    const other = await startFrontServer({ address: '127.0.0.2' })
    const old = await startFrontServer({ certificate: EXPIRED_CERTIFICATE })
    cleanUps.push(
      () => other.close(),
      () => old.close(),
    )
    for (const name of [`127.0.0.2:${other.port}`, `localhost:${old.port}`]) {
      expect(await request({ front: name }), name).toMatchObject({ kind: 'wrong-identity' })
    }
    expect([...front.arrived, ...other.arrived, ...old.arrived]).toEqual([])
    expect([other.hellos.length, old.hellos.length]).toEqual([1, 1])
  })

  it('fails in the words of the core when there is no way to the front', async () => {
    expect(await request({ front: 'no-such-name.invalid' })).toMatchObject({
      kind: 'channel-failed',
      detail: 'looking up the name of the web server failed: ENOTFOUND',
    })
  })

  it('ends when nobody waits for it any more', async () => {
    front.answer = () => undefined
    expect(await request({ limitMs: 1000 })).toMatchObject({ kind: 'aborted' })
  })
})

describe('through an upstream proxy', () => {
  async function startProxy(program: string, args: readonly string[], port: number): Promise<ChildProcess> {
    const proxy = spawn(program, args, { stdio: 'ignore' })
    cleanUps.push(() => proxy.kill('SIGKILL'))
    await waitFor(program, 10_000, () =>
      internetSockets(processTree(proxy.pid ?? 0)).some(({ line }) =>
        line.includes(`:${port.toString(16).toUpperCase().padStart(4, '0')} 00000000:0000 0A`),
      )
        ? true
        : undefined,
    )
    return proxy
  }

  it('the front goes by SOCKS5 with a password, which Chromium itself does not know', async () => {
    const [port = 0] = await findFreePorts(1)
    await startProxy('microsocks', ['-i', '127.0.0.1', '-p', String(port), '-u', 'me', '-P', 'word'], port)
    const proxy = (password: string): UpstreamProxy => ({
      kind: 'socks5',
      endpoint: { host: '127.0.0.1', port },
      credentials: { username: 'me', password },
    })
    expect(await request({ proxy: proxy('word') })).toMatchObject({ status: 200 })
    expect(await request({ proxy: proxy('wrong') })).toMatchObject({ kind: 'proxy-failed' })
    expect(front.arrived).toHaveLength(1)
  })

  it('a proxy that is not there is said, and not gone around', async () => {
    expect(await request()).toMatchObject({ status: 200 })
    const [port = 0] = await findFreePorts(1)
    const proxy: UpstreamProxy = {
      kind: 'http',
      endpoint: { host: '127.0.0.1', port },
      credentials: undefined,
    }
    expect(await request({ proxy })).toMatchObject({ kind: 'proxy-failed' })
    expect(front.arrived).toHaveLength(1)
  })
})

describe('the sockets', () => {
  /** Of every process of the app but the core host. */
  const strangers = () =>
    internetSockets(processTree(rig.pid)).filter(({ pid }) => pid !== hostPid && pid !== rig.pid)
  const addressOf = (line: string, column: number): string => line.split(/\s+/)[column] ?? ''

  it('of Chromium lead to the core in this machine and nowhere else, and are none when nothing is asked for long', async () => {
    const seen = new Set<string>()
    const watch = setInterval(() => {
      for (const { table, line } of strangers()) seen.add(`${table} ${addressOf(line, 2)}`)
    }, 10)
    front.answer = (_, response) => setTimeout(() => response.end('late'), 500)
    expect(await request()).toMatchObject({ status: 200 })
    clearInterval(watch)
    const listening = internetSockets(processTree(hostPid))
      .filter(({ line }) => line.split(/\s+/)[3] === '0A')
      .map(({ line }) => `tcp ${addressOf(line, 1)}`)
    expect(listening).toHaveLength(1)
    expect([...seen]).toEqual(listening)
  })
})

describe('the page, taken over', () => {
  const attempt = (text: string): Promise<unknown> =>
    rig.runInPage(
      `(async () => { try { return await (async () => { ${text} })() } catch (error) { return 'refused: ' + error.name } })()`,
    )

  it('asks no server for anything that the core has not asked for', async () => {
    front.answer = () => undefined
    const waiting = request({ limitMs: 5000 })
    await waitFor('the request', 5000, () => (front.arrived.length > 0 ? true : undefined))
    const origin = `https://localhost:${front.port}`
    for (const url of [
      `${origin}/other`,
      `${origin}/a?b=c`,
      `${origin}/a?b=c#999`,
      'https://elsewhere.example/',
    ]) {
      expect(await attempt(`await fetch(${JSON.stringify(url)}); return 'sent'`)).toMatch(/^refused/)
    }
    for (const text of [
      `await fetch('http://127.0.0.1:${front.port}/'); return 'sent'`,
      `await new Promise((resolve, reject) => { const s = new WebSocket('wss://localhost:${front.port}/'); s.onopen = resolve; s.onerror = () => reject(new DOMException('', 'NetworkError')) }); return 'sent'`,
      `const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:${front.port}' }] }); peer.createDataChannel('x'); await peer.setLocalDescription(await peer.createOffer()); await new Promise((resolve) => setTimeout(resolve, 1000)); return 'refused: ' + peer.iceGatheringState + peer.localDescription.sdp.includes('candidate')`,
      `const image = new Image(); image.src = '${origin}/a.png'; await image.decode(); return 'sent'`,
      `eval('1'); return 'ran'`,
      `location.href = '${origin}/'; await new Promise((resolve) => setTimeout(resolve, 500)); return 'refused: ' + location.href`,
      `return window.open('${origin}/') === null ? 'refused' : 'opened'`,
      `return 'refused: ' + [typeof require, typeof process, typeof window.allium].join()`,
    ]) {
      const outcome = await attempt(text)
      expect(outcome, text).toMatch(/^refused/)
      expect(outcome, text).not.toMatch(/true|object|function|localhost/)
    }
    await waiting
    expect(front.arrived).toHaveLength(1)
  })
})

describe('when something ends', () => {
  it('a crashed page is said, and there is another one for the next request', async () => {
    front.answer = () => undefined
    const waiting = request()
    await waitFor('the request', 10_000, () => (front.arrived.length > 0 ? true : undefined))
    await rig.crashPages()
    expect(await waiting).toMatchObject({
      kind: 'channel-failed',
      detail: 'a window for transports ended: crashed',
    })
    front.answer = (_, response) => response.end('hello')
    expect(await request()).toEqual({ status: 200, body: 'hello' })
    expect(await rig.pages()).toEqual(['app://transports/web.html'])
  })

  it('a host that is killed under a request leaves no page and no socket behind, and the next one is served', async () => {
    front.answer = () => undefined
    const waiting = request()
    await waitFor('the request', 10_000, () => (front.arrived.length > 0 ? true : undefined))
    await rig.killHost()
    expect(await waiting).toEqual({ gone: true })
    await waitFor('the page to go', 10_000, async () => ((await rig.pages()).length === 0 ? true : undefined))
    await sleep(200)
    expect(internetSockets(processTree(rig.pid)).filter(({ pid }) => pid !== rig.pid)).toEqual([])
    hostPid = await rig.startHost()
    front.answer = (_, response) => response.end('hello')
    expect(await request()).toEqual({ status: 200, body: 'hello' })
  })
})
