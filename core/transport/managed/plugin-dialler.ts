/** Connects to a bridge through a plugin that listens, and hands over the socket on which TLS may begin. */
import type { Socket } from 'node:net'
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import type { Clock } from '../../util/clock.ts'
import { codeOrName, TorError, toTorError } from '../../util/errors.ts'
import { converse, type ProxyParty } from '../proxy-conversation.ts'
import { waitOnSocket } from '../socket-wait.ts'
import { dialTcp } from '../tcp-dialler.ts'
import { pluginFailed } from './plugin-handshake.ts'
import type { PluginMethod } from './plugin-lines.ts'
import { startPluginSocks } from './plugin-socks.ts'

/**
 * The plugin answers when its own handshake with the bridge is over. It is less than the time for the whole channel, so
 * that the words are those below.
 */
const CONNECT_LIMIT_MS = 15_000

const PLUGIN: ProxyParty = {
  kind: 'channel-failed',
  name: 'the transport plugin',
  failed: pluginFailed,
  closed: 'closed the connection before it was connected to the bridge',
  surplus: 'says more than it was asked',
  // The client speaks first, in SOCKS and in TLS: what comes here was not asked for.
  mayRunAhead: false,
}

/**
 * Resolves with a paused socket behind which the bridge speaks TLS. Rejects with `channel-failed`, `bad-config` for
 * arguments that do not fit, or the signal's error; nothing is left open then.
 */
export async function connectThroughPlugin(
  { socks, endpoint }: Pick<PluginMethod, 'socks' | 'endpoint'>,
  line: Pick<BridgeLine, 'endpoint' | 'args'>,
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  const handshake = startPluginSocks(socks, line)
  const socket = await dialPlugin(endpoint, clock, signal)
  return waitOnSocket(socket, signal, (wait) => {
    const timer = clock.setTimer(CONNECT_LIMIT_MS, () => wait.fail(silent()))
    wait.onEnd(() => timer.cancel())
    converse(socket, handshake, wait, PLUGIN)
    socket.resume()
  })
}

/** On this machine, or where the user says: never through the upstream proxy, which is the plugin's to use. */
async function dialPlugin(
  endpoint: PluginMethod['endpoint'],
  clock: Clock,
  signal: AbortSignal,
): Promise<Socket> {
  try {
    return await dialTcp(endpoint, { proxy: undefined, localAddress: undefined }, clock, signal)
  } catch (error) {
    const { cause, kind } = toTorError(error)
    throw kind === 'channel-failed' && cause instanceof Error
      ? pluginFailed(`cannot be reached: ${codeOrName(cause)}`, cause)
      : error
  }
}

function silent(): TorError {
  return new TorError('channel-failed', 'the transport plugin does not reach the bridge in time', {
    retry: 'elsewhere',
  })
}
