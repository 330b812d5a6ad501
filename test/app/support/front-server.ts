/** A web server on loopback as a domain front is: with TLS for its own name, and an eye on everything that arrives. */
import { createServer as createHttpsServer, type ServerOptions } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { TEST_CERTIFICATE, TEST_KEY } from '../../support/web-certificates.ts'

export interface Arrived {
  readonly method: string
  readonly path: string
  /** Names and values by turns, as they came. */
  readonly headers: readonly string[]
  readonly body: string
}

export interface FrontServer {
  readonly port: number
  readonly arrived: Arrived[]
  /** The first bytes of each TCP connection. */
  readonly hellos: Buffer[]
  answer: (request: IncomingMessage, response: ServerResponse) => void
  close(): void
}

export async function startFrontServer({
  certificate = TEST_CERTIFICATE,
  address = '127.0.0.1',
} = {}): Promise<FrontServer> {
  const sockets = new Set<Socket>()
  const options: ServerOptions = { key: TEST_KEY, cert: certificate, ALPNProtocols: ['h2', 'http/1.1'] }
  const web = createHttpsServer(options, (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1')
      server.arrived.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.rawHeaders,
        body,
      })
      server.answer(request, response)
    })
  })
  web.on('tlsClientError', () => undefined)
  // In front of it the bytes are seen before TLS takes them.
  const tap = createServer((socket) => {
    const inner = connect(portOf(web), '127.0.0.1')
    for (const one of [socket, inner]) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        socket.destroy()
        inner.destroy()
      })
    }
    socket.once('data', (bytes: Buffer) => server.hellos.push(bytes))
    socket.pipe(inner)
    inner.pipe(socket)
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  await new Promise<void>((resolve) => tap.listen(0, address, resolve))
  const server: FrontServer = {
    port: portOf(tap),
    arrived: [],
    hellos: [],
    answer: (_request, response) => response.end('hello'),
    close: () => {
      tap.close()
      web.close()
      for (const socket of sockets) socket.destroy()
    },
  }
  return server
}

function portOf(server: { address(): unknown }): number {
  const address = server.address()
  return typeof address === 'object' && address !== null && 'port' in address ? Number(address.port) : 0
}
