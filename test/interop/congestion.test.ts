/**
 * Congestion control with C tor's relays: that it is agreed on, that XON and XOFF go both ways, and that nothing is lost
 * by any of it. What the exits do is heard from themselves.
 */
import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { type ExitEar, listenToExits } from './support/exit-ear.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { connectSocks5, readToEnd } from './support/socks-client.ts'
import { bodyBlocks, hashOfBody, writeBody } from './support/test-servers.ts'
import { waitFor, within } from './support/waiting.ts'

const BODY_BYTES = 20_000_000

/** What C tor says when its congestion window moves, which it has on circuits with congestion control only. */
const WINDOW_MOVED = /CC: TOR_VEGAS/
const GOT_XOFF = /Got XOFF!/
const GOT_XON = /Got XON/
const SENT_XOFF = /Sending XOFF/

const fixture = useFixture()
let ear: ExitEar
let scratch: string

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-congestion-'))
})
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
beforeEach(async () => {
  ear = await listenToExits(fixture().network)
})
afterEach(() => ear.close())

function heardSoon(what: RegExp): Promise<true> {
  return waitFor(`an exit to say ${what.source}`, 20_000, () => (what.test(ear.heard) ? true : undefined))
}

async function hashOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) if (chunk instanceof Buffer) hash.update(chunk)
  return hash.digest('hex')
}

function bodyUrl(bytes = BODY_BYTES): string {
  return `http://127.0.0.1:${fixture().web.port}/body/${bytes}`
}

describe('on a circuit with congestion control', () => {
  test('20 MB come down unchanged, through a window that the exit moves', async () => {
    const file = join(scratch, 'down')
    const result = await curl(...viaSocks(fixture().client, 'down'), '--output', file, bodyUrl())
    expect(result).toMatchObject({ exitCode: 0, errors: '' })
    expect(await hashOfFile(file)).toBe(hashOfBody(BODY_BYTES))
    expect(ear.heard).toMatch(WINDOW_MOVED)
  })

  test('20 MB go up unchanged', async () => {
    const { client, web } = fixture()
    const file = join(scratch, 'up')
    await pipeline(Readable.from(bodyBlocks(BODY_BYTES)), createWriteStream(file))
    const upload = ['--header', 'Expect:', '--upload-file', file, `http://127.0.0.1:${web.port}/`]
    const result = await curl(...viaSocks(client, 'up'), ...upload)
    expect(result).toEqual({ exitCode: 0, errors: '', body: hashOfBody(BODY_BYTES) })
  })

  test('eight downloads at once on one circuit all come whole', async () => {
    const bytes = 3_000_000
    const files = Array.from({ length: 8 }, (_each, index) => join(scratch, `eight-${index}`))
    const results = await Promise.all(
      files.map((file) => curl(...viaSocks(fixture().client, 'eight'), '--output', file, bodyUrl(bytes))),
    )
    expect(results.map(({ exitCode }) => exitCode)).toEqual(files.map(() => 0))
    expect(new Set(await Promise.all(files.map(hashOfFile)))).toEqual(new Set([hashOfBody(bytes)]))
  })

  test('an application that stops reading stops the exit, and loses nothing', async () => {
    const { client, web } = fixture()
    const who = { user: 'slow', password: 'x' }
    const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, who)
    reply.socket.pause()
    reply.socket.write(`GET /body/${BODY_BYTES} HTTP/1.0\r\n\r\n`)
    await heardSoon(GOT_XOFF)
    expect(ear.heard).not.toMatch(GOT_XON)
    const other = await curl(...viaSocks(client, 'slow'), '--max-time', '10', `http://127.0.0.1:${web.port}/`)
    expect(other).toMatchObject({ exitCode: 0, body: 'hello' })
    const answer = await within('the rest of the body', 60_000, readToEnd(reply.socket))
    const body = answer.subarray(answer.indexOf('\r\n\r\n') + 4)
    expect(createHash('sha256').update(body).digest('hex')).toBe(hashOfBody(BODY_BYTES))
    expect(ear.heard).toMatch(GOT_XON)
  })
})

describe('a destination that stops reading', () => {
  let server: Server
  let port = 0
  const sockets: Socket[] = []

  beforeAll(async () => {
    server = createServer({ pauseOnConnect: true }, (socket) => void sockets.push(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    port = typeof address === 'object' && address !== null ? address.port : 0
  })
  afterAll(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })

  test('stops the upload by way of the exit, and gets all of it once it reads', async () => {
    const who = { user: 'stalled', password: 'x' }
    const reply = await connectSocks5(fixture().client.socksPort, '127.0.0.1', port, who)
    const sent = writeBody(reply.socket, BODY_BYTES)
    await heardSoon(SENT_XOFF)
    const hash = createHash('sha256')
    let read = 0
    const all = new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.on('data', (bytes: Buffer) => {
          hash.update(bytes)
          read += bytes.length
          if (read === BODY_BYTES) resolve()
        })
        socket.resume()
      }
    })
    await within('the rest of the upload', 60_000, Promise.all([sent, all]))
    reply.close()
    expect(hash.digest('hex')).toBe(hashOfBody(BODY_BYTES))
  })
})
