/** As much of WebSocket's server side (RFC 6455) as Snowflake's proxies use: binary messages, pings, and the end. */
import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

const ACCEPT_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
const [CONTINUATION, BINARY, CLOSE, PING, PONG] = [0, 2, 8, 9, 10]

export interface WebSocketEvents {
  onMessage(message: Buffer): void
  onDrain(): void
  onClose(): void
}

/** One connection. Messages are taken as they come, in whatever frames. */
export class ServerWebSocket {
  readonly #socket: Socket
  #events: WebSocketEvents | undefined
  #received: Buffer = Buffer.alloc(0)

  constructor(socket: Socket) {
    this.#socket = socket
  }

  begin(events: WebSocketEvents, head: Buffer): void {
    const socket = this.#socket
    this.#events = events
    this.#received = head
    socket.setNoDelay(true)
    socket.on('data', (bytes) => {
      this.#received = this.#received.length === 0 ? bytes : Buffer.concat([this.#received, bytes])
      this.#readFrames()
    })
    socket.on('drain', () => events.onDrain())
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('close', () => events.onClose())
    this.#readFrames()
  }

  /** False when enough waits. */
  send(message: Buffer): boolean {
    return this.#write(BINARY, message)
  }

  close(): void {
    this.#socket.destroy()
  }

  #write(opcode: number, payload: Buffer): boolean {
    if (this.#socket.destroyed) return true
    const header = Buffer.alloc(payload.length < 126 ? 2 : 4)
    header.writeUInt8(0x80 | opcode, 0)
    if (payload.length < 126) {
      header.writeUInt8(payload.length, 1)
    } else {
      header.writeUInt8(126, 1)
      header.writeUInt16BE(payload.length, 2)
    }
    return this.#socket.write(Buffer.concat([header, payload]))
  }

  #readFrames(): void {
    for (;;) {
      const bytes = this.#received
      if (bytes.length < 2) return
      const short = bytes.readUInt8(1) & 0x7f
      const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0
      const start = 2 + lengthBytes + 4
      if (bytes.length < start) return
      const length =
        lengthBytes === 0 ? short : bytes.readUIntBE(lengthBytes === 8 ? 4 : 2, lengthBytes === 8 ? 6 : 2)
      if (bytes.length < start + length) return
      const payload = Buffer.from(bytes.subarray(start, start + length))
      for (let at = 0; at < length; at++)
        payload[at] = (payload[at] ?? 0) ^ (bytes[start - 4 + (at & 3)] ?? 0)
      this.#received = bytes.subarray(start + length)
      this.#onFrame(bytes.readUInt8(0) & 0x0f, payload)
    }
  }

  #onFrame(opcode: number, payload: Buffer): void {
    if (opcode === BINARY || opcode === CONTINUATION) this.#events?.onMessage(payload)
    else if (opcode === PING) this.#write(PONG, payload)
    else if (opcode === CLOSE) this.#socket.end()
  }
}

export class WebSocketServer {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  /** `accept` is given each new connection. */
  constructor(accept: (socket: ServerWebSocket) => WebSocketEvents) {
    this.#server = createServer((_, response) => response.writeHead(404).end())
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket.on('error', () => {}))
      socket.on('close', () => this.#sockets.delete(socket))
    })
    this.#server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
      const key = request.headers['sec-websocket-key'] ?? ''
      const answer = createHash('sha1').update(`${key}${ACCEPT_GUID}`).digest('base64')
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade']
      socket.write(`${[...lines, `Sec-WebSocket-Accept: ${answer}`].join('\r\n')}\r\n\r\n`)
      const webSocket = new ServerWebSocket(socket)
      webSocket.begin(accept(webSocket), head)
    })
  }

  listen(port = 0): Promise<void> {
    return new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve))
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }
}
