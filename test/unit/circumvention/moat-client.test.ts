/** Asking the bridge service: what is sent, who is believed, and what becomes of every way that it can go wrong. */
import { connect as connectTcp, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  askMoat,
  fetchMoatBuiltIn,
  fetchMoatMap,
  frontedPath,
  type MoatQuestion,
} from '../../../core/circumvention/moat-client.ts'
import { MOAT_FRONTS, MOAT_SERVICE } from '../../../core/circumvention/moat-targets.ts'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { NO_OUTSIDE } from '../../../core/transport/outside.ts'
import { transportParts } from '../../../core/transport/transport-parts.ts'
import { type Clock, systemClock } from '../../../core/util/clock.ts'
import { TorError } from '../../../core/util/errors.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { type MoatAnswers, type MoatServer, startMoatServer } from '../../support/moat-server.ts'
import { seededRandom } from '../../support/seeded-random.ts'

const QUESTION: MoatQuestion = { endpoint: 'settings', country: 'ru', transports: ['obfs4', 'snowflake'] }
/** Of an obfs4 bridge; where it is, nobody listens. */
const CERT = 'ssH+9rP8dG2NLDN2XuFw63hIO/9MNNinLmxQDpVa+7kTOa9/m+tGWT1SmSYpQ9uTBGa6Hw'
const NEVER = new AbortController().signal

const cleanUps: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp()
})

async function serve(answers: Partial<MoatAnswers> = {}): Promise<MoatServer> {
  const server = await startMoatServer({ answer: () => ({ settings: [], country: 'ru' }), ...answers })
  cleanUps.push(() => server.close())
  return server
}

function ask(server: MoatServer, question = QUESTION, clock = systemClock, signal = NEVER) {
  return askMoat({ ...server, clock }, question, signal)
}

async function whenAllClosed(server: MoatServer): Promise<void> {
  while (server.open() > 0) await new Promise((resolve) => setImmediate(resolve))
}

describe('a question to the bridge service', () => {
  it('says country and transports, and nothing that tells one client from another', async () => {
    const server = await serve()
    expect(await ask(server)).toEqual({ kind: 'settings', country: 'ru', settings: [] })
    expect(server.asked).toEqual([
      {
        path: '/moat/circumvention/settings',
        method: 'POST',
        headers: {
          host: 'bridges.torproject.org',
          'content-type': 'application/vnd.api+json',
          'content-length': '51',
          connection: 'close',
        },
        body: { country: 'ru', transports: ['obfs4', 'snowflake'] },
      },
    ])
    await whenAllClosed(server)
  })

  it('leaves the country to the service when it is not said, and never says it for the defaults', async () => {
    const server = await serve()
    await ask(server, { ...QUESTION, country: undefined })
    await ask(server, { ...QUESTION, endpoint: 'defaults' })
    expect(server.asked.map(({ path, body }) => [path.split('/').at(-1), body])).toEqual([
      ['settings', { transports: ['obfs4', 'snowflake'] }],
      ['defaults', { transports: ['obfs4', 'snowflake'] }],
    ])
  })

  it('can be for what everybody has, and for the map', async () => {
    const lines = ['obfs4 192.0.2.1:443']
    const map = { cn: { settings: [{ bridges: { type: 'snowflake', source: 'builtin' } }] } }
    const server = await serve({ answer: ({ path }) => (path.endsWith('map') ? map : { obfs4: lines }) })
    const access = { ...server, clock: systemClock }
    expect(await fetchMoatBuiltIn(access, NEVER)).toEqual(new Map([['obfs4', lines]]))
    expect(await fetchMoatMap(access, NEVER)).toEqual(
      new Map([['cn', [{ transport: 'snowflake', source: 'builtin', lines: [] }]]]),
    )
  })

  it('passes a refusal on', async () => {
    const server = await serve({ answer: () => ({ errors: [{ code: 406, detail: 'no country' }] }) })
    expect(await ask(server)).toEqual({ kind: 'refusal', code: 406, detail: 'no country' })
  })
})

describe('what is not the bridge service', () => {
  it('is not believed when its certificate is for another name', async () => {
    const server = await serve({ commonName: 'front.example' })
    await expect(ask(server)).rejects.toMatchObject({ kind: 'wrong-identity' })
    expect(server.asked).toEqual([])
    await whenAllClosed(server)
  })

  it('is not believed when nobody vouches for its certificate, whatever the environment says', async () => {
    const server = await serve()
    const access = { ...server, service: { ...server.service, ca: undefined }, clock: systemClock }
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    cleanUps.push(() => delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'])
    await expect(askMoat(access, QUESTION, NEVER)).rejects.toMatchObject({ kind: 'wrong-identity' })
    expect(server.asked).toEqual([])
  })

  it.each<[string, Partial<MoatAnswers>, string]>([
    ['a page of a captive portal', { answer: () => '<html>' }, 'malformed'],
    ['another status', { status: 503 }, 'channel-failed'],
    ['more than it may say', { answer: () => Buffer.alloc(300_000, 0x20) }, 'limit'],
    [
      'the end in the middle',
      {
        onRequest: (_, response) => {
          response.writeHead(200, { 'Content-Length': 100 })
          response.write('{"settings"')
          setImmediate(() => response.destroy())
          return true
        },
      },
      'channel-failed',
    ],
  ])('answers with %s, and that is an error of its kind', async (_, answers, kind) => {
    const server = await serve(answers)
    await expect(ask(server)).rejects.toMatchObject({ kind })
    await whenAllClosed(server)
  })

  it('follows nobody elsewhere', async () => {
    const server = await serve({
      onRequest: (_, response) => {
        response.writeHead(302, { Location: 'https://evil.example/' })
        response.end()
        return true
      },
    })
    await expect(ask(server)).rejects.toThrow(/HTTP status 302/)
  })

  it('is waited for no longer than a path may take, and nothing stays open', async () => {
    const server = await serve({ onRequest: () => true })
    const clock = manualClock()
    const asking = ask(server, QUESTION, clock)
    while (server.open() === 0) await new Promise((resolve) => setImmediate(resolve))
    clock.advance(25_000)
    await expect(asking).rejects.toMatchObject({ kind: 'timeout' })
    await whenAllClosed(server)
  })

  it('is waited for no longer than the person wants', async () => {
    const server = await serve({ onRequest: () => true })
    const controller = new AbortController()
    const asking = ask(server, QUESTION, systemClock, controller.signal)
    while (server.open() === 0) await new Promise((resolve) => setImmediate(resolve))
    controller.abort(new TorError('aborted', 'the person has stopped'))
    await expect(asking).rejects.toMatchObject({ kind: 'aborted' })
    await whenAllClosed(server)
  })

  it('is no TLS at all, and that is a tunnel that failed', async () => {
    const plain = createServer((socket) => {
      socket.on('error', () => undefined)
      socket.resume()
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await new Promise<void>((resolve) => void plain.listen(0, '127.0.0.1', resolve))
    cleanUps.push(() => new Promise((resolve) => plain.close(resolve)))
    const { port } = plain.address() as AddressInfo
    const path = async () => connectTcp(port, '127.0.0.1')
    const asking = askMoat({ service: MOAT_SERVICE, path, clock: systemClock }, QUESTION, NEVER)
    await expect(asking).rejects.toMatchObject({ kind: 'channel-failed' })
  })
})

/** Takes connections and says nothing. */
async function serveSilence(): Promise<{ port: number; connected: Promise<void> }> {
  const sockets: Socket[] = []
  let onConnected: () => void
  const connected = new Promise<void>((resolve) => (onConnected = resolve))
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.resume()
    onConnected()
  })
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { port: (server.address() as AddressInfo).port, connected }
}

/** By a front whose tunnels are obfs4 bridges at the ports. Resolves with the error. */
function askFront(ports: readonly number[], clock: Clock): Promise<unknown> {
  const way = { proxy: undefined, localAddress: undefined }
  const parts = transportParts(way, NO_OUTSIDE, { clock, random: seededRandom(1) })
  const front = ports.map((port) => `obfs4 127.0.0.1:${port} cert=${CERT} iat-mode=0`)
  const service = { ...MOAT_SERVICE, fronts: { ...MOAT_SERVICE.fronts, front } }
  const access = { service, path: frontedPath(service, 'front', parts), clock }
  return askMoat(access, QUESTION, NEVER).catch((error: unknown) => error)
}

describe('the ways to the bridge service', () => {
  it('are lines that can be read, for every front', () => {
    for (const front of MOAT_FRONTS) {
      expect(MOAT_SERVICE.fronts[front].length).toBeGreaterThan(0)
      for (const line of MOAT_SERVICE.fronts[front]) {
        expect(parseBridgeLine(line)).toMatchObject({
          transport: 'meek_lite',
          endpoint: { host: '192.0.2.20' },
        })
      }
    }
  })

  it('leave a front’s next tunnel most of the time when the first one is dropped in silence', async () => {
    const [first, second] = [await serveSilence(), await serveSilence()]
    const clock = manualClock()
    const asking = askFront([first.port, second.port], clock)
    await first.connected
    clock.advance(10_000)
    await second.connected
    clock.advance(14_999)
    expect(await Promise.race([asking, new Promise((resolve) => setImmediate(resolve, 'waits'))])).toBe(
      'waits',
    )
    clock.advance(1)
    expect(await asking).toMatchObject({ kind: 'timeout' })
  })

  it('end with the last error when none of a front’s tunnels leads there, and with nothing open', async () => {
    expect(await askFront([1, 2], systemClock)).toMatchObject({ kind: 'channel-failed' })
  })
})
