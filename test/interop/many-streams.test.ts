/** Many applications at once, fast and slow ones: everybody is served, and memory stays bounded. */
import type { Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useFixture } from './support/fixture.ts'
import { watchRss } from './support/process-stats.ts'
import { roundTrip } from './support/round-trip.ts'
import { connectSocks5 } from './support/socks-client.ts'
import { BLOCK, startEchoServer, type TestServer } from './support/test-servers.ts'
import { sleep, within } from './support/waiting.ts'

const MANY = 500
const RSS_LIMIT_MEGABYTES = 160

const fixture = useFixture()
let echo: TestServer

beforeAll(async () => {
  echo = await startEchoServer()
})

afterAll(() => echo.close())

async function open(user: string): Promise<Socket> {
  const reply = await connectSocks5(fixture().client.socksPort, '127.0.0.1', echo.port, {
    user,
    password: 'x',
  })
  expect(reply.code).toBe(0)
  return reply.socket
}

describe('five hundred streams at once', () => {
  test('over fifty circuits all get through and all get their echo, again and again', async () => {
    const { client } = fixture()
    const rss = watchRss(client.pid)
    const opening = Array.from({ length: MANY }, (_each, n) => open(`many-${n % 50}`))
    const sockets = await within('500 streams to open', 90_000, Promise.all(opening))
    for (let round = 0; round < 3; round++) {
      const echoes = Promise.all(sockets.map((socket) => roundTrip(socket)))
      expect((await within('500 echoes', 60_000, echoes)).length).toBe(MANY)
    }
    for (const socket of sockets) socket.destroy()
    expect(rss.stop()).toBeLessThan(RSS_LIMIT_MEGABYTES)
  })
})

describe('slow applications', () => {
  test('that read nothing of what they are sent hold only themselves up', async () => {
    const { client } = fixture()
    const rss = watchRss(client.pid)
    const slow = await Promise.all(Array.from({ length: 20 }, () => open('slow-readers')))
    for (const socket of slow) {
      socket.pause()
      for (let n = 0; n < 64; n++) socket.write(BLOCK)
    }
    await sleep(3000)
    const quick = await open('slow-readers')
    await within('an echo beside twenty slow readers', 20_000, roundTrip(quick))
    quick.destroy()
    for (const socket of slow) socket.destroy()
    expect(rss.stop()).toBeLessThan(RSS_LIMIT_MEGABYTES)
  })

  test('that write a byte at a time get every byte through in its order', async () => {
    const socket = await open('slow-writer')
    const text = Array.from({ length: 60 }, (_each, n) => String.fromCharCode(33 + n)).join('')
    const received = new Promise<string>((resolve) => {
      let all = ''
      socket.on('data', (chunk: Buffer) => {
        all += chunk.toString('latin1')
        if (all.length >= text.length) resolve(all)
      })
    })
    for (const letter of text) {
      socket.write(letter)
      await sleep(10)
    }
    expect(await within('the echo of sixty bytes', 20_000, received)).toBe(text)
    socket.destroy()
  })
})
