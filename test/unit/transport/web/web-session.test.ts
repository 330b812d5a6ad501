/** The core's own HTTPS against servers on loopback that behave, and then do not. */
import { afterEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { NO_OUTSIDE, type WebRequest } from '../../../../core/transport/outside.ts'
import { dialTcp } from '../../../../core/transport/tcp-dialler.ts'
import { type TransportParts, transportParts } from '../../../../core/transport/transport-parts.ts'
import { drawTlsHello } from '../../../../core/transport/web/tls-hello.ts'
import { HttpSession, type WebQuestion } from '../../../../core/transport/web/web-session.ts'
import { systemClock } from '../../../../core/util/clock.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { RawWebServer } from '../../../support/raw-web-server.ts'
import { EXPIRED_CERTIFICATE, TEST_AUTHORITY, TEST_KEY } from '../../../support/web-certificates.ts'

const DIRECT = { proxy: undefined, localAddress: undefined }
const signal = new AbortController().signal
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(...how: Parameters<typeof RawWebServer.start>): Promise<RawWebServer> {
  const server = await RawWebServer.start(...how)
  closing.push(() => server.close())
  return server
}

/** Every name leads to the server, and the names are noted. */
function session(
  server: RawWebServer,
  { clock = systemClock, trustsTests = true } = {},
): HttpSession & { readonly dialled: string[] } {
  const dialled: string[] = []
  const made = new HttpSession({
    clock,
    roots: trustsTests ? [TEST_AUTHORITY] : undefined,
    hello: drawTlsHello(systemRandom),
    dialName: (host, port, signal) => {
      dialled.push(`${host}:${port}`)
      return dialTcp({ host: '127.0.0.1', port: server.port }, DIRECT, clock, signal)
    },
  })
  closing.push(() => made.close())
  return Object.assign(made, { dialled })
}

function ask(url: string, more: Partial<WebQuestion> = {}): WebQuestion {
  const basics = { front: undefined, method: 'POST', headers: [], body: undefined } as const
  return { url, ...basics, maxResponseBytes: 100_000, ...more }
}

function answering(...answers: readonly string[]): RawWebServer['script'] {
  let next = 0
  return {
    onBytes: (received, socket) => {
      if (received.toString('latin1').endsWith('\r\n\r\n')) void socket.write(answers[next++] ?? '')
    },
  }
}

const EMPTY_OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'

async function failure(promise: Promise<unknown>): Promise<TorError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

async function untilNoSocketIsLeft(server: RawWebServer): Promise<void> {
  while (server.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 2))
}

describe('a front', () => {
  test('is what is dialled, shown in the hello and checked, and the host of the URL is told inside', async () => {
    const server = await serve('tls')
    server.script = answering('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi')
    const web = session(server)
    const question = ask('https://hidden.example/a/b?c=d', {
      front: 'front.example',
      headers: [['X-Session-Id', 'abc']],
    })
    expect(await web.request(question, signal)).toEqual({ status: 200, body: Buffer.from('hi') })
    expect(web.dialled).toEqual(['front.example:443'])
    expect(server.serverNames).toEqual(['front.example'])
    expect(server.protocols).toEqual(['http/1.1'])
    expect(server.received[0]?.toString()).toBe(
      'POST /a/b?c=d HTTP/1.1\r\nHost: hidden.example\r\nContent-Length: 0\r\nX-Session-Id: abc\r\n\r\n',
    )
  })

  test('may name a port of its own', async () => {
    const server = await serve('tls')
    server.script = answering(EMPTY_OK)
    const web = session(server)
    await web.request(ask('https://hidden.example:444/', { front: 'Front.example:8443' }), signal)
    expect(web.dialled).toEqual(['front.example:8443'])
    expect(server.received[0]?.toString()).toMatch(/Host: hidden.example:444/)
  })

  test('without one, the host of the URL is', async () => {
    const server = await serve('tls')
    server.script = answering(EMPTY_OK)
    const web = session(server)
    await web.request(ask('https://front.example:8443/', { method: 'GET' }), signal)
    expect(web.dialled).toEqual(['front.example:8443'])
    expect(server.received[0]?.toString()).toBe('GET / HTTP/1.1\r\nHost: front.example:8443\r\n\r\n')
  })

  test('an address has no place in the hello, and its certificate is checked', async () => {
    const server = await serve('tls')
    server.script = answering(EMPTY_OK)
    await session(server).request(ask(`https://127.0.0.1:${server.port}/`), signal)
    expect(server.serverNames).toEqual([false])
  })

  test('plain http is plain', async () => {
    const server = await serve()
    server.script = answering(EMPTY_OK)
    await session(server).request(ask('http://front.example/'), signal)
    expect(server.received[0]?.toString()).toMatch(/^POST \/ HTTP/)
  })
})

describe('the connection', () => {
  test('is kept for the next request to the same front, and for no other', async () => {
    const server = await serve('tls')
    server.script = answering(EMPTY_OK, EMPTY_OK, EMPTY_OK)
    const web = session(server)
    await web.request(ask('https://a.example/', { front: 'front.example' }), signal)
    await web.request(ask('https://b.example/', { front: 'front.example' }), signal)
    expect(server.received.length).toBe(1)
    await web.request(ask('https://b.example/', { front: 'localhost' }), signal)
    expect(server.received.length).toBe(2)
    web.close()
    await untilNoSocketIsLeft(server)
  })

  test.each([
    ['is not kept', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'],
    ['has more to say than was asked', `${EMPTY_OK}HTTP/1.1 200 OK`],
  ])('that %s is followed by a new one', async (_, answer) => {
    const server = await serve()
    server.script = answering(answer, EMPTY_OK)
    const web = session(server)
    await web.request(ask('http://a.example/'), signal)
    await untilNoSocketIsLeft(server)
    await web.request(ask('http://a.example/'), signal)
    expect(server.received.length).toBe(2)
  })

  test.each([
    ['closes', (server: RawWebServer) => [...server.sockets].map((socket) => socket.end())],
    ['resets', (server: RawWebServer) => [...server.sockets].map((socket) => socket.resetAndDestroy())],
    ['speaks', (server: RawWebServer) => [...server.sockets].map((socket) => socket.write('boo'))],
  ])('on which the server %s while nothing is asked is dropped', async (_, misbehave) => {
    const server = await serve()
    server.script = answering(EMPTY_OK, EMPTY_OK)
    const web = session(server)
    await web.request(ask('http://a.example/'), signal)
    misbehave(server)
    await untilNoSocketIsLeft(server)
    await web.request(ask('http://a.example/'), signal)
    expect(server.received.length).toBe(2)
  })

  test('serves one request at a time', async () => {
    const server = await serve()
    const web = session(server)
    const first = failure(web.request(ask('http://a.example/'), signal))
    expect(await failure(web.request(ask('http://a.example/'), signal))).toMatchObject({ kind: 'internal' })
    web.close()
    await first
    await untilNoSocketIsLeft(server)
  })
})

describe('a certificate', () => {
  test('of an authority that nobody trusts is refused in words', async () => {
    const server = await serve('tls')
    const error = await failure(
      session(server, { trustsTests: false }).request(ask('https://front.example/'), signal),
    )
    expect(error).toMatchObject({ kind: 'wrong-identity' })
    expect(error.message).toMatch(/signed by nobody we trust/)
    expect(server.received.every((bytes) => bytes.length === 0)).toBe(true)
    await untilNoSocketIsLeft(server)
  })

  test('for another name is refused in words', async () => {
    const server = await serve('tls')
    const error = await failure(session(server).request(ask('https://hidden.example/'), signal))
    expect(error.message).toBe("the web server's certificate is for another name")
    await untilNoSocketIsLeft(server)
  })

  test('that is out of date is refused in words', async () => {
    const server = await serve({ key: TEST_KEY, cert: EXPIRED_CERTIFICATE })
    const error = await failure(session(server).request(ask('https://front.example/'), signal))
    expect(error.message).toMatch(/out of date, or our clock is/)
    await untilNoSocketIsLeft(server)
  })
})

describe('a server', () => {
  test('that speaks no TLS is told apart', async () => {
    const server = await serve()
    server.script = { onBytes: (_, socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n') }
    const error = await failure(session(server).request(ask('https://front.example/'), signal))
    expect(error.message).toBe('the web server does not speak TLS')
    await untilNoSocketIsLeft(server)
  })

  test('that says nothing in the handshake is given up', async () => {
    const server = await serve()
    const clock = manualClock()
    const failing = failure(session(server, { clock }).request(ask('https://front.example/'), signal))
    while ((server.received[0]?.length ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    clock.advance(15_000)
    expect((await failing).message).toBe('the web server does not answer the TLS handshake')
    await untilNoSocketIsLeft(server)
  })

  test('that closes in the handshake is told of', async () => {
    const server = await serve()
    server.script = { onBytes: (_, socket) => void socket.end() }
    const error = await failure(session(server).request(ask('https://front.example/'), signal))
    expect(error.message).toMatch(
      /closed the connection during the TLS handshake|TLS with the web server failed/,
    )
    await untilNoSocketIsLeft(server)
  })

  test('that does not answer is given up, and while it trickles it is not', async () => {
    const server = await serve()
    server.script = {
      onBytes: (_, socket) => void socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'),
    }
    const clock = manualClock()
    const failing = failure(session(server, { clock }).request(ask('http://a.example/'), signal))
    while (server.received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.advance(29_000)
    for (const socket of server.sockets) socket.write('h')
    await new Promise((resolve) => setTimeout(resolve, 20))
    clock.advance(29_000)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(server.sockets.size).toBe(1)
    clock.advance(1_000)
    expect((await failing).message).toBe('the web server does not answer')
    await untilNoSocketIsLeft(server)
  })

  test('that answers with too much is cut off', async () => {
    const server = await serve()
    server.script = answering(`HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(50)}`)
    const question = ask('http://a.example/', { maxResponseBytes: 20 })
    expect((await failure(session(server).request(question, signal))).message).toMatch(
      /longer than is allowed/,
    )
    await untilNoSocketIsLeft(server)
  })
})

test.each(['tls', undefined] as const)(
  'an abort ends the request and leaves nothing open (%s)',
  async (tls) => {
    const server = await serve(tls)
    const aborter = new AbortController()
    const scheme = tls === undefined ? 'http' : 'https'
    const failing = failure(session(server).request(ask(`${scheme}://front.example/`), aborter.signal))
    while ((server.received[0]?.length ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    const reason = new TorError('aborted', 'enough')
    aborter.abort(reason)
    expect(await failing).toBe(reason)
    await untilNoSocketIsLeft(server)
  },
)

test.each([
  ['a URL of another scheme', ask('ftp://a.example/'), 'bad-config'],
  ['no URL', ask('a.example'), 'bad-config'],
  ['a URL with a password', ask('https://a:b@c.example/'), 'bad-config'],
  [
    'a header that breaks out of its line',
    ask('http://a.example/', { headers: [['A', 'b\r\nC: d']] }),
    'internal',
  ],
])('%s is refused before anything is dialled', async (_, question, kind) => {
  const server = await serve()
  const web = session(server)
  expect(await failure(web.request(question, signal))).toMatchObject({ kind })
  expect(web.dialled).toEqual([])
})

describe('the parts of a transport', () => {
  function parts(server: RawWebServer, outside = NO_OUTSIDE): TransportParts {
    const made = transportParts(DIRECT, outside, { clock: systemClock, random: systemRandom })
    return {
      ...made,
      dialName: (_, __, signal) =>
        dialTcp({ host: '127.0.0.1', port: server.port }, DIRECT, systemClock, signal),
    }
  }

  test('ask one thing over a connection that ends with the answer', async () => {
    const server = await serve()
    server.script = answering(EMPTY_OK)
    const { status } = await parts(server).web(ask(`http://127.0.0.1:${server.port}/`), signal)
    expect(status).toBe(200)
    await untilNoSocketIsLeft(server)
  })

  test('go by the engine of the program where it has one, and tell it the proxy', async () => {
    const asked: WebRequest[] = []
    const webRequest = (request: WebRequest) => {
      asked.push(request)
      return Promise.resolve({ status: 200, body: Buffer.from('engine') })
    }
    const proxy = { kind: 'socks4', endpoint: { host: '127.0.0.1', port: 1 } } as const
    const way = { proxy, localAddress: undefined }
    const made = transportParts(
      way,
      { ...NO_OUTSIDE, webRequest },
      { clock: systemClock, random: systemRandom },
    )
    const question = ask('https://a.example/', { front: 'front.example' })
    expect((await made.web(question, signal)).body.toString()).toBe('engine')
    await made.openWeb().request(question, signal)
    expect(asked).toEqual([
      { ...question, proxy },
      { ...question, proxy },
    ])
  })
})
