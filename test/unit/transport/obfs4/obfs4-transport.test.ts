/** The transport against a server of ours that behaves, and then does not; the clock is turned by hand. */
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { NO_OUTSIDE } from '../../../../core/transport/outside.ts'
import { LengthDistribution } from '../../../../core/transport/obfs4/length-distribution.ts'
import { obfs4Transport } from '../../../../core/transport/obfs4/obfs4-transport.ts'
import { dialTcp } from '../../../../core/transport/tcp-dialler.ts'
import { type TransportParts, transportParts } from '../../../../core/transport/transport-parts.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { framesOf, framesWith, ListeningObfs4Server, Obfs4Server } from '../../../support/obfs4-server.ts'

const DIRECT = { proxy: undefined, localAddress: undefined }
let server: ListeningObfs4Server
let clock: ManualClock
let aborter: AbortController
const opened: Duplex[] = []

beforeEach(async () => {
  server = await ListeningObfs4Server.start()
  clock = manualClock(server.wallMs)
  aborter = new AbortController()
})

afterEach(async () => {
  for (const stream of opened.splice(0)) stream.destroy()
  await server.close()
})

async function open(line = server.line(), parts: Partial<TransportParts> = {}): Promise<Duplex> {
  const all = { ...transportParts(DIRECT, NO_OUTSIDE, { clock, random: systemRandom }), ...parts }
  const stream = await obfs4Transport.connect(parseBridgeLine(line), all, aborter.signal)
  opened.push(stream)
  return stream
}

async function failure(promise: Promise<unknown>): Promise<TorError> {
  const error: unknown = await promise.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

function closed(stream: Duplex): Promise<Error | undefined> {
  return new Promise((resolve) => {
    let cause: Error | undefined
    stream.on('error', (error) => (cause = error))
    stream.on('close', () => resolve(cause))
    stream.resume()
  })
}

async function read(stream: Duplex, length: number): Promise<Buffer> {
  const parts: Buffer[] = []
  let sum = 0
  for await (const part of stream.iterator({ destroyOnReturn: false })) {
    parts.push(part as Buffer)
    sum += (part as Buffer).length
    if (sum >= length) break
  }
  return Buffer.concat(parts)
}

async function untilServerHas(sockets: number): Promise<void> {
  while (server.sockets.size !== sockets) await new Promise((resolve) => setImmediate(resolve))
}

describe.each([0, 1, 2])('in iat-mode %i', (iatMode) => {
  test('what is written comes back whole', async () => {
    const stream = await open(server.line(iatMode))
    const turning = setInterval(() => clock.advance(10), 0)
    const data = Buffer.from(Array.from({ length: iatMode === 0 ? 300_000 : 20_000 }, (_, n) => n % 251))
    stream.write(data.subarray(0, 10))
    stream.write(data.subarray(10))
    expect((await read(stream, data.length)).equals(data)).toBe(true)
    clearInterval(turning)
  })
})

test('in mode 1 nothing more leaves until the pause is over', async () => {
  const arrived: number[] = []
  server.script = { onPayload: (payload) => void arrived.push(payload.length) }
  // Of these draws few are of no pause.
  const stream = await open(server.line(1), { random: seededRandom(5) })
  const isDone = new Promise<void>((resolve) => stream.write(Buffer.alloc(30_000), () => resolve()))
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  expect(arrived.reduce((sum, length) => sum + length, 0)).toBeLessThan(15_000)
  const turning = setInterval(() => clock.advance(10), 0)
  await isDone
  clearInterval(turning)
})

test('one connection is made, to the bridge, and each looks different', async () => {
  const dialled: unknown[] = []
  const dial: TransportParts['dial'] = (endpoint, signal) => {
    dialled.push(endpoint)
    return dialTcp(endpoint, DIRECT, clock, signal)
  }
  await open(server.line(), { dial })
  await open(server.line(), { dial })
  expect(dialled).toEqual(Array(2).fill({ host: '127.0.0.1', port: server.port }))
  const [first, second] = server.requests
  expect(first?.subarray(0, 32)).not.toEqual(second?.subarray(0, 32))
})

describe('who is not the bridge', () => {
  test('has said nothing in 15 seconds, and is given up in words about the cert and the clock', async () => {
    const other = new Obfs4Server()
    const failing = failure(open(server.line(0, other.cert)))
    await untilServerHas(1)
    await new Promise((resolve) => setTimeout(resolve, 50))
    clock.advance(15_000)
    expect(await failing).toMatchObject({ kind: 'channel-failed' })
    expect((await failing).message).toMatch(/does not answer.*cert.*clock/)
    await untilServerHas(0)
  })

  test('closes, and the words say so', async () => {
    server.script = { answer: (_, socket) => void socket.end() }
    expect((await failure(open())).message).toMatch(/closed the connection during the obfs4 handshake/)
  })

  test('resets, and the words say so', async () => {
    server.script = { answer: (_, socket) => void socket.resetAndDestroy() }
    expect((await failure(open())).message).toMatch(/ECONNRESET/)
  })

  test('answers with a wrong proof', async () => {
    server.script = {
      answer: ({ answer }, socket) => {
        answer.writeUInt8(answer.readUInt8(40) ^ 1, 40)
        socket.write(answer)
      },
    }
    expect(await failure(open())).toMatchObject({ kind: 'wrong-identity' })
    await untilServerHas(0)
  })

  test('answers without end', async () => {
    server.script = { answer: (_, socket) => void socket.write(Buffer.alloc(100_000, 1)) }
    expect(await failure(open())).toMatchObject({ kind: 'channel-failed' })
    await untilServerHas(0)
  })

  test('is not there', async () => {
    const line = server.line()
    await server.close()
    expect((await failure(open(line))).message).toMatch(/ECONNREFUSED/)
    server = await ListeningObfs4Server.start()
  })
})

test('an abort ends the wait for the answer, and the connection', async () => {
  server.script = { answer: () => {} }
  const failing = failure(open())
  await untilServerHas(1)
  const reason = new TorError('aborted', 'enough')
  aborter.abort(reason)
  expect(await failing).toBe(reason)
  await untilServerHas(0)
})

test('an abort before the start connects to nobody', async () => {
  aborter.abort()
  expect(await failure(open())).toMatchObject({ kind: 'aborted' })
  expect(server.requests).toEqual([])
})

describe('an open stream', () => {
  test('reads what came in one piece with the answer', async () => {
    const text = Buffer.from('early words')
    server.script = {
      answer: (session, socket) =>
        void socket.write(Buffer.concat([session.answer, framesOf(session, text)])),
    }
    expect(await read(await open(), text.length)).toEqual(text)
  })

  test('ends in good order when the bridge ends, after the last word', async () => {
    const text = Buffer.from('last words')
    server.script = {
      answer: (session, socket) => void socket.end(Buffer.concat([session.answer, framesOf(session, text)])),
    }
    const stream = await open()
    const words: Buffer[] = []
    stream.on('data', (bytes: Buffer) => words.push(bytes))
    expect(await closed(stream)).toBeUndefined()
    expect(Buffer.concat(words)).toEqual(text)
  })

  test.each([
    ['noise', Buffer.alloc(5000, 1), 'protocol-violation'],
    ['half a frame', Buffer.alloc(1), 'channel-failed'],
  ])('is destroyed by %s, with the reason', async (_, bytes, kind) => {
    server.script = {
      answer: (session, socket) => void socket.end(Buffer.concat([session.answer, bytes])),
    }
    const stream = await open()
    expect(await closed(stream)).toMatchObject({ kind })
    await untilServerHas(0)
  })

  test('holds back the bridge while nobody reads, and the writer while the bridge does not', async () => {
    let sent = 0
    server.script = {
      answer: (session, socket) => {
        socket.write(session.answer)
        const send = (): void => {
          while (sent < 50_000_000) {
            const frames = framesOf(session, Buffer.alloc(64_000))
            sent += frames.length
            if (!socket.write(frames)) return
          }
        }
        socket.on('drain', send)
        socket.pause()
        send()
      },
    }
    const stream = await open()
    let taken = 0
    while (stream.write(Buffer.alloc(60_000)) || taken < 3_000_000) taken += 60_000
    let before = -1
    while (sent !== before) {
      before = sent
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    expect(sent).toBeLessThan(20_000_000)
    expect(stream.readableLength).toBeLessThan(500_000)
    expect(stream.writableNeedDrain).toBe(true)
  })

  test('leaves nothing behind when it is destroyed in a pause', async () => {
    const stream = await open(server.line(1))
    stream.write(Buffer.alloc(30_000))
    stream.destroy()
    clock.advance(60_000)
    await untilServerHas(0)
  })

  test("takes a bridge's first seed for the shape of what it sends, and no other", async () => {
    const seeds = [1, 2].map((fill) => Buffer.alloc(24, fill))
    const packets = seeds.map((seed) => Buffer.concat([Buffer.of(1, 0, 24), seed]))
    const received: Buffer[] = []
    server.script = {
      answer: ({ answer, toClientKeys }, socket) => {
        socket.removeAllListeners('data')
        socket.on('data', (bytes) => received.push(bytes))
        const word = Buffer.from([0, 0, 1, 7])
        socket.write(Buffer.concat([answer, framesWith(toClientKeys, ...packets, word)]))
      },
    }
    const stream = await open()
    expect(await read(stream, 1)).toEqual(Buffer.of(7))
    const { values } = new LengthDistribution(seeds[0] ?? Buffer.alloc(24), 1448)
    for (let turn = 0; turn < 20; turn++) {
      received.length = 0
      stream.write(Buffer.alloc(1000))
      while (received.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
      const lasts = values.flatMap((value) => [value % 1448, (value + 21) % 1448])
      expect(lasts).toContain(Buffer.concat(received).length % 1448)
    }
  })

  test.each([
    ['that nobody has read from', async () => {}],
    ['that is being read', async (stream: Duplex) => void stream.resume()],
  ])('%s, and that nobody listens to, ends without ending the process', async (_, begin) => {
    server.script = {
      answer: ({ answer }, socket) => void socket.write(Buffer.concat([answer, Buffer.alloc(3000)])),
    }
    const stream = await open()
    await begin(stream)
    stream.read(0)
    while (!stream.destroyed) await new Promise((resolve) => setTimeout(resolve, 2))
    await new Promise((resolve) => setTimeout(resolve, 10))
  })
})

test('a name is never dialled', async () => {
  const dial = dialTcp({ host: 'localhost', port: server.port }, DIRECT, clock, aborter.signal)
  expect(await failure(dial)).toMatchObject({ kind: 'internal' })
})
