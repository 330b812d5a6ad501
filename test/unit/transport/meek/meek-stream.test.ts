/** The rhythm of a meek session and its bounds, over the engine of a program that has one; the clock is turned by hand. */
import type { Duplex } from 'node:stream'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemRandom } from '../../../../core/crypto/system-random.ts'
import { parseBridgeLine } from '../../../../core/linkspec/bridge-line.ts'
import { NO_OUTSIDE, type WebRequest, type WebResponse } from '../../../../core/transport/outside.ts'
import { meekTransport } from '../../../../core/transport/meek/meek-transport.ts'
import { transportParts } from '../../../../core/transport/transport-parts.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { type ManualClock, manualClock } from '../../../support/manual-clock.ts'

const PROXY = { kind: 'socks4', endpoint: { host: '127.0.0.1', port: 1 } } as const
let clock: ManualClock
let asked: WebRequest[]
let answer: (request: WebRequest, signal: AbortSignal) => Promise<WebResponse>
let stream: Duplex | undefined

beforeEach(() => {
  clock = manualClock()
  asked = []
  answer = () => Promise.resolve({ status: 200, body: Buffer.alloc(0) })
})

afterEach(() => stream?.destroy())

async function open(args = 'url=https://a.example/'): Promise<Duplex> {
  const webRequest = (request: WebRequest, signal: AbortSignal): Promise<WebResponse> => {
    asked.push(request)
    return answer(request, signal)
  }
  const way = { proxy: PROXY, localAddress: undefined }
  const parts = transportParts(way, { ...NO_OUTSIDE, webRequest }, { clock, random: systemRandom })
  const line = parseBridgeLine(`meek_lite 192.0.2.20:80 ${args}`)
  stream = await meekTransport.connect(line, parts, new AbortController().signal)
  return stream
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve))
}

test('requests say what they must and no more, and go by the proxy', async () => {
  const stream = await open('url=https://a.example/ front=b.example')
  await settle()
  asked.length = 0
  stream.write('x')
  await settle()
  const [first] = asked
  const question = { url: 'https://a.example/', front: 'b.example', method: 'POST', maxResponseBytes: 65_536 }
  expect(first).toMatchObject({ ...question, body: Buffer.from('x'), proxy: PROXY })
  expect(first?.headers.map(([name]) => name)).toEqual(['X-Session-Id'])
  expect(first?.headers[0]?.[1]).toMatch(/^[0-9a-f]{32}$/)
  expect(asked[1]?.body).toBeUndefined()
})

test('with nothing to say the pauses grow from a tenth of a second to five, and a word ends one', async () => {
  const stream = await open()
  const pauses: number[] = []
  await settle()
  for (let turn = 0; turn < 14; turn++) {
    const before = asked.length
    const start = clock.monotonicMs()
    while (asked.length === before) {
      clock.advance(10)
      await new Promise((resolve) => setImmediate(resolve))
    }
    pauses.push(clock.monotonicMs() - start)
  }
  expect(pauses.slice(0, 4)).toEqual([100, 150, 230, 340])
  expect(pauses.at(-1)).toBe(5_000)
  expect(Math.max(...pauses)).toBe(5_000)
  const before = asked.length
  stream.write('word')
  await settle()
  expect(asked[before]?.body?.toString()).toBe('word')
  // At once after it, and again a tenth of a second later.
  expect(asked.length).toBe(before + 2)
  clock.advance(100)
  await settle()
  expect(asked.length).toBe(before + 3)
})

test('there is never more than one request at a time, and each holds 64 KB at most', async () => {
  let running = 0
  let most = 0
  answer = async () => {
    most = Math.max(most, ++running)
    await new Promise((resolve) => setImmediate(resolve))
    running--
    return { status: 200, body: Buffer.alloc(0) }
  }
  const stream = await open()
  for (let n = 0; n < 10; n++) stream.write(Buffer.alloc(50_000))
  while (stream.writableLength > 0) await settle()
  expect(most).toBe(1)
  const sizes = asked.map(({ body }) => body?.length ?? 0)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(500_000)
  expect(Math.max(...sizes)).toBe(65_536)
})

test('while nobody reads no more is asked for, but what is written leaves until much lies unread', async () => {
  answer = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return { status: 200, body: Buffer.alloc(65_536) }
  }
  const stream = await open()
  await settle()
  const unread = asked.length
  clock.advance(60_000)
  await settle()
  expect(asked.length).toBe(unread)
  expect(stream.readableLength).toBeLessThan(300_000)
  for (let n = 0; n < 100; n++) stream.write(Buffer.alloc(65_536))
  for (let turn = 0; turn < 5; turn++) await settle()
  expect(stream.readableLength).toBeLessThanOrEqual((1 << 20) + 65_536)
  expect(stream.writableNeedDrain).toBe(true)
  stream.resume()
  while (stream.writableLength > 0) await settle()
})

test('a stream that is destroyed ends its request and asks for nothing more', async () => {
  let ended = 0
  const stream = await open()
  answer = (_, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        ended++
        reject(new TorError('aborted', 'ended'))
      })
    })
  stream.write('x')
  await settle()
  stream.destroy()
  await settle()
  const before = asked.length
  expect(ended).toBe(1)
  clock.advance(60_000)
  await settle()
  expect(asked.length).toBe(before)
})
