/** The transport against web servers of ours that behave, and then do not. */
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, test } from 'vitest'
import { sha256 } from '../../../../core/crypto/hash.ts'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { NO_OUTSIDE } from '../../../../core/transport/outside.ts'
import { transportParts } from '../../../../core/transport/transport-parts.ts'
import { webtunnelTransport } from '../../../../core/transport/webtunnel/webtunnel-transport.ts'
import { systemClock } from '../../../../core/util/clock.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { RawWebServer } from '../../../support/raw-web-server.ts'
import {
  EXPIRED_CERTIFICATE,
  TEST_AUTHORITY,
  TEST_CERTIFICATE,
  TEST_KEY,
} from '../../../support/web-certificates.ts'

const OPEN = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'
const closing: (() => unknown)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function serve(tls?: Parameters<typeof RawWebServer.start>[0], answer = OPEN): Promise<RawWebServer> {
  const server = await RawWebServer.start(tls)
  closing.push(() => server.close())
  server.script = {
    onBytes: (received, socket) => {
      if (received.toString('latin1').endsWith('\r\n\r\n')) void socket.write(answer)
    },
  }
  return server
}

/** The server at its port, under a name that nobody looks up. */
function lineOf(server: RawWebServer, more = '', url = 'https://front.example/secret'): string {
  return `webtunnel 192.0.2.1:443 url=${url} addr=127.0.0.1:${server.port} ${more}`
}

async function open(
  line: string,
  { clock = systemClock, signal = new AbortController().signal, trustsTests = true } = {},
): Promise<Duplex> {
  const tools = { clock, random: systemRandom, ...(trustsTests ? { tlsRoots: [TEST_AUTHORITY] } : {}) }
  const parts = transportParts({ proxy: undefined, localAddress: undefined }, NO_OUTSIDE, tools)
  const stream = await webtunnelTransport.connect(parseBridgeLine(line), parts, signal)
  closing.push(() => stream.destroy())
  return stream
}

async function failure(promise: Promise<unknown>): Promise<TorError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

async function untilNoSocketIsLeft(server: RawWebServer): Promise<void> {
  while (server.sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 2))
}

async function read(stream: Duplex, length: number): Promise<string> {
  let text = ''
  for await (const part of stream.iterator({ destroyOnReturn: false })) {
    text += String(part)
    if (text.length >= length) break
  }
  return text
}

describe.each([
  ['with TLS', 'tls', 'https://front.example/secret'],
  ['without TLS', undefined, 'http://front.example/secret'],
] as const)('%s', (_, tls, url) => {
  test('the tunnel carries what comes behind the answer, and all that follows', async () => {
    const server = await serve(tls, `${OPEN}early`)
    const stream = await open(lineOf(server, '', url))
    expect(await read(stream, 5)).toBe('early')
    server.script = { onBytes: (received, socket) => void socket.write(received.subarray(-4)) }
    stream.write('ping')
    expect(await read(stream, 4)).toBe('ping')
    expect(server.received.map(String)).toEqual([
      'GET /secret HTTP/1.1\r\nHost: front.example\r\nUser-Agent: Go-http-client/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nping',
    ])
    expect(server.serverNames).toEqual(tls === undefined ? [] : ['front.example'])
    expect(server.protocols).toEqual(tls === undefined ? [] : [false])
    stream.destroy()
    await untilNoSocketIsLeft(server)
  })

  test('a server that closes instead of answering is told of', async () => {
    const server = await serve(tls)
    server.script = { onBytes: (_, socket) => void socket.end() }
    expect((await failure(open(lineOf(server, '', url)))).message).toMatch(/closed the connection instead of/)
    await untilNoSocketIsLeft(server)
  })

  test('a server that is silent is given up after 15 seconds', async () => {
    const server = await serve(tls, '')
    const clock = manualClock()
    const failing = failure(open(lineOf(server, '', url), { clock }))
    while ((server.received[0]?.length ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    clock.advance(15_000)
    expect(await failing).toMatchObject({ kind: 'channel-failed' })
    expect((await failing).message).toBe('the web server in front of the bridge does not answer')
    await untilNoSocketIsLeft(server)
  })

  test('an abort ends the wait for the answer, and the connection', async () => {
    const server = await serve(tls, '')
    const aborter = new AbortController()
    const failing = failure(open(lineOf(server, '', url), { signal: aborter.signal }))
    while ((server.received[0]?.length ?? 0) === 0) await new Promise((resolve) => setTimeout(resolve, 2))
    const reason = new TorError('timeout', 'enough')
    aborter.abort(reason)
    expect(await failing).toBe(reason)
    await untilNoSocketIsLeft(server)
  })

  test('the end of the server is the end of the stream, and a break does not end the process', async () => {
    const server = await serve(tls)
    const streams = [await open(lineOf(server, '', url)), await open(lineOf(server, '', url))]
    const closed = streams.map((stream) => new Promise((resolve) => stream.on('close', resolve).resume()))
    const [first, second] = server.sockets
    first?.end()
    second?.resetAndDestroy()
    await Promise.all(closed)
  })
})

describe('another name in the hello', () => {
  test.each([
    ['servername=localhost', 'localhost'],
    ['sni-imitation=other.example', 'other.example'],
    ['servername=other.example cert-domain=localhost', 'other.example'],
    ['servername=127.0.0.1', false],
  ])('with %s the certificate is held against the right one', async (more, shown) => {
    const server = await serve('tls')
    await open(lineOf(server, more))
    expect(server.serverNames).toEqual([shown])
    expect(server.received[0]?.toString()).toMatch(/\r\nHost: front.example\r\n/)
  })

  test.each([
    'servername=other.example',
    'cert-domain=other.example',
    'sni-imitation=front.example cert-domain=x.example',
  ])('with %s the certificate is refused in words', async (more) => {
    const server = await serve('tls')
    const error = await failure(open(lineOf(server, more)))
    expect(error).toMatchObject({
      kind: 'wrong-identity',
      message: "the web server's certificate is for another name",
    })
    await untilNoSocketIsLeft(server)
  })

  test('of several that do not work others are tried, one after the other, and no more than three', async () => {
    const shown: string[] = []
    const server = await serve({
      key: TEST_KEY,
      cert: TEST_CERTIFICATE,
      SNICallback: (name, done) => {
        shown.push(name)
        done(null)
      },
    })
    await open(lineOf(server, 'servername=a.example,b.example,localhost'))
    expect(shown.at(-1)).toBe('localhost')
    shown.length = 0
    await failure(open(lineOf(server, 'servername=a.example,b.example,c.example,d.example')))
    expect(new Set(shown).size).toBe(3)
    expect(shown.length).toBe(3)
  })
})

describe('a certificate', () => {
  const DER = Buffer.from(TEST_CERTIFICATE.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  const AUTHORITY_DER = Buffer.from(TEST_AUTHORITY.replace(/-----[^-]+-----|\s/g, ''), 'base64')

  test('that nobody has signed whom we trust is refused in words, before the path is told', async () => {
    const server = await serve('tls')
    const error = await failure(open(lineOf(server), { trustsTests: false }))
    expect(error).toMatchObject({ kind: 'wrong-identity' })
    expect(error.message).toMatch(/signed by nobody we trust/)
    expect(Buffer.concat(server.received).length).toBe(0)
  })

  test('that is out of date is refused in words', async () => {
    const server = await serve({ key: TEST_KEY, cert: EXPIRED_CERTIFICATE })
    expect((await failure(open(lineOf(server)))).message).toMatch(/out of date, or our clock is/)
  })

  test.each([
    ['alone', TEST_CERTIFICATE, sha256(DER)],
    ['with its authority', TEST_CERTIFICATE + TEST_AUTHORITY, sha256(sha256(DER), sha256(AUTHORITY_DER))],
  ])('that the line pins %s is taken, whoever signed it and whatever it is for', async (_, cert, hash) => {
    const server = await serve({ key: TEST_KEY, cert })
    const more = `cert=${hash.toString('base64')} servername=other.example`
    await open(lineOf(server, more), { trustsTests: false })
    expect(server.serverNames).toEqual(['other.example'])
  })

  test('that is not the pinned one is refused in words, before the path is told', async () => {
    const server = await serve('tls')
    const error = await failure(open(lineOf(server, `cert=${sha256(AUTHORITY_DER).toString('base64')}`)))
    expect(error).toMatchObject({ kind: 'wrong-identity' })
    expect(error.message).toMatch(/not the one that is pinned/)
    expect(Buffer.concat(server.received).length).toBe(0)
    await untilNoSocketIsLeft(server)
  })
})

test('TLS of the bridge runs inside of the tunnel', async () => {
  const bridge = await RawWebServer.start('tls')
  closing.push(() => bridge.close())
  bridge.script = { onBytes: (received, socket) => void socket.write(received) }
  const server = await serve('tls')
  server.script = {
    onBytes: (received, socket) => {
      if (!received.toString('latin1').endsWith('\r\n\r\n')) return
      socket.removeAllListeners('data')
      socket.write(OPEN)
      void import('node:net').then(({ connect }) => {
        const behind = connect(bridge.port, '127.0.0.1')
        behind.on('error', () => {})
        socket.pipe(behind).pipe(socket)
      })
    },
  }
  const stream = await open(lineOf(server))
  const inner = connectTls({ socket: stream, rejectUnauthorized: false })
  inner.write('inside')
  expect(await read(inner, 6)).toBe('inside')
  inner.destroy()
  await untilNoSocketIsLeft(server)
})

test('nothing answers at the address, and the words say so', async () => {
  const server = await serve()
  const line = lineOf(server)
  await server.close()
  closing.length = 0
  expect((await failure(open(line))).message).toMatch(/ECONNREFUSED/)
})
