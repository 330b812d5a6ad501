/**
 * The server's side of meek: requests of a session become a connection to what stands behind, and what comes from there
 * the answers. It keeps the reference server's habits: up to 64 KB an answer, and ten milliseconds of waiting for some.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { connect, type Socket } from 'node:net'
import { TEST_CERTIFICATE, TEST_KEY } from './web-certificates.ts'

const MAX_BODY_BYTES = 65_536
const TURNAROUND_MS = 10

export interface MeekServerOptions {
  /** What the sessions are connected to. */
  readonly behind: () => number
  readonly isTls: boolean
  /** Gives a status to answer with in the place of the server. */
  readonly statusFor?: (request: IncomingMessage) => number | undefined
}

export class MeekServer {
  readonly requests: {
    readonly host: string
    readonly path: string
    readonly session: string
    readonly bytes: number
    readonly userAgent: string
  }[] = []
  /** The connections of clients. */
  readonly sockets = new Set<Socket>()
  isStalled = false
  readonly #options: MeekServerOptions
  readonly #server: Server
  readonly #sessions = new Map<string, Socket>()
  readonly #waiting: (() => void)[] = []

  private constructor(options: MeekServerOptions) {
    this.#options = options
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      this.#serve(request, response).catch(() => response.destroy())
    }
    this.#server = options.isTls
      ? createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, serve)
      : createServer(serve)
    this.#server.on('connection', (socket: Socket) => {
      this.sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => this.sockets.delete(socket))
    })
  }

  static async start(options: MeekServerOptions): Promise<MeekServer> {
    const server = new MeekServer(options)
    await server.listen(0)
    return server
  }

  get port(): number {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  /** Requests are answered again, those that wait first. */
  resume(): void {
    this.isStalled = false
    for (const go of this.#waiting.splice(0)) go()
  }

  /** Ends everything, and forgets its sessions. */
  close(): Promise<void> {
    this.resume()
    for (const socket of [...this.sockets, ...this.#sessions.values()]) socket.destroy()
    this.#sessions.clear()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part as Buffer)
    const body = Buffer.concat(parts)
    const session = String(request.headers['x-session-id'])
    this.requests.push({
      host: request.headers.host ?? '',
      path: request.url ?? '',
      session,
      bytes: body.length,
      userAgent: request.headers['user-agent'] ?? '',
    })
    if (this.isStalled) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    const status = this.#options.statusFor?.(request)
    if (status !== undefined || request.method !== 'POST' || body.length > MAX_BODY_BYTES) {
      response.writeHead(status ?? 400).end()
      return
    }
    const behind = this.#sessions.get(session) ?? this.#open(session)
    if (body.length > 0) behind.write(body)
    const answer = await readSome(behind)
    if (answer.length === 0 && behind.readableEnded) {
      this.#sessions.delete(session)
      response.writeHead(500).end()
      return
    }
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': answer.length })
    response.end(answer)
  }

  #open(session: string): Socket {
    const socket = connect({ port: this.#options.behind(), host: '127.0.0.1', noDelay: true })
    socket.on('error', () => {})
    this.#sessions.set(session, socket)
    return socket
  }
}

/** What there is, or what comes in a moment. */
async function readSome(socket: Socket): Promise<Buffer> {
  if (socket.readableLength === 0 && !socket.destroyed) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, TURNAROUND_MS)
      function done(): void {
        clearTimeout(timer)
        socket.removeListener('readable', done)
        socket.removeListener('close', done)
        resolve()
      }
      socket.on('readable', done)
      socket.on('close', done)
    })
  }
  const length = Math.min(socket.readableLength, MAX_BODY_BYTES)
  const bytes: unknown = length === 0 ? socket.read() : socket.read(length)
  return bytes instanceof Buffer ? bytes : Buffer.alloc(0)
}
