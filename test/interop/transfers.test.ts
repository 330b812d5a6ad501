/** Bulk data in both directions: every byte arrives, memory stays bounded, and nobody waits behind a bulk transfer. */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { watchRss } from './support/process-stats.ts'
import { connectSocks5, readToEnd } from './support/socks-client.ts'
import {
  BLOCK,
  bodyBlocks,
  hashOfBody,
  startEchoServer,
  startSink,
  startStalledServer,
  type TestServer,
  writeBody,
} from './support/test-servers.ts'
import { sleep, within } from './support/waiting.ts'
import { roundTrip } from './support/round-trip.ts'

const MEGABYTE = 1_000_000
const UPLOAD_BYTES = 200 * MEGABYTE
const BIG_BYTES = 50 * MEGABYTE
const RSS_LIMIT_MEGABYTES = 120

const fixture = useFixture()
let echo: TestServer
let sink: TestServer
let scratch: string

beforeAll(async () => {
  echo = await startEchoServer()
  sink = await startSink(UPLOAD_BYTES)
  scratch = mkdtempSync(join(tmpdir(), 'allium-transfers-'))
})

afterAll(async () => {
  await echo.close()
  await sink.close()
  rmSync(scratch, { recursive: true, force: true })
})

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) {
    if (chunk instanceof Buffer) hash.update(chunk)
  }
  return hash.digest('hex')
}

describe('whole bodies', () => {
  test('50 MB come down unchanged, in one stream', async () => {
    const { client, web } = fixture()
    const file = join(scratch, 'down')
    const url = `http://127.0.0.1:${web.port}/body/${BIG_BYTES}`
    const result = await curl(...viaSocks(client), '--output', file, url)
    expect(result).toMatchObject({ exitCode: 0, errors: '' })
    expect(await hashOfFile(file)).toBe(hashOfBody(BIG_BYTES))
  })

  test('50 MB go up unchanged', async () => {
    const { client, web } = fixture()
    const file = join(scratch, 'up')
    await pipeline(Readable.from(bodyBlocks(BIG_BYTES)), createWriteStream(file))
    const url = `http://127.0.0.1:${web.port}/`
    const result = await curl(...viaSocks(client), '--header', 'Expect:', '--upload-file', file, url)
    expect(result).toEqual({ exitCode: 0, errors: '', body: hashOfBody(BIG_BYTES) })
  })

  test('eight circuits download at once and every body is whole', async () => {
    const { client, web } = fixture()
    const bytes = 5 * MEGABYTE
    const url = `http://127.0.0.1:${web.port}/body/${bytes}`
    const files = Array.from({ length: 8 }, (_each, index) => join(scratch, `eight-${index}`))
    const results = await Promise.all(
      files.map((file, index) => curl(...viaSocks(client, `eight-${index}`), '--output', file, url)),
    )
    expect(results.map(({ exitCode }) => exitCode)).toEqual(files.map(() => 0))
    const hashes = await Promise.all(files.map(hashOfFile))
    expect(new Set(hashes)).toEqual(new Set([hashOfBody(bytes)]))
  })

  test('bytes flow both ways at once on one stream, and come back as they went', async () => {
    const { client } = fixture()
    const bytes = 8 * MEGABYTE
    const reply = await connectSocks5(client.socksPort, '127.0.0.1', echo.port)
    const hash = createHash('sha256')
    reply.socket.on('data', (chunk: Buffer) => hash.update(chunk))
    let received = 0
    const all = new Promise<void>((resolve) => {
      reply.socket.on('data', (chunk: Buffer) => {
        received += chunk.length
        if (received >= bytes) resolve()
      })
    })
    await writeBody(reply.socket, bytes)
    await within('the last echo', 60_000, all)
    reply.close()
    expect(hash.digest('hex')).toBe(hashOfBody(bytes))
  })

  test('three hundred small requests, one after the other, all get their answer', async () => {
    const { client, web } = fixture()
    const url = `http://127.0.0.1:${web.port}/body/[1-300]`
    const args = [
      '--header',
      'Connection: close',
      '--output',
      '/dev/null',
      '--write-out',
      '%{size_download} ',
    ]
    const result = await curl(...viaSocks(client, 'small'), ...args, url)
    const sizes = result.body.trim().split(' ').map(Number)
    expect(sizes).toEqual(Array.from({ length: 300 }, (_each, index) => index + 1))
  })

  test('a destination that says more than the application reads stops sending, and memory stays bounded', async () => {
    const { client, web } = fixture()
    const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, {
      user: 'slow',
      password: 'x',
    })
    reply.socket.pause()
    reply.socket.write(`GET /body/${100 * MEGABYTE} HTTP/1.0\r\n\r\n`)
    const rss = watchRss(client.pid)
    await sleep(3000)
    expect(rss.stop()).toBeLessThan(RSS_LIMIT_MEGABYTES)
    const other = await curl(...viaSocks(client, 'slow'), '--max-time', '10', `http://127.0.0.1:${web.port}/`)
    expect(other.exitCode).toBe(0)
    const body = readToEnd(reply.socket)
    await within('the stalled body to come once it is read', 60_000, body)
    expect((await body).length).toBeGreaterThan(100 * MEGABYTE)
  })
})

describe('an upload', () => {
  test('is pushed back to the application when the destination does not read', async () => {
    const { client } = fixture()
    const stalled = await startStalledServer()
    const reply = await connectSocks5(client.socksPort, '127.0.0.1', stalled.port, {
      user: 'stall',
      password: 'x',
    })
    let taken = 0
    const feed = setInterval(() => {
      while (reply.socket.writableLength === 0 && taken < 200 * MEGABYTE) {
        reply.socket.write(BLOCK)
        taken += BLOCK.length
      }
    }, 1)
    await sleep(5000)
    clearInterval(feed)
    reply.close()
    await stalled.close()
    // The kernel's buffers on both sides, the exit's and ours; far below what a client without back-pressure would take.
    expect(taken).toBeLessThan(40 * MEGABYTE)
    expect(client.rssMegabytes).toBeLessThan(RSS_LIMIT_MEGABYTES)
  })

  test('of 200 MB arrives whole, keeps memory below 120 MB and lets an echo on its circuit through', async () => {
    const { client } = fixture()
    const who = { user: 'upload', password: 'x' }
    const ping = await connectSocks5(client.socksPort, '127.0.0.1', echo.port, who)
    const upload = await connectSocks5(client.socksPort, '127.0.0.1', sink.port, who)
    const rss = watchRss(client.pid)
    let isUploading = true
    const hash = readToEnd(upload.socket)
    const sent = writeBody(upload.socket, UPLOAD_BYTES)
    const finished = Promise.all([sent, hash]).then(() => {
      isUploading = false
    })
    const roundTripsMs: number[] = []
    while (isUploading) {
      roundTripsMs.push(await within('an echo beside the upload', 10_000, roundTrip(ping.socket)))
      await sleep(100)
    }
    await finished
    ping.close()
    expect((await hash).toString('latin1')).toBe(hashOfBody(UPLOAD_BYTES))
    expect(rss.stop()).toBeLessThan(RSS_LIMIT_MEGABYTES)
    expect(Math.max(...roundTripsMs)).toBeLessThan(2000)
  })
})
