import { type Socket, connect, createServer } from 'node:net'
import { expect, test } from 'vitest'
import { type AcceptedHandle, takeHandles } from '../../../core/proxy/accepted-handle.ts'
import { AppSocket, type ReadMode, WRITE_BUFFER_BYTES } from '../../../core/proxy/app-socket.ts'
import { pipeBytes } from '../../../core/proxy/pipe-bytes.ts'
import { createDeferred } from '../../../core/util/deferred.ts'
import { FakeStream } from './fake-opener.ts'
import { settle, until } from './support.ts'

const IGNORE = { onBytes: () => true, onEnd: () => {}, onDrain: () => {}, onClose: () => {} }

async function accept(readMode: ReadMode): Promise<{ server: AppSocket; client: Socket; close: () => void }> {
  const listener = createServer({
    allowHalfOpen: true,
    pauseOnConnect: true,
    highWaterMark: WRITE_BUFFER_BYTES,
  })
  const accepted = createDeferred<AcceptedHandle | Socket>()
  listener.once('connection', accepted.resolve)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  if (readMode === 'lent-buffer') takeHandles(listener, accepted.resolve)
  const address = listener.address()
  const port = address !== null && typeof address === 'object' ? address.port : 0
  const client = connect({ host: '127.0.0.1', port, allowHalfOpen: true })
  const server = new AppSocket(await accepted.promise)
  return { server, client, close: () => listener.close() }
}

test('an accepted socket is read into one lent buffer by this release of Node', async () => {
  const { server, client, close } = await accept('lent-buffer')
  expect(server.readMode).toBe('lent-buffer')
  server.start(IGNORE)
  server.destroy()
  await until(() => client.readableEnded || client.destroyed || client.readableFlowing === null)
  client.destroy()
  close()
})

test.each<ReadMode>(['lent-buffer', 'data-events'])(
  'no more than the write buffer and one chunk wait for an application that does not read (%s)',
  async (readMode) => {
    const { server, client, close } = await accept(readMode)
    const stream = new FakeStream()
    server.start(IGNORE)
    let isFinished = false
    pipeBytes(server, stream, false, () => {
      isFinished = true
    })
    const chunk = Buffer.alloc(15_000)
    let most = 0
    for (let sent = 0; sent < 4_000; sent++) {
      stream.deliver(chunk)
      most = Math.max(most, server.waitingBytes)
    }
    await settle()
    expect(stream.isHeldBack).toBe(true)
    expect(most).toBeLessThanOrEqual(WRITE_BUFFER_BYTES + chunk.length)
    client.destroy()
    await until(() => isFinished)
    expect(stream.destroyedWith).not.toBe('not-destroyed')
    close()
  },
)

test.each<ReadMode>(['lent-buffer', 'data-events'])(
  'an application that writes all before it reads may end its writing behind the other side’s end (%s)',
  async (readMode) => {
    const { server, client, close } = await accept(readMode)
    const stream = new FakeStream()
    stream.mayWrite = false
    server.start(IGNORE)
    pipeBytes(server, stream, false, () => {})
    client.write(Buffer.alloc(16_000_000))
    for (let sent = 0; sent < 4_000; sent++) stream.deliver(Buffer.alloc(15_000))
    await settle()
    expect(stream.isHeldBack).toBe(true)
    expect(client.writableLength).toBeGreaterThan(0)
    stream.endWriting()
    await until(() => client.writableLength === 0)
    client.destroy()
    close()
  },
)
