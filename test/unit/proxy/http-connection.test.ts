import { afterEach, describe, expect, test } from 'vitest'
import { DEFAULT_APPLICATION_RULES } from '../../../core/proxy/application-rules.ts'
import type { ProxyListener } from '../../../core/proxy/proxy-listener.ts'
import { WRITE_BUFFER_BYTES } from '../../../core/proxy/app-socket.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, Logger } from '../../../core/util/log.ts'
import { FakeOpener, type FakeStream } from './fake-opener.ts'
import { App, type ListenChanges, listen, settle, until } from './support.ts'

const open: ProxyListener[] = []
const apps: App[] = []

afterEach(async () => {
  for (const app of apps.splice(0)) app.socket.destroy()
  for (const listener of open.splice(0)) await listener.close()
})

async function start(opener: FakeOpener, changes: ListenChanges = {}): Promise<App> {
  const listener = await listen(opener, { protocol: 'http', ...changes })
  open.push(listener)
  return connect(listener)
}

function connect(listener: ProxyListener): App {
  const made = new App(listener)
  apps.push(made)
  return made
}

const GET = 'GET http://example.com/a HTTP/1.1\r\nHost: example.com\r\n\r\n'
const text = (app: App): string => app.received.toString('latin1')

async function streamOf(opener: FakeOpener, index = 0): Promise<FakeStream> {
  await until(() => opener.streams.length > index)
  const stream = opener.streams[index]
  if (stream === undefined) throw new Error('no stream')
  return stream
}

const initialOf = (opener: FakeOpener, index = 0): string => opener.begun[index]?.earlyText ?? ''

describe('a plain request', () => {
  test('leaves with BEGIN, and its answer comes back', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    expect(opener.asked[0]?.target).toEqual({ host: 'example.com', port: 80, kind: 'name' })
    expect(initialOf(opener)).toBe('GET /a HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n')
    stream.deliver(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'))
    await until(() => text(app) === 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello')
    expect(stream.destroyedWith).toBeUndefined()
  })

  test('may be followed by others on the same connection, each with a stream and site of its own', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    for (const [index, host] of ['one.example', 'two.example', 'www.one.example'].entries()) {
      app.send(`GET http://${host}/ HTTP/1.1\r\nHost: ${host}\r\n\r\n`)
      const stream = await streamOf(opener, index)
      stream.deliver(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n${index}`))
      await until(() => text(app).endsWith(`\r\n\r\n${index}`))
    }
    const [one, two, again] = opener.asked.map(({ options }) => options.isolation?.key)
    expect(two).not.toBe(one)
    expect(again).toBe(one)
  })

  test('that asks for circuits of its own by a header which pages can set is told how to ask instead', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET.replace('\r\n\r\n', '\r\nTor-Stream-Isolation: hunter2\r\n\r\n'))
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 400 /)
    expect(text(app)).toContain('Proxy-Authorization')
    expect(text(app)).not.toContain('hunter2')
    expect(opener.asked).toHaveLength(0)
  })

  test('that comes before its turn waits for the answer to the one before it', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET + GET.replace('/a', '/b'))
    const first = await streamOf(opener)
    await settle()
    expect(opener.streams).toHaveLength(1)
    expect(initialOf(opener)).not.toContain('/b')
    first.deliver(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))
    await streamOf(opener, 1)
    expect(initialOf(opener, 1)).toMatch(/^GET \/b /)
  })

  test('sends its body as it comes, and not one byte of what is behind it', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send('POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 8\r\n\r\nabc')
    const stream = await streamOf(opener)
    app.send(`defgh${GET}`)
    await until(() => stream.writtenText === 'defgh')
    expect(initialOf(opener).endsWith('\r\n\r\nabc')).toBe(true)
    await settle()
    expect(stream.writtenText).toBe('defgh')
  })

  test('sends a chunked body in chunks of our own', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(
      'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\na',
    )
    const stream = await streamOf(opener)
    app.send('bc\r\n0\r\nX-Trailer: secret\r\n\r\n')
    await until(() => stream.writtenText.endsWith('0\r\n\r\n'))
    expect(initialOf(opener) + stream.writtenText).toMatch(/\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n$/)
  })

  test('that waits for "100 Continue" hears it from the server', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(
      'POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n',
    )
    const stream = await streamOf(opener)
    expect(initialOf(opener)).toContain('Expect: 100-continue')
    stream.deliver(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'))
    await until(() => text(app) === 'HTTP/1.1 100 Continue\r\n\r\n')
    app.send('ok')
    await until(() => stream.writtenText === 'ok')
    stream.deliver(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    await until(() => text(app).includes('200 OK'))
  })

  test('closes the connection when the server answers before the whole body has come', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send('POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nabc')
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n'))
    await until(() => app.hasEnded)
    app.send(GET)
    await settle()
    expect(opener.asked).toHaveLength(1)
  })
})

describe('the answer to a plain request', () => {
  test('that ends with its connection comes in chunks, and the next request is served', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.0 200 OK\r\n\r\nhel'))
    stream.deliver(Buffer.from('lo'))
    stream.endFromRelay()
    await until(() => text(app).endsWith('\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'))
    app.send(GET)
    await streamOf(opener, 1)
  })

  test('that is cut resets the application, so that it does not pass for a whole one', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhello'))
    // Node reads a reset that comes together with bytes as an end.
    await until(() => text(app).endsWith('hello'))
    stream.endFromRelay()
    await until(() => app.isClosed)
    expect(app.error?.code).toBe('ECONNRESET')
  })

  test.each([
    ['never comes', ''],
    ['is no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n'],
    ['has two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
    ['poses as a proxy', 'HTTP/1.1 407 X\r\nProxy-Authenticate: Basic realm="x"\r\n\r\n'],
    ['has an endless head', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(20_000)}`],
    ['never gets to the point', 'HTTP/1.1 103 X\r\n\r\n'.repeat(17)],
  ])('that %s is a page of ours with 502', async (_what, bytes) => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from(bytes))
    stream.endFromRelay()
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/HTTP\/1\.1 502 Bad Gateway/)
    expect(text(app)).not.toContain('realm')
    expect(stream.destroyedWith).not.toBe('not-destroyed')
  })

  test('may be announced by an interim one, which never has a length', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.1 103 Early Hints\r\nContent-Length: 27\r\nLink: <a>\r\n\r\n'))
    stream.deliver(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))
    await until(() => text(app).includes('204'))
    expect(text(app)).toBe('HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n')
  })

  test('that smuggles a second answer brings the first only', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\nevil'))
    await until(() => text(app).includes('204'))
    await settle()
    expect(text(app)).toBe('HTTP/1.1 204 No Content\r\n\r\n')
  })

  test('is held back while the application does not read', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.socket.pause()
    app.send(GET)
    const stream = await streamOf(opener)
    const total = 40_000_000
    stream.deliver(Buffer.from(`HTTP/1.1 200 OK\r\nContent-Length: ${total}\r\n\r\n`))
    for (let sent = 0; sent < total; sent += 100_000) stream.deliver(Buffer.alloc(100_000))
    await settle()
    expect(stream.isHeldBack).toBe(true)
    expect(stream.deliveredBytes).toBeLessThan(total)
    app.socket.resume()
    await until(() => stream.deliveredBytes > total)
    await until(() => app.socket.bytesRead > total)
    expect(WRITE_BUFFER_BYTES).toBeLessThan(1_000_000)
  })

  test.each([
    ['it takes more', (stream: FakeStream) => stream.drain()],
    ['the server has ended behind an answer that is not read', (stream: FakeStream) => stream.endWriting()],
  ])('a body that the stream does not take holds the application back until %s', async (_when, letGo) => {
    const opener = new FakeOpener()
    opener.mayWrite = false
    const app = await start(opener)
    app.send('POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 20000000\r\n\r\n')
    const stream = await streamOf(opener)
    for (let sent = 0; sent < 20; sent++) app.send(Buffer.alloc(1_000_000))
    await settle()
    const count = (): number => stream.written.reduce((sum, part) => sum + part.length, 0)
    expect(count()).toBeLessThan(1_000_000)
    letGo(stream)
    await until(() => count() === 20_000_000)
  })
})

describe('a plain request that fails', () => {
  test.each([
    ['resolve-failed', 502, 'end/RESOLVEFAILED'],
    ['timeout', 504, 'end/TIMEOUT'],
    ['exit-policy', 502, 'end/EXITPOLICY'],
    ['internal', 502, 'end/INTERNAL'],
  ] as const)('with %s is answered by a page with %i', async (kind, status, reason) => {
    const opener = new FakeOpener()
    opener.failure = new TorError(kind, 'secret.example')
    const app = await start(opener)
    app.send(GET)
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(text(app)).toContain(`Tor-Request-Failed: ${reason}\r\n`)
    expect(text(app)).not.toContain('example')
  })

  test.each(['GET http://a.example/ HTTP/1.1\r\nHost: a.example', 'CONNECT a.example:443 HTTP/1.1'])(
    'for want of time is answered with 504 (%j)',
    async (head) => {
      const opener = new FakeOpener()
      opener.gate = new Promise(() => {})
      const app = await start(opener, { rules: { ...DEFAULT_APPLICATION_RULES, requestLimitMs: 1 } })
      app.send(`${head}\r\n\r\n`)
      await until(() => app.hasEnded)
      expect(text(app)).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/)
      expect(opener.asked[0]?.options.signal?.aborted).toBe(true)
    },
  )

  test('is aborted when its application goes away', async () => {
    const opener = new FakeOpener()
    opener.gate = new Promise(() => {})
    const app = await start(opener)
    app.send(GET)
    await until(() => opener.asked.length === 1)
    app.socket.destroy()
    await until(() => opener.asked[0]?.options.signal?.aborted === true)
  })

  test('and one whose application goes away later closes its stream', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const stream = await streamOf(opener)
    app.socket.destroy()
    await until(() => stream.destroyedWith !== 'not-destroyed')
  })
})

describe('request smuggling is refused in words, and nothing goes out', () => {
  const post = (headers: string, body = ''): string =>
    `POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n${headers}\r\n\r\n${body}`

  test.each([
    ['two lengths', post('Content-Length: 5\r\nContent-Length: 6', 'abcdef')],
    ['equal lengths', post('Content-Length: 5\r\nContent-Length: 5', 'abcde')],
    ['a length and chunks', post('Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n')],
    ['a folded header', post('A: b\r\n c')],
    ['a bare line feed', post('A: b\nContent-Length: 5')],
    ['a space before a colon', post('Content-Length : 5', 'abcde')],
    ['an unknown encoding', post('Transfer-Encoding: chunked, gzip')],
    ['two hosts', post('Host: b.example')],
    ['https in absolute form', 'GET https://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n'],
    ['another scheme', 'GET ftp://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n'],
  ])('%s', async (_what, bytes) => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(bytes)
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(text(app)).not.toContain('a.example')
    expect(opener.asked).toHaveLength(0)
  })

  test('huge heads, with 431', async () => {
    const app = await start(new FakeOpener())
    app.send(`GET http://a.example/ HTTP/1.1\r\nCookie: ${'a'.repeat(40_000)}`)
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 431 /)
  })

  test('garbage in the chunks of a body ends both sides', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(post('Transfer-Encoding: chunked', '3\r\nabc\r\n'))
    const stream = await streamOf(opener)
    app.send('nonsense\r\n')
    await until(() => app.hasEnded)
    expect(stream.destroyedWith).not.toBe('not-destroyed')
  })

  test('pipelined garbage behind a request', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(`${GET}\0\0garbage\r\n\r\n`)
    const stream = await streamOf(opener)
    stream.deliver(Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'))
    await until(() => app.hasEnded)
    expect(text(app)).toBe('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
    expect(opener.asked).toHaveLength(1)
  })

  test.each([
    ['a name that is none', 'GET http://127.1/ HTTP/1.1\r\nHost: 127.1\r\n\r\n'],
    ['a name that is too long', `GET http://${'a'.repeat(300)}/ HTTP/1.1\r\nHost: x\r\n\r\n`],
    [
      'a body that is broken from its first byte',
      'POST http://example.com/ HTTP/1.1\r\nHost: example.com\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
    ],
  ])('with %s is refused in words, and is nobody else’s trouble', async (_what, request) => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(request)
    await until(() => app.isClosed || app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/)
    expect(opener.asked).toEqual([])
  })
})

describe('a page of a web site (DNS rebinding)', () => {
  test.each([
    ['whose name was rebound to us', 'GET / HTTP/1.1\r\nHost: evil.example:8118\r\n\r\n'],
    ['that sends a preflight', 'OPTIONS / HTTP/1.1\r\nHost: evil.example\r\n\r\n'],
    ['without a host', 'GET / HTTP/1.0\r\n\r\n'],
    ['with a bad header', 'GET / HTTP/1.1\r\nHost: evil.example\r\nA : b\r\n\r\n'],
    ['with a long head', `GET /${'a'.repeat(40_000)} HTTP/1.1\r\n`],
    ['that posts SOCKS', 'POST / HTTP/1.1\r\nHost: evil.example\r\n\r\n\x05\x01\x00'],
    [
      'that posts a tunnel',
      'POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 31\r\n\r\nCONNECT a.example:80 HTTP/1.1\r\n\r\n',
    ],
    ['that is garbage', 'hello\r\n\r\n'],
    [
      'that looks whether Tor is here',
      'GET / HTTP/1.1\r\nHost: 127.0.0.1:8118\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: no-cors\r\n\r\n',
    ],
    [
      'that asks what the proxy can do',
      'OPTIONS / HTTP/1.1\r\nHost: localhost:8118\r\nOrigin: https://evil.example\r\n\r\n',
    ],
  ])('%s gets not one byte', async (_what, bytes) => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(bytes)
    await until(() => app.hasEnded || app.isClosed)
    expect(text(app)).toBe('')
    expect(opener.asked).toHaveLength(0)
  })

  test('that posts a tunnel to this very machine gets a page, and its body is no request', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(
      'POST / HTTP/1.1\r\nHost: 127.0.0.1:8118\r\nContent-Length: 33\r\n\r\nCONNECT a.example:80 HTTP/1.1\r\n\r\n',
    )
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 405 /)
    expect(opener.asked).toHaveLength(0)
  })
})

describe('OPTIONS from this machine', () => {
  test('tells what the proxy can do, and the connection serves on', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send('OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await until(() => text(app).endsWith('\r\n\r\n'))
    expect(text(app)).toBe(
      'HTTP/1.1 200 OK\r\nAllow: OPTIONS, CONNECT\r\n' +
        'Tor-Capabilities: Tor-Stream-Isolation X-Tor-Stream-Isolation Tor-Family-Preference\r\n' +
        'Server: tor/1.0 (Allium)\r\nContent-Length: 0\r\n\r\n',
    )
    app.send('CONNECT example.com:443 HTTP/1.1\r\n\r\nhello')
    await streamOf(opener)
    expect(initialOf(opener)).toBe('hello')
  })
})

describe('OPTIONS without end', () => {
  test('from an application that takes no answer ends the connection', async () => {
    const app = await start(new FakeOpener())
    app.socket.pause()
    const count = 200_000
    app.send('OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(count))
    await settle()
    app.socket.resume()
    await until(() => app.hasEnded || app.isClosed)
    const replyBytes = text(app).indexOf('HTTP', 1)
    expect(app.socket.bytesRead).toBeLessThan((count * replyBytes) / 2)
  })
})

describe('a tunnel', () => {
  test('is answered by a head and then carries bytes both ways', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n')
    const stream = await streamOf(opener)
    await until(() => text(app).endsWith('\r\n\r\n'))
    expect(text(app)).toMatch(
      /^HTTP\/1\.1 200 OK\r\nTor-Capabilities: .*\r\nVia: tor\/1\.0 tor-network \(Allium\)\r\n\r\n$/,
    )
    app.send('ping')
    await until(() => stream.writtenText === 'ping')
    stream.deliver(Buffer.from('pong'))
    await until(() => text(app).endsWith('pong'))
  })

  test('that fails says why in its status and in Tor-Request-Failed', async () => {
    const opener = new FakeOpener()
    opener.failure = new TorError('resolve-failed', 'no')
    const app = await start(opener)
    app.send('CONNECT example.com:443 HTTP/1.1\r\n\r\n')
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 503 Service Unavailable \(resolve failed\)\r\n/)
    expect(text(app)).toContain('\r\nTor-Request-Failed: end/RESOLVEFAILED\r\n')
  })

  test('with Tor-RPC-Target is refused with 501', async () => {
    const app = await start(new FakeOpener())
    app.send('CONNECT example.com:443 HTTP/1.1\r\nTor-RPC-Target: x\r\n\r\n')
    await until(() => app.hasEnded)
    expect(text(app)).toMatch(/^HTTP\/1\.1 501 Not implemented \(No RPC Support\)\r\n/)
  })

  test('may follow a plain request on the same connection', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send(GET)
    const first = await streamOf(opener)
    first.deliver(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))
    await until(() => text(app).includes('204'))
    app.send('CONNECT example.com:443 HTTP/1.1\r\n\r\n')
    await streamOf(opener, 1)
  })

  test('narrows the families of addresses that the listener allows', async () => {
    const opener = new FakeOpener()
    const app = await start(opener)
    app.send('CONNECT example.com:443 HTTP/1.1\r\nTor-Family-Preference: ipv6-only\r\n\r\n')
    await streamOf(opener)
    expect(opener.asked[0]?.options.families).toEqual({
      allowsIpv4: false,
      allowsIpv6: true,
      prefersIpv6: true,
    })
  })
})

describe('other protocols on the HTTP port', () => {
  test.each([
    ['SOCKS5', '050100', '05ff'],
    ['SOCKS4', '04010050c000020700', '005b000000000000'],
    ['TLS', '1603010200010001fc0303', ''],
  ])('%s is refused in its own words, and the user is told once', async (_what, sent, answer) => {
    const opener = new FakeOpener()
    const warnings: string[] = []
    const log = new Logger(({ level, parts }) => {
      if (level === 'warn') warnings.push(formatLogParts(parts, true))
    })
    const app = await start(opener, { log })
    app.sendHex(sent)
    await until(() => app.hasEnded || app.isClosed)
    expect(app.received.toString('hex')).toBe(answer)
    const [listener] = open
    if (listener === undefined) throw new Error('no listener')
    const again = connect(listener)
    again.sendHex(sent)
    await until(() => again.hasEnded || again.isClosed)
    expect(warnings).toHaveLength(1)
  })
})

describe('patience', () => {
  function manualTimers(): { clock: Clock; timers: { callback: () => void; isCancelled: boolean }[] } {
    const timers: { callback: () => void; isCancelled: boolean }[] = []
    const clock: Clock = {
      ...systemClock,
      setTimer(_delayMs, callback) {
        const timer = { callback, isCancelled: false }
        timers.push(timer)
        return { cancel: () => (timer.isCancelled = true) }
      },
    }
    return { clock, timers }
  }

  test('ends with an application that never finishes its head (slow loris)', async () => {
    const { clock, timers } = manualTimers()
    const app = await start(new FakeOpener(), { clock })
    app.send('GET http://a.example/ HTTP/1.1\r\nA: b\r\n')
    await until(() => timers.length === 1)
    await settle()
    expect(timers[0]?.isCancelled).toBe(false)
    timers[0]?.callback()
    await until(() => app.isClosed || app.hasEnded)
  })

  test('begins anew for each request and does not cut the answer', async () => {
    const { clock, timers } = manualTimers()
    const opener = new FakeOpener()
    const app = await start(opener, { clock })
    app.send(GET)
    const stream = await streamOf(opener)
    await settle()
    expect(timers.every(({ isCancelled }) => isCancelled)).toBe(true)
    stream.deliver(Buffer.from('HTTP/1.1 204 No Content\r\n\r\n'))
    await until(() => text(app).includes('204'))
    const last = timers.at(-1)
    expect(last?.isCancelled).toBe(false)
    last?.callback()
    await until(() => app.isClosed || app.hasEnded)
  })
})

test('credentials and destinations are never logged', async () => {
  const lines: string[] = []
  const log = new Logger(({ parts }) => lines.push(formatLogParts(parts, false)))
  for (const failure of [undefined, new TorError('resolve-failed', 'no address')]) {
    const opener = new FakeOpener()
    opener.failure = failure
    const app = await start(opener, { log })
    const secrets = 'Proxy-Authorization: Basic hunter2\r\nCookie: hunter2\r\n'
    app.send(`GET http://secret.example/hunter2 HTTP/1.1\r\nHost: secret.example\r\n${secrets}\r\n`)
    await until(() => opener.asked.length === 1)
    if (failure === undefined) opener.streams[0]?.closeFromRelay()
    await until(() => app.hasEnded)
  }
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.join('\n')).not.toMatch(/hunter2|secret\.example/)
})
