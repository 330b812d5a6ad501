/** obfs4, client side: a connection that looks like random bytes of random lengths, to a bridge that proves its key. */
import type { Socket } from 'node:net'
import { TorError, toTorError } from '../../util/errors.ts'
import type { PluggableTransport } from '../pluggable-transport.ts'
import { waitOnSocket } from '../socket-wait.ts'
import { connectionError } from '../tcp-dialler.ts'
import type { TransportParts } from '../transport-parts.ts'
import { type IatMode, parseObfs4Arguments } from './obfs4-arguments.ts'
import { type Obfs4Handshake, startObfs4Handshake } from './obfs4-handshake.ts'
import { Obfs4Stream } from './obfs4-stream.ts'

/**
 * One round trip, and eight kilobytes on the slowest of lines. It ends before the time for the whole channel does, so that
 * the words are those below.
 */
const HANDSHAKE_TIMEOUT_MS = 15_000

/** What keeps a bridge silent. It does not say which, and only to us does it matter. */
const WHY_SILENT = 'the cert of its line may be wrong, or our clock by more than an hour'

export const obfs4Transport: PluggableTransport = {
  name: 'obfs4',
  check(line) {
    parseObfs4Arguments(line)
  },
  async connect(line, parts, signal) {
    const { identity, iatMode } = parseObfs4Arguments(line)
    const handshake = startObfs4Handshake(identity, parts.random, parts.clock.wallMs())
    const socket = await parts.dial(line.endpoint, signal)
    return finishHandshake(socket, handshake, iatMode, parts, signal)
  },
}

function finishHandshake(
  socket: Socket,
  handshake: Obfs4Handshake,
  iatMode: IatMode,
  { clock, random }: TransportParts,
  signal: AbortSignal,
): Promise<Obfs4Stream> {
  return waitOnSocket(socket, signal, (wait) => {
    let received: Buffer = Buffer.alloc(0)
    const onData = (bytes: Buffer): void => {
      received = received.length === 0 ? bytes : Buffer.concat([received, bytes])
      try {
        const session = handshake.onAnswer(received)
        if (session === undefined) return
        wait.succeed(() => {
          socket.pause()
          // Not read before somebody listens to the stream.
          if (received.length > session.usedBytes) socket.unshift(received.subarray(session.usedBytes))
          return new Obfs4Stream({ socket, session, iatMode, clock, random })
        })
      } catch (error) {
        wait.fail(toTorError(error, 'channel-failed', 'the obfs4 handshake'))
      }
    }
    const timer = clock.setTimer(HANDSHAKE_TIMEOUT_MS, () =>
      wait.fail(failed('does not answer the obfs4 handshake')),
    )
    wait.onEnd(() => timer.cancel())
    wait.on('data', onData)
    wait.on('end', () => wait.fail(failed('closed the connection during the obfs4 handshake')))
    wait.on('error', (error: Error) => wait.fail(connectionError(error, 'the obfs4 handshake with')))
    socket.write(handshake.request)
    socket.resume()
  })
}

function failed(what: string): TorError {
  return new TorError('channel-failed', `the bridge ${what}: ${WHY_SILENT}`, { retry: 'elsewhere' })
}
