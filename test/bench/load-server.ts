/**
 * The destination of the load: a process of its own that sends, swallows or echoes as each connection's first nine bytes
 * say (an operation and a little-endian count). Big buffers and few calls keep it cheap beside the client measured.
 */
import { createServer, type Socket } from 'node:net'

const HEADER_BYTES = 9
const BLOCK = Buffer.alloc(512 * 1024, 0x5a)
const DONE = Buffer.from('K')

function send(socket: Socket, bytes: number): void {
  let left = bytes
  const pump = (): void => {
    while (left > 0 && !socket.destroyed) {
      const size = Math.min(left, BLOCK.length)
      left -= size
      const isRoom = socket.write(size === BLOCK.length ? BLOCK : BLOCK.subarray(0, size))
      if (!isRoom) return
    }
    socket.off('drain', pump)
  }
  socket.on('drain', pump)
  pump()
}

function swallow(socket: Socket, bytes: number, already: number): void {
  let left = bytes - already
  const answer = (): void => {
    if (left <= 0) socket.write(DONE)
  }
  socket.on('data', (chunk: Buffer) => {
    left -= chunk.length
    answer()
  })
  answer()
}

function serve(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  let head = Buffer.alloc(0)
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk])
    if (head.length < HEADER_BYTES) return
    socket.off('data', onData)
    const operation = String.fromCharCode(head.readUInt8(0))
    const count = Number(head.readBigUInt64LE(1))
    const rest = head.subarray(HEADER_BYTES)
    if (operation === 'D') {
      socket.on('data', () => undefined)
      send(socket, count)
    } else if (operation === 'U') swallow(socket, count, rest.length)
    else if (operation === 'E') {
      socket.write(rest)
      socket.on('data', (data: Buffer) => socket.write(data))
    } else socket.destroy()
  }
  socket.on('data', onData)
}

const server = createServer({ noDelay: true, highWaterMark: 256 * 1024 }, serve)
server.listen(0, '127.0.0.1', 1024, () => {
  const address = server.address()
  if (address !== null && typeof address !== 'string') process.send?.(address.port)
})
process.on('disconnect', () => process.exit(0))
