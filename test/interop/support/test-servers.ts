/** The destinations of the tests: a web server with big bodies, an echo server, a sink.  */
import { createHash } from 'node:crypto'
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'

export interface TestServer {
  readonly port: number
  close(): Promise<void>
}

const BLOCK_BYTES = 64 * 1024

/** A block of bytes without short cycles, the same in every process. */
export const BLOCK: Buffer = (() => {
  const block = Buffer.alloc(BLOCK_BYTES)
  let state = 0x9e3779b9
  for (let at = 0; at < BLOCK_BYTES; at += 4) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    block.writeUInt32LE(state, at)
  }
  return block
})()

/** The pieces of a body of `bytes` bytes; every block differs from its neighbours by its number. */
export function* bodyBlocks(bytes: number): Generator<Buffer> {
  for (let sent = 0, index = 0; sent < bytes; sent += BLOCK_BYTES, index++) {
    const block = Buffer.from(BLOCK)
    block.writeUInt32BE(index, 0)
    yield block.subarray(0, Math.min(BLOCK_BYTES, bytes - sent))
  }
}

/** SHA-256, in hex, of the body of `bytes` bytes. */
export function hashOfBody(bytes: number): string {
  const hash = createHash('sha256')
  for (const block of bodyBlocks(bytes)) hash.update(block)
  return hash.digest('hex')
}

function drained(stream: ServerResponse | Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.off('drain', done)
      stream.off('close', done)
      resolve()
    }
    stream.on('drain', done)
    stream.on('close', done)
  })
}

async function sendBody(response: ServerResponse, bytes: number): Promise<void> {
  response.setHeader('content-length', bytes)
  for (const block of bodyBlocks(bytes)) {
    if (response.destroyed) return
    if (!response.write(block)) await drained(response)
  }
  response.end()
}

async function hashOf(request: IncomingMessage): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of request) {
    if (chunk instanceof Buffer) hash.update(chunk)
  }
  return hash.digest('hex')
}

async function listen(server: Server, host: string, port = 0): Promise<TestServer> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => {
    server.listen(port, host, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  const close = (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => {
      server.close(() => resolve())
    })
  }
  return { port: address.port, close }
}

/** Web server: GET /body/N sends N bytes, PUT answers with the SHA-256 of what came, anything else with "hello". */
export function startWebServer(): Promise<TestServer> {
  const server = createHttpServer((request, response) => {
    const size = /^\/body\/(\d+)$/.exec(request.url ?? '')?.[1]
    if (request.method === 'PUT') {
      hashOf(request).then(
        (hash) => response.end(hash),
        () => response.destroy(),
      )
    } else if (size !== undefined) void sendBody(response, Number(size))
    else response.end('hello')
  })
  return listen(server, '127.0.0.1')
}

/** Sends back what it gets. `host` may be `::1`. */
export function startEchoServer(host = '127.0.0.1'): Promise<TestServer> {
  const server = createServer({ noDelay: true }, (socket) => socket.pipe(socket))
  return listen(server, host)
}

/** The same on a port that policies speak of. */
export function startEchoServerOn(port: number): Promise<TestServer> {
  return listen(
    createServer({ noDelay: true }, (socket) => socket.pipe(socket)),
    '127.0.0.1',
    port,
  )
}

/**
 * Reads `bytes` bytes, says the SHA-256 of them in hex and ends. It cannot wait for the other side's end: Tor's streams
 * have no half-close, an END from one side is the end of both.
 */
export function startSink(bytes: number): Promise<TestServer> {
  const server = createServer((socket) => {
    const hash = createHash('sha256')
    let missing = bytes
    socket.on('data', (chunk: Buffer) => {
      hash.update(chunk)
      missing -= chunk.length
      if (missing <= 0) socket.end(hash.digest('hex'))
    })
  })
  return listen(server, '127.0.0.1')
}

/** Accepts and then neither reads nor writes: what stands behind a stalled application. */
export function startStalledServer(): Promise<TestServer> {
  return listen(createServer({ pauseOnConnect: true }), '127.0.0.1')
}

/** Writes `bytes` of body to the socket as fast as it takes them; resolves when all is handed over. */
export async function writeBody(socket: Socket, bytes: number): Promise<void> {
  for (const block of bodyBlocks(bytes)) {
    if (socket.destroyed) throw new Error('the connection closed in the middle of an upload')
    if (!socket.write(block)) await drained(socket)
  }
}
