/**
 * webtunnel, client side: HTTPS to a web server, on which one secret path leads to a bridge. Whoever does not know the path
 * sees a web site. The web server proves itself by its certificate; the bridge does so later, in its own TLS.
 */
import type { Duplex } from 'node:stream'
import { withTimeout } from '../../util/abort.ts'
import { codeOrName, isTorError, toTorError } from '../../util/errors.ts'
import { shuffled } from '../../util/random.ts'
import type { PluggableTransport } from '../pluggable-transport.ts'
import { waitOnSocket } from '../socket-wait.ts'
import type { TransportParts } from '../transport-parts.ts'
import { drawTlsHello } from '../web/tls-hello.ts'
import { openWebTls } from '../web/web-tls.ts'
import { UpgradeAnswerReader, upgradeFailed, upgradeRequest } from './upgrade.ts'
import { parseWebtunnelArguments, type WebtunnelArguments } from './webtunnel-arguments.ts'

/** For TLS and the upgrade: four round trips. It ends before the time for the whole channel does, for the sake of words. */
const HANDSHAKE_LIMIT_MS = 15_000
/** A name that is blocked is often answered with silence, and another one should still have its turn. */
const HANDSHAKE_LIMIT_AMONG_MANY_MS = 8_000
const MAX_NAMES_TRIED = 3

export const webtunnelTransport: PluggableTransport = {
  name: 'webtunnel',
  check(line) {
    parseWebtunnelArguments(line)
  },
  async connect(line, parts, signal) {
    const asked = parseWebtunnelArguments(line)
    if (!asked.isTls) return openTunnel(asked, undefined, HANDSHAKE_LIMIT_MS, parts, signal)
    const names = shuffled(parts.random, asked.serverNames).slice(0, MAX_NAMES_TRIED)
    const limitMs = names.length > 1 ? HANDSHAKE_LIMIT_AMONG_MANY_MS : HANDSHAKE_LIMIT_MS
    for (;;) {
      const name = names.shift()
      try {
        return await openTunnel(asked, name, limitMs, parts, signal)
      } catch (error) {
        // One after the other: many at a time is what censors look for.
        if (names.length === 0 || signal.aborted || isTorError(error, 'proxy-failed')) throw error
      }
    }
  },
}

/** `serverName` is undefined where no TLS is spoken. */
async function openTunnel(
  asked: WebtunnelArguments,
  serverName: string | undefined,
  limitMs: number,
  parts: TransportParts,
  signal: AbortSignal,
): Promise<Duplex> {
  const socket = await parts.dialName(asked.dialled.host, asked.dialled.port, signal)
  try {
    return await withTimeout(parts.clock, limitMs, 'the webtunnel handshake', signal, async (signal) => {
      const web = serverName === undefined ? socket : await speakTls(socket, asked, serverName, parts, signal)
      return upgrade(web, asked, signal)
    })
  } catch (error) {
    socket.destroy()
    throw isTorError(error, 'timeout') && !signal.aborted ? upgradeFailed('does not answer', error) : error
  }
}

function speakTls(
  socket: Duplex,
  { certificateName, chainHash }: WebtunnelArguments,
  serverName: string,
  { clock, random, tlsRoots }: TransportParts,
  signal: AbortSignal,
): Promise<Duplex> {
  const proof = chainHash === undefined ? { name: certificateName ?? serverName } : { chainHash }
  const question = { serverName, proof, hello: drawTlsHello(random), protocol: undefined, roots: tlsRoots }
  return openWebTls(socket, question, clock, signal)
}

function upgrade(socket: Duplex, { host, path }: WebtunnelArguments, signal: AbortSignal): Promise<Duplex> {
  return waitOnSocket(socket, signal, (wait) => {
    const reader = new UpgradeAnswerReader()
    wait.on('data', (bytes: Buffer) => {
      try {
        const first = reader.push(bytes)
        if (first === undefined) return
        wait.succeed(() => {
          socket.pause()
          if (first.length > 0) socket.unshift(first)
          // Whoever holds the stream learns of its end by `close` if not by this: a server must not end the process.
          socket.on('error', () => {})
          return socket
        })
      } catch (error) {
        wait.fail(toTorError(error, 'channel-failed', 'the webtunnel handshake'))
      }
    })
    wait.on('end', () => wait.fail(upgradeFailed('closed the connection instead of opening the tunnel')))
    wait.on('close', () => wait.fail(upgradeFailed('closed the connection instead of opening the tunnel')))
    wait.on('error', (error: Error) =>
      wait.fail(upgradeFailed(`broke the connection: ${codeOrName(error)}`, error)),
    )
    socket.write(upgradeRequest(host, path))
    socket.resume()
  })
}
