/** A SOCKS client that shows every reply as it came: reply codes and bound addresses are what the tests are about. */
import { createConnection, type Socket } from 'node:net'
import { within } from './waiting.ts'

export interface SocksReply {
  /** SOCKS5: 0 is success; SOCKS4: 90 is. */
  readonly code: number
  /** The bound address, or what RESOLVE found (IPv6 in hex). Empty when the reply has none. */
  readonly address: string
  readonly socket: Socket
  close(): void
}

export interface Credentials {
  readonly user: string
  readonly password: string
}

const CONNECT = 1
const RESOLVE = 0xf0
const REPLY_LIMIT_MS = 130_000

/** Reads exact byte counts from a socket, leaving what follows for the caller. */
class SocketReader {
  readonly #socket: Socket
  constructor(socket: Socket) {
    this.#socket = socket
  }

  async read(bytes: number): Promise<Buffer> {
    for (;;) {
      const chunk: unknown = this.#socket.read(bytes)
      if (chunk instanceof Buffer && chunk.length === bytes) return chunk
      if (this.#socket.readableEnded || this.#socket.destroyed)
        throw new Error('the proxy closed the connection')
      await new Promise<void>((resolve) => {
        const done = (): void => {
          for (const event of ['readable', 'end', 'close', 'error']) this.#socket.off(event, done)
          resolve()
        }
        for (const event of ['readable', 'end', 'close', 'error']) this.#socket.on(event, done)
      })
    }
  }
}

/** A TCP connection that keeps its errors to itself: a lost one shows as the end of data. */
export function dial(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ port, host: '127.0.0.1', noDelay: true })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      socket.on('error', () => undefined)
      resolve(socket)
    })
  })
}

function encodeAddress(host: string): Buffer {
  if (/^\d+\.\d+\.\d+\.\d+$/.test(host)) return Buffer.from([1, ...host.split('.').map(Number)])
  return Buffer.concat([Buffer.of(3, Buffer.byteLength(host)), Buffer.from(host)])
}

function encodePort(port: number): Buffer {
  return Buffer.of(port >> 8, port & 0xff)
}

async function readAddress(reader: SocketReader, type: number): Promise<string> {
  if (type === 1) return [...(await reader.read(4))].join('.')
  if (type === 4) return (await reader.read(16)).toString('hex')
  if (type !== 3) throw new Error(`unknown SOCKS5 address type ${type}`)
  const length = (await reader.read(1)).readUInt8(0)
  return (await reader.read(length)).toString('latin1')
}

async function authenticate(
  socket: Socket,
  reader: SocketReader,
  credentials: Credentials | undefined,
): Promise<void> {
  socket.write(Buffer.of(5, 1, credentials === undefined ? 0 : 2))
  const method = (await reader.read(2)).readUInt8(1)
  if (method === 0xff) throw new Error('the proxy accepts no authentication method')
  if (credentials === undefined) return
  const [user, password] = [Buffer.from(credentials.user), Buffer.from(credentials.password)]
  socket.write(Buffer.concat([Buffer.of(1, user.length), user, Buffer.of(password.length), password]))
  const status = (await reader.read(2)).readUInt8(1)
  if (status !== 0) throw new Error(`the proxy refused the credentials with ${status}`)
}

async function request5(
  proxyPort: number,
  command: number,
  host: string,
  port: number,
  credentials: Credentials | undefined,
): Promise<SocksReply> {
  const socket = await dial(proxyPort)
  const reader = new SocketReader(socket)
  await authenticate(socket, reader, credentials)
  socket.write(Buffer.concat([Buffer.of(5, command, 0), encodeAddress(host), encodePort(port)]))
  const head = await reader.read(4)
  // C tor leaves the address out of some refusals.
  const address = head.readUInt8(3) === 0 ? '' : await readAddress(reader, head.readUInt8(3))
  await reader.read(2)
  return { code: head.readUInt8(1), address, socket, close: () => socket.destroy() }
}

/** The reply code to a SOCKS5 request with any command. */
export async function requestCommand(proxyPort: number, command: number): Promise<number> {
  const asked = request5(proxyPort, command, '127.0.0.1', 80, undefined)
  const reply = await within('the SOCKS5 reply', REPLY_LIMIT_MS, asked)
  reply.close()
  return reply.code
}

/** SOCKS5 CONNECT; the socket of a reply with code 0 carries the stream. */
export function connectSocks5(
  proxyPort: number,
  host: string,
  port: number,
  credentials?: Credentials,
): Promise<SocksReply> {
  return within('the SOCKS5 reply', REPLY_LIMIT_MS, request5(proxyPort, CONNECT, host, port, credentials))
}

/** Tor's RESOLVE extension of SOCKS5: the address of a name. */
export async function resolveName(proxyPort: number, name: string): Promise<SocksReply> {
  const reply = await within(
    'the RESOLVE reply',
    REPLY_LIMIT_MS,
    request5(proxyPort, RESOLVE, name, 0, undefined),
  )
  reply.close()
  return reply
}

/** SOCKS4a CONNECT to a name, with the user id that SOCKS4 clients send. */
export async function connectSocks4a(
  proxyPort: number,
  name: string,
  port: number,
  userId = '',
): Promise<SocksReply> {
  const socket = await dial(proxyPort)
  const tail = Buffer.from(`${userId}\0${name}\0`)
  socket.write(Buffer.concat([Buffer.of(4, CONNECT), encodePort(port), Buffer.of(0, 0, 0, 1), tail]))
  const reply = await within('the SOCKS4 reply', REPLY_LIMIT_MS, new SocketReader(socket).read(8))
  const address = [...reply.subarray(4)].join('.')
  return { code: reply.readUInt8(1), address, socket, close: () => socket.destroy() }
}

export interface HttpReply {
  readonly status: number
  readonly head: string
  readonly socket: Socket
}

async function requestTunnel(
  proxyPort: number,
  target: string,
  headers: readonly string[],
): Promise<HttpReply> {
  const socket = await dial(proxyPort)
  socket.write([`CONNECT ${target} HTTP/1.1`, `Host: ${target}`, ...headers, '', ''].join('\r\n'))
  const reader = new SocketReader(socket)
  let head = ''
  while (!head.endsWith('\r\n\r\n')) head += (await reader.read(1)).toString('latin1')
  return { status: Number(head.split(' ')[1]), head, socket }
}

/** HTTP CONNECT; the socket of a reply with status 200 carries the stream. */
export function connectHttp(
  proxyPort: number,
  target: string,
  headers: readonly string[] = [],
): Promise<HttpReply> {
  return within('the answer to CONNECT', REPLY_LIMIT_MS, requestTunnel(proxyPort, target, headers))
}

/** Sends raw bytes to the proxy; gives all it answers until it closes, at most `limitMs` later. */
export async function sendRaw(proxyPort: number, bytes: Uint8Array, limitMs = 10_000): Promise<Buffer> {
  const socket = await dial(proxyPort)
  socket.write(bytes)
  try {
    return await within('the proxy to close the connection', limitMs, readToEnd(socket))
  } finally {
    socket.destroy()
  }
}

/** Everything that comes until the other side ends or the connection breaks. */
export function readToEnd(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks)))
    socket.on('end', () => resolve(Buffer.concat(chunks)))
    socket.resume()
  })
}
