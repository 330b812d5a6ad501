/** The transport against a server of ours that behaves, and then does not. */
import type { IncomingMessage } from 'node:http'
import { createServer, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { NO_OUTSIDE } from '../../../../core/transport/outside.ts'
import { meekTransport } from '../../../../core/transport/meek/meek-transport.ts'
import { type TransportParts, transportParts } from '../../../../core/transport/transport-parts.ts'
import { type Clock, systemClock } from '../../../../core/util/clock.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { MeekServer, type MeekServerOptions } from '../../../support/meek-server.ts'
import { TEST_AUTHORITY } from '../../../support/web-certificates.ts'

const DIRECT = { proxy: undefined, localAddress: undefined }
const closing: (() => unknown)[] = []
/** What stands behind the server: it sends back what it gets. */
let onBridgeSocket: (socket: Socket) => void
let bridgePort = 0

beforeEach(async () => {
  onBridgeSocket = (socket) => void socket.pipe(socket)
  const sockets = new Set<Socket>()
  const bridge = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    onBridgeSocket(socket)
  })
  await new Promise<void>((resolve) => bridge.listen(0, '127.0.0.1', resolve))
  const address = bridge.address()
  bridgePort = typeof address === 'object' && address !== null ? address.port : 0
  closing.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => bridge.close(resolve))
  })
})

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function serve(more: Partial<MeekServerOptions> = {}): Promise<MeekServer> {
  const server = await MeekServer.start({ behind: () => bridgePort, isTls: false, ...more })
  closing.push(() => server.close())
  return server
}

function parts(clock: Clock = systemClock): TransportParts {
  return transportParts(DIRECT, NO_OUTSIDE, { clock, random: systemRandom, tlsRoots: [TEST_AUTHORITY] })
}

async function open(args: string, given = parts(), signal = new AbortController().signal): Promise<Duplex> {
  const stream = await meekTransport.connect(
    parseBridgeLine(`meek_lite 192.0.2.20:80 ${args}`),
    given,
    signal,
  )
  closing.push(() => stream.destroy())
  return stream
}

function urlOf(server: MeekServer): string {
  return `url=http://localhost:${server.port}/meek`
}

async function failure(promise: Promise<unknown>): Promise<TorError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

async function read(stream: Duplex, length: number): Promise<Buffer> {
  const bytes: Buffer[] = []
  let sum = 0
  for await (const part of stream.iterator({ destroyOnReturn: false })) {
    bytes.push(part as Buffer)
    sum += (part as Buffer).length
    if (sum >= length) break
  }
  return Buffer.concat(bytes)
}

function closed(stream: Duplex): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let cause: Error | undefined
    stream.on('error', (error) => (cause = error))
    stream.on('close', () => resolve(cause))
    stream.resume()
  })
}

async function until(is: () => boolean): Promise<void> {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 2))
}

describe('a session', () => {
  test('carries what is written and what comes back, whole, in requests on one connection', async () => {
    const server = await serve()
    const stream = await open(urlOf(server))
    const data = Buffer.from(Array.from({ length: 1_000_000 }, (_, n) => (n * 7) % 251))
    stream.write(data.subarray(0, 10))
    stream.write(data.subarray(10))
    expect((await read(stream, data.length)).equals(data)).toBe(true)
    expect(new Set(server.requests.map(({ session }) => session)).size).toBe(1)
    expect(server.requests[0]).toMatchObject({ host: `localhost:${server.port}`, path: '/meek', bytes: 0 })
    expect(server.requests[0]?.session).toMatch(/^[0-9a-f]{32}$/)
    expect(Math.max(...server.requests.map(({ bytes }) => bytes))).toBe(65_536)
    expect(server.sockets.size).toBe(1)
    stream.destroy()
    await until(() => server.sockets.size === 0)
  })

  test('goes through a front by TLS, and only the front is dialled', async () => {
    const server = await serve({ isTls: true })
    const stream = await open(`url=https://hidden.example/meek front=localhost:${server.port}`)
    stream.write('hello')
    expect((await read(stream, 5)).toString()).toBe('hello')
    expect(server.requests[0]).toMatchObject({ host: 'hidden.example', path: '/meek' })
  })

  test('has an id of its own each time', async () => {
    const server = await serve()
    await open(urlOf(server))
    await open(urlOf(server))
    expect(new Set(server.requests.map(({ session }) => session)).size).toBe(2)
  })

  test('asks for no more than the reference client does', async () => {
    let head: IncomingMessage | undefined
    const statusFor = (request: IncomingMessage): undefined => {
      head = request
    }
    await open(urlOf(await serve({ statusFor })))
    const names = head?.rawHeaders.filter((_, index) => index % 2 === 0)
    expect(names).toEqual(['Host', 'Content-Length', 'X-Session-Id'])
  })

  test('ends when the bridge ends, in words', async () => {
    const server = await serve()
    onBridgeSocket = (socket) => void socket.on('data', () => socket.end())
    const stream = await open(urlOf(server))
    stream.write('x')
    const cause = await closed(stream)
    expect(cause).toMatchObject({ kind: 'channel-failed' })
    expect(cause?.message).toMatch(/cannot reach the meek server behind it \(status 500\)/)
    await until(() => server.sockets.size === 0)
  })

  test('ends when its writer ends, after the last word', async () => {
    const server = await serve()
    let received = ''
    onBridgeSocket = (socket) => void socket.on('data', (bytes) => (received += String(bytes)))
    const stream = await open(urlOf(server))
    stream.resume()
    stream.end('last words')
    expect(await closed(stream)).toBeUndefined()
    await until(() => received === 'last words')
    await until(() => server.sockets.size === 0)
  })

  test('that nobody listens to ends without ending the process when the server is gone', async () => {
    const server = await serve()
    const stream = await open(urlOf(server))
    await server.close()
    await until(() => stream.destroyed)
    expect(stream.errored).toMatchObject({ kind: 'channel-failed' })
    await server.listen(0)
  })
})

describe('of a server that is not as it should be', () => {
  test.each([
    [404, /knows no such address/],
    [403, /does not pass on/],
    [302, /sends us elsewhere/],
    [500, /cannot reach the meek server/],
    [204, /does not answer as a meek server/],
  ])('status %i is given up in words', async (status, words) => {
    const server = await serve({ statusFor: () => status })
    const error = await failure(open(urlOf(server)))
    expect(error).toMatchObject({ kind: 'channel-failed' })
    expect(error.message).toMatch(words)
    await until(() => server.sockets.size === 0)
  })

  test('silence is given up in words', async () => {
    const server = await serve()
    server.isStalled = true
    const clock = manualClock()
    const failing = failure(open(urlOf(server), parts(clock)))
    await until(() => server.requests.length === 1)
    clock.advance(20_000)
    expect((await failing).message).toBe('the meek server does not answer')
    await until(() => server.sockets.size === 0)
  })

  test('silence in the middle of a session ends it', async () => {
    const server = await serve()
    const clock = manualClock()
    const stream = await open(urlOf(server), parts(clock))
    await until(() => server.requests.length === 2)
    server.isStalled = true
    stream.write('x')
    await until(() => server.requests.at(-1)?.bytes === 1)
    clock.advance(30_000)
    expect(String(await closed(stream))).toMatch(/does not answer/)
  })

  test('a passing fault in the middle of a session is tried again with the same bytes, and not for ever', async () => {
    let faults = 0
    const server = await serve({ statusFor: () => (faults-- > 0 ? 503 : undefined) })
    const clock = manualClock()
    const stream = await open(urlOf(server), parts(clock))
    const turning = setInterval(() => clock.advance(500), 1)
    closing.push(() => clearInterval(turning))
    faults = 3
    stream.write('again')
    expect((await read(stream, 5)).toString()).toBe('again')
    faults = 1_000
    stream.write('never')
    expect(String(await closed(stream))).toMatch(/status 503/)
  })

  test('an answer that is longer than any server makes ends the attempt', async () => {
    const server = await serve()
    onBridgeSocket = (socket) => void socket.write(Buffer.alloc(10))
    const web = parts().openWeb()
    const request: typeof web.request = (question, signal) =>
      web.request({ ...question, maxResponseBytes: 5 }, signal)
    const error = await failure(
      (async () => {
        const openWeb = () => ({ request, close: () => web.close() })
        throw (await closed(await open(urlOf(server), { ...parts(), openWeb }))) ?? new Error('it ended well')
      })(),
    )
    expect(error.message).toMatch(/longer than is allowed/)
  })
})

describe('of several targets', () => {
  test('the next is tried when one fails', async () => {
    const bad = await serve({ statusFor: () => 404 })
    const good = await serve()
    const targets = `targets=http://localhost:${bad.port}/meek,http://localhost:${good.port}/meek`
    for (let turn = 0; turn < 5; turn++) (await open(targets)).destroy()
    expect(new Set(good.requests.map(({ session }) => session)).size).toBe(5)
  })

  test('no more than three are tried, and the last failure is told', async () => {
    const bad = await serve({ statusFor: () => 404 })
    const names = Array.from({ length: 6 }, (_, n) => `http://localhost:${bad.port}/${n}`)
    expect((await failure(open(`targets=${names.join(',')}`))).message).toMatch(/no such address/)
    expect(new Set(bad.requests.map(({ path }) => path)).size).toBe(3)
  })
})

test('an abort ends the first request, and nothing is left', async () => {
  const server = await serve()
  server.isStalled = true
  const aborter = new AbortController()
  const failing = failure(open(urlOf(server), parts(), aborter.signal))
  await until(() => server.requests.length === 1)
  const reason = new TorError('aborted', 'enough')
  aborter.abort(reason)
  expect(await failing).toBe(reason)
  await until(() => server.sockets.size === 0)
})
