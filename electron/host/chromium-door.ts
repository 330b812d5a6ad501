/**
 * The door in this machine through which Chromium's network stack reaches the servers in front of transports, and those
 * alone: an HTTP proxy on loopback that knows CONNECT. Chromium makes the TLS and the HTTP of a browser; the connection
 * below is the core's, with the upstream proxy, the look-up of names and the limits that go for every other. Only who
 * knows the secret comes in, only to servers that a request is under way to.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TorError, toTorError, type UpstreamProxy } from '../../core/index.ts'

/** Chromium keeps a few for each server, and there are as many servers as bridges that are tried. */
const MAX_CONNECTIONS = 128
/** Chromium is in the same machine: who is slower than this to say what it wants is somebody else. */
const REQUEST_LIMIT_MS = 5_000
/** Longer than the pause between two polls of a transport, so that the next one finds its connection. */
const IDLE_LIMIT_MS = 60_000

export interface DoorDeps {
  /** To the server, through the proxy where there is one. Nothing is left open when it rejects. */
  readonly dial: (
    target: { readonly host: string; readonly port: number },
    proxy: UpstreamProxy | undefined,
    signal: AbortSignal,
  ) => Promise<Socket>
  /** Letters, digits, `-` and `_`. */
  readonly secret: string
}

export interface Admission {
  /** What went wrong with the newest connection to the server, if it did. */
  readonly failure: TorError | undefined
  /** Connections that are there stay until they are idle: the next request may use them. */
  release(): void
}

interface Admitted {
  readonly target: { readonly host: string; readonly port: number }
  readonly proxy: UpstreamProxy | undefined
  readonly way: string
  requests: number
  failure: TorError | undefined
}

interface Tunnel {
  readonly key: string
  readonly way: string
  readonly end: () => void
}

export class ChromiumDoor {
  readonly port: number
  readonly #server: Server
  readonly #dial: DoorDeps['dial']
  readonly #password: Buffer
  readonly #admitted = new Map<string, Admitted>()
  readonly #tunnels = new Set<Tunnel>()
  readonly #sockets = new Set<Duplex>()

  /** Rejects with `channel-failed` when no port can be had. */
  static async open(deps: DoorDeps): Promise<ChromiumDoor> {
    const server = createServer({
      noDelay: true,
      requestTimeout: REQUEST_LIMIT_MS,
      headersTimeout: REQUEST_LIMIT_MS,
    })
    server.maxConnections = MAX_CONNECTIONS
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error) =>
        reject(toTorError(error, 'channel-failed', 'no door for web requests can be opened')),
      )
      server.listen(0, '127.0.0.1', resolve)
    })
    return new ChromiumDoor(server, deps)
  }

  private constructor(server: Server, { dial, secret }: DoorDeps) {
    this.#server = server
    this.#dial = dial
    this.#password = digestOf(secret)
    this.port = (server.address() as AddressInfo).port
    server.on('connection', (socket: Socket) => this.#track(socket))
    // Anything but CONNECT is not of our Chromium.
    server.on('request', (_request, response) => response.writeHead(403, { Connection: 'close' }).end())
    server.on('clientError', (_error, socket) => socket.destroy())
    server.on('connect', (request, socket, head) => {
      void this.#onConnect(request, socket, head)
    })
  }

  /** From now on, until it is released, Chromium may connect to the server, by this way and no other. */
  admit(host: string, port: number, proxy: UpstreamProxy | undefined): Admission {
    const key = `${host}:${port}`.toLowerCase()
    const way = JSON.stringify(proxy ?? null)
    let admitted = this.#admitted.get(key)
    if (admitted?.way !== way) {
      admitted = { target: { host, port }, proxy, way, requests: 0, failure: undefined }
      this.#admitted.set(key, admitted)
    }
    for (const tunnel of this.#tunnels) if (tunnel.key === key && tunnel.way !== way) tunnel.end()
    admitted.requests++
    return this.#admission(key, admitted)
  }

  close(): void {
    this.#admitted.clear()
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #admission(key: string, admitted: Admitted): Admission {
    let isReleased = false
    return {
      get failure() {
        return admitted.failure
      },
      release: () => {
        if (isReleased) return
        isReleased = true
        admitted.requests--
        if (admitted.requests === 0 && this.#admitted.get(key) === admitted) this.#admitted.delete(key)
      },
    }
  }

  async #onConnect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => undefined)
    if (!this.#isOurs(request.headers['proxy-authorization'])) {
      return refuse(
        socket,
        '407 Proxy Authentication Required',
        'Proxy-Authenticate: Basic realm="allium"\r\n',
      )
    }
    const key = (request.url ?? '').toLowerCase()
    const admitted = this.#admitted.get(key)
    if (admitted === undefined) return refuse(socket, '403 Forbidden')
    const gone = new AbortController()
    socket.once('close', () => gone.abort(new TorError('aborted', 'Chromium has closed the connection')))
    try {
      const upstream = await this.#dial(admitted.target, admitted.proxy, gone.signal)
      admitted.failure = undefined
      this.#join(key, admitted.way, socket, upstream, head)
    } catch (error) {
      if (!gone.signal.aborted)
        admitted.failure = toTorError(error, 'channel-failed', 'connecting to the web server')
      refuse(socket, '502 Bad Gateway')
    }
  }

  #join(key: string, way: string, socket: Duplex, upstream: Socket, head: Buffer): void {
    this.#track(upstream)
    const tunnel: Tunnel = {
      key,
      way,
      end: () => {
        this.#tunnels.delete(tunnel)
        socket.destroy()
        upstream.destroy()
      },
    }
    this.#tunnels.add(tunnel)
    upstream.on('error', tunnel.end)
    upstream.once('close', tunnel.end)
    upstream.setTimeout(IDLE_LIMIT_MS, tunnel.end)
    socket.once('close', tunnel.end)
    // It may have gone while we dialled.
    if (socket.destroyed) return tunnel.end()
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
    if (head.length > 0) upstream.write(head)
    socket.pipe(upstream)
    upstream.pipe(socket)
  }

  #isOurs(authorization: string | undefined): boolean {
    const encoded = /^Basic ([\w+/]+=*)$/i.exec(authorization ?? '')?.[1]
    if (encoded === undefined) return false
    const text = Buffer.from(encoded, 'base64').toString('latin1')
    return timingSafeEqual(digestOf(text.slice(text.indexOf(':') + 1)), this.#password)
  }

  #track(socket: Duplex): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
  }
}

function refuse(socket: Duplex, status: string, header = ''): void {
  socket.end(`HTTP/1.1 ${status}\r\n${header}Connection: close\r\nContent-Length: 0\r\n\r\n`)
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
