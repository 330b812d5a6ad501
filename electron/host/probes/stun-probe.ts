/** One STUN binding request over UDP (RFC 8489, section 5): whether datagrams go out, and an answer comes back. */
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'

const BINDING_REQUEST = 0x0001
const BINDING_SUCCESS = 0x0101
const MAGIC_COOKIE = 0x2112_a442
const HEADER_BYTES = 20
/** A datagram may be lost on the best of networks; the RFC sends anew after half of a second. */
const AGAIN_AFTER_MS = 500
const MAX_SENT = 4

export function bindingRequest(transaction: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES)
  bytes.writeUInt16BE(BINDING_REQUEST, 0)
  bytes.writeUInt32BE(MAGIC_COOKIE, 4)
  bytes.set(transaction.subarray(0, 12), 8)
  return bytes
}

/** Of this very question: anybody can send datagrams. */
export function isAnswerTo(request: Buffer, answer: Uint8Array): boolean {
  const bytes = Buffer.from(answer)
  return (
    bytes.length >= HEADER_BYTES &&
    bytes.readUInt16BE(0) === BINDING_SUCCESS &&
    bytes.subarray(4, HEADER_BYTES).equals(request.subarray(4))
  )
}

/** Resolves when the server answered; rejects with the system's error, or when the signal fires. */
export function askStun(address: string, port: number, signal: AbortSignal): Promise<void> {
  const request = bindingRequest(randomBytes(12))
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4')
  return new Promise((resolve, reject) => {
    let sent = 0
    const finish = (error?: unknown): void => {
      clearInterval(timer)
      signal.removeEventListener('abort', onAbort)
      socket.close()
      if (error === undefined) resolve()
      else reject(error)
    }
    const send = (): void => {
      if (++sent > MAX_SENT) return
      // What cannot be sent now is sent again; the signal ends it.
      socket.send(request, port, address, () => undefined)
    }
    const onAbort = (): void => finish(new Error('no answer in time'))
    const timer = setInterval(send, AGAIN_AFTER_MS)
    signal.addEventListener('abort', onAbort, { once: true })
    socket.once('error', finish)
    socket.on('message', (answer) => {
      if (isAnswerTo(request, answer)) finish()
    })
    send()
  })
}
