/** A web server with TLS on loopback that has a site, and behind one secret path something else: what nginx does. */
import { connect, createServer as createPlainServer, type Server, type Socket } from 'node:net'
import { createServer } from 'node:tls'
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/web-certificates.ts'

export interface HttpsFront {
  readonly port: number
  /** New connections are taken and not answered, until `resume`. */
  stall(): void
  resume(): void
  close(): Promise<void>
}

/** What follows the request on the secret path; the request has been taken from the socket. */
export type SecretService = (socket: Socket, request: Buffer) => void

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nNot Found'
const BAD_GATEWAY = 'HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'

export async function startHttpsFront(path: string, serve: SecretService): Promise<HttpsFront> {
  const tls = createServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, (socket) => {
    socket.on('error', () => {})
    takeHead(socket, (head) => {
      if (head.toString('latin1').startsWith(`GET ${path} HTTP/1.1\r\n`)) serve(socket, head)
      else socket.end(NOT_FOUND)
    })
  })
  tls.on('tlsClientError', () => {})
  const sockets = new Set<Socket>()
  const waiting: Socket[] = []
  let isStalled = false
  const server = createPlainServer({ noDelay: true, pauseOnConnect: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    if (isStalled) waiting.push(socket)
    else tls.emit('connection', socket)
  })
  const port = await listen(server)
  return {
    port,
    stall: () => {
      isStalled = true
    },
    resume: () => {
      isStalled = false
      for (const socket of waiting.splice(0)) tls.emit('connection', socket)
    },
    close: () => {
      for (const socket of sockets) socket.destroy()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

/** To another server, with the request as it came. */
export function forwardTo(port: number): SecretService {
  return (socket, request) => joinTo(port, socket, (behind) => behind.write(request))
}

/** The tunnel of webtunnel itself, to what speaks TLS at `port`: for where its own server cannot be had. */
export function tunnelTo(port: number): SecretService {
  return (socket) =>
    joinTo(port, socket, () =>
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
    )
}

function joinTo(port: number, socket: Socket, begin: (behind: Socket) => void): void {
  const behind = connect({ port, host: '127.0.0.1', noDelay: true })
  let isJoined = false
  behind.on('connect', () => {
    isJoined = true
    begin(behind)
    socket.pipe(behind).pipe(socket)
  })
  behind.on('error', () => (isJoined ? socket.destroy() : socket.end(BAD_GATEWAY)))
  behind.on('close', () => socket.end())
  socket.on('close', () => behind.destroy())
}

function takeHead(socket: Socket, then: (head: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0)
  const onData = (bytes: Buffer): void => {
    received = Buffer.concat([received, bytes])
    if (!received.includes('\r\n\r\n')) return
    socket.removeListener('data', onData)
    socket.pause()
    then(received)
  }
  socket.on('data', onData)
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return address.port
}
