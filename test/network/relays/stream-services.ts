/** What lies at the far end of streams: a port of this machine, or the relay's own directory. */
import { connect, type Socket } from 'node:net'
import { EndReason } from '../../../core/cell/reasons.ts'
import { parseExitPolicy } from '../../../core/netdoc/exit-policy.ts'
import type { Timer } from '../../../core/util/clock.ts'
import type { HostAddress } from './host-table.ts'
import type { NetworkCore } from './network-core.ts'
import type { Relay } from './relay.ts'

export interface StreamEvents {
  onConnected(address: string | undefined): void
  /** There is something to `take`, or the end has come. */
  onReadable(): void
  /** After `write` returned false. */
  onDrained(): void
  /** With an `EndReason`. */
  onFailed(reason: number): void
}

export interface StreamService {
  open(): void
  /** At most so many bytes; undefined when there are none now. */
  take(bytes: number): Buffer | undefined
  /** Everything was taken, and nothing comes any more. */
  readonly hasEnded: boolean
  /** What was written and the far end has not taken. */
  readonly waitingBytes: number
  /** False when enough waits. */
  write(data: Buffer): boolean
  close(): void
}

/** Between the bytes of a directory that sends them one by one: never so long that it stalls. */
const DRIP_MS = 10_000
/** Longer requests are no client's. */
const MOST_REQUEST_BYTES = 65_536

const REASON_OF_CODE: Readonly<Record<string, number>> = {
  ECONNREFUSED: EndReason.CONNECTREFUSED,
  ECONNRESET: EndReason.CONNRESET,
  ETIMEDOUT: EndReason.TIMEOUT,
}

export function mayExit(relay: Relay, port: number): boolean {
  const { exitPorts } = relay.description
  return exitPorts !== undefined && parseExitPolicy(exitPorts).allowsPort(port)
}

export function connectToHost({ host, port }: HostAddress, events: StreamEvents): StreamService {
  let socket: Socket | undefined
  let hasEnded = false
  return {
    open() {
      socket = connect({ host, port, noDelay: true })
      socket.on('connect', () => events.onConnected(host))
      socket.on('readable', () => events.onReadable())
      socket.on('drain', () => events.onDrained())
      socket.on('end', () => {
        hasEnded = true
        events.onReadable()
      })
      socket.on('error', (error: NodeJS.ErrnoException) =>
        events.onFailed(REASON_OF_CODE[error.code ?? ''] ?? EndReason.MISC),
      )
    },
    take(bytes) {
      if (socket === undefined || socket.readableLength === 0) {
        // Asks for more, and for the end.
        socket?.read(0)
        return undefined
      }
      const data: unknown = socket.read(Math.min(bytes, socket.readableLength))
      return Buffer.isBuffer(data) ? data : undefined
    },
    get hasEnded() {
      return hasEnded
    },
    get waitingBytes() {
      return socket?.writableLength ?? 0
    },
    write: (data) => socket?.write(data) ?? false,
    close: () => void socket?.destroy(),
  }
}

/** HTTP of one request, as C tor's directory clients speak it. */
export function openDirectory(
  { directory, clock }: Pick<NetworkCore, 'directory' | 'clock'>,
  relay: Relay,
  events: StreamEvents,
): StreamService {
  let request = ''
  let answer: Buffer | undefined
  let isEndless = false
  let isDripped = false
  /** Runs while a byte is held back. */
  let drip: Timer | undefined
  return {
    open: () => events.onConnected(undefined),
    take(bytes) {
      if (answer === undefined || answer.length === 0 || drip !== undefined) return undefined
      if (isDripped) {
        drip = clock.setTimer(DRIP_MS, () => {
          drip = undefined
          events.onReadable()
        })
      }
      const taken = isDripped ? 1 : bytes
      const data = answer.subarray(0, taken)
      answer = answer.subarray(taken)
      return data
    },
    get hasEnded() {
      return answer?.length === 0 && !isEndless
    },
    waitingBytes: 0,
    write(data) {
      request += data.toString('latin1')
      if (request.length > MOST_REQUEST_BYTES) events.onFailed(EndReason.TORPROTOCOL)
      else if (answer === undefined && request.includes('\r\n\r\n')) {
        const reply = directory.answer(request, relay)
        answer = reply.bytes
        isEndless = reply.isEndless ?? false
        isDripped = reply.isDripped ?? false
        events.onReadable()
      }
      return true
    },
    close: () => drip?.cancel(),
  }
}
