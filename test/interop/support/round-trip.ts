/** One small message to an echo server and back. */
import type { Socket } from 'node:net'

const MESSAGE = Buffer.alloc(64, 'x')

/** Milliseconds until the whole message is back. */
export function roundTrip(socket: Socket): Promise<number> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    let missing = MESSAGE.length
    const onData = (chunk: Buffer): void => {
      missing -= chunk.length
      if (missing > 0) return
      stop()
      resolve(performance.now() - startedMs)
    }
    const onClose = (): void => {
      stop()
      reject(new Error('the stream ended before its echo came'))
    }
    const stop = (): void => {
      socket.off('data', onData)
      socket.off('close', onClose)
      socket.off('end', onClose)
    }
    socket.on('data', onData)
    socket.on('close', onClose)
    socket.on('end', onClose)
    socket.write(MESSAGE)
  })
}
