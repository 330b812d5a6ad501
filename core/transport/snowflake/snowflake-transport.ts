/**
 * Snowflake, client side: volunteers' browsers carry the connection to the bridge, and to whoever watches it looks like a
 * video call with somebody. A broker that cannot well be blocked finds the volunteer.
 */
import { abortError } from '../../util/abort.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import type { PluggableTransport } from '../pluggable-transport.ts'
import type { TransportParts } from '../transport-parts.ts'
import { parseSnowflakeArguments } from './snowflake-arguments.ts'
import type { SnowflakeSessionParts } from './snowflake-session.ts'
import { SnowflakeStream } from './snowflake-stream.ts'

/** Two proxies that cannot be reached, and a third one that can; then the words of the last failure are of more use. */
const CONNECT_TIMEOUT_MS = 45_000
/** A broker that cannot be asked, or refuses, so many times in a row is not worth the rest of that time. */
const MAX_BROKER_FAILURES = 2

export const snowflakeTransport: PluggableTransport = {
  name: 'snowflake',
  connectLimitMs: CONNECT_TIMEOUT_MS,
  check(line) {
    parseSnowflakeArguments(line)
  },
  async connect(line, parts, signal) {
    return openStream(sessionParts(parseSnowflakeArguments(line), parts), signal)
  },
}

function sessionParts(
  args: SnowflakeSessionParts['args'],
  { clock, random, web, way, outside }: TransportParts,
): SnowflakeSessionParts {
  if (outside.connectPeer === undefined) {
    throw new TorError(
      'bad-config',
      'this program has no WebRTC, by which Snowflake proxies are reached: use another transport, or the app',
    )
  }
  if (way.proxy !== undefined) {
    throw new TorError(
      'bad-config',
      'Snowflake cannot be used behind an upstream proxy: its connections would go around the proxy',
    )
  }
  const { connectPeer } = outside
  return { args, clock, random, web, connectPeer, keepsLocalCandidates: way.allowsPrivatePeers === true }
}

function openStream(parts: SnowflakeSessionParts, signal: AbortSignal): Promise<SnowflakeStream> {
  return new Promise((resolve, reject) => {
    let lastFailure: TorError | undefined
    let brokerFailures = 0
    const stream = new SnowflakeStream(parts, {
      onOpen: () => {
        release()
        resolve(stream)
      },
      onTryFailed: (error, isOurs) => {
        lastFailure = error
        brokerFailures = isOurs ? brokerFailures + 1 : 0
        // What the line or the program cannot do, it cannot do the next time either.
        const isFinal = error.kind === 'bad-config' || error.kind === 'not-allowed'
        if (isFinal || brokerFailures >= MAX_BROKER_FAILURES) stop(error)
      },
    })
    const stop = (error: TorError): void => {
      release()
      stream.destroy()
      reject(error)
    }
    const onClose = (): void => stop(toTorError(stream.errored ?? noBridge(), 'channel-failed'))
    const onAbort = (): void => stop(abortError(signal))
    const timer = parts.clock.setTimer(CONNECT_TIMEOUT_MS, () => stop(lastFailure ?? noBridge()))
    const release = (): void => {
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
      stream.removeListener('close', onClose)
    }
    stream.once('close', onClose)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
}

function noBridge(): TorError {
  return new TorError('channel-failed', 'no Snowflake proxy has led to the bridge', { retry: 'elsewhere' })
}
