/**
 * Asks the bridge service. Its own TLS runs within whatever leads to it, so that neither the content network, nor the
 * reflector behind it, nor an exit can read the question or forge the answer; nobody looks its name up. A question has
 * no header and no field that would tell one client from another.
 */
import { request as requestHttp, type IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { parseBridgeLine } from '../linkspec/bridge-line.ts'
import { transportOf } from '../transport/pluggable-transport.ts'
import type { TransportParts } from '../transport/transport-parts.ts'
import { codeOf, waitOnSocket } from '../transport/socket-wait.ts'
import { abortError, withTimeout } from '../util/abort.ts'
import { ByteCollector } from '../util/byte-collector.ts'
import type { Clock } from '../util/clock.ts'
import { isTorError, TorError, toTorError } from '../util/errors.ts'
import {
  MAX_ANSWER_BYTES,
  type MoatRefusal,
  type MoatSetting,
  type MoatSettings,
  parseMoatBuiltIn,
  parseMoatMap,
  parseMoatSettings,
} from './moat-answer.ts'
import type { MoatFront, MoatService } from './moat-targets.ts'

/** A front that answers does so within some seconds, its polls included; one that is dropped never does. */
const PATH_LIMIT_MS = 25_000

export interface MoatQuestion {
  /** `defaults` is for where `settings` knows of no blocking, and there is some. */
  readonly endpoint: 'settings' | 'defaults'
  /** Two lower-case letters; undefined: the service goes by the address that it sees. */
  readonly country: string | undefined
  /** That the client can use, as the service names them. */
  readonly transports: readonly string[]
}

/** Resolves with a stream to the service, on which it speaks TLS. */
export type MoatPath = (signal: AbortSignal) => Promise<Duplex>

export interface MoatAccess {
  readonly service: MoatService
  readonly path: MoatPath
  readonly clock: Clock
}

/** Each of the front's tunnels in turn. Rejects with the last one's error, or `bad-config` where there is no such transport. */
export function frontedPath(service: MoatService, front: MoatFront, parts: TransportParts): MoatPath {
  return async (signal) => {
    let last = new TorError('bad-config', 'the bridge service has no such front')
    for (const text of service.fronts[front]) {
      const line = parseBridgeLine(text)
      const transport = transportOf(line)
      if (transport === undefined) throw new TorError('bad-config', 'a front must be reached by a transport')
      try {
        transport.check(line)
        return await transport.connect(line, parts, signal)
      } catch (error) {
        if (signal.aborted) throw abortError(signal)
        last = toTorError(error, 'channel-failed', 'a tunnel to the bridge service')
      }
    }
    throw last
  }
}

/**
 * What helps where, and the bridges for it, by one path. Rejects as the path does, with `timeout`, with `wrong-identity`
 * when somebody else answers, with `channel-failed` or `closed` when the exchange is cut short, and with `malformed` or
 * `limit` for an answer that is no good; nothing is left open then.
 */
export async function askMoat(
  { service, path, clock }: MoatAccess,
  question: MoatQuestion,
  signal: AbortSignal,
): Promise<MoatSettings | MoatRefusal> {
  const { endpoint, country, transports } = question
  // A country that is not given is not in it, for an empty one would be a wrong one.
  const asked = { ...(endpoint === 'settings' && country !== undefined && { country }), transports }
  return parseMoatSettings(await ask({ service, path, clock }, endpoint, JSON.stringify(asked), signal))
}

/** The bridges that everybody has, as they are now. Rejects as `askMoat` does. */
export async function fetchMoatBuiltIn(
  access: MoatAccess,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly string[]> | MoatRefusal> {
  return parseMoatBuiltIn(await ask(access, 'builtin', '{}', signal))
}

/** Which transports help in which country. Rejects as `askMoat` does. */
export async function fetchMoatMap(
  access: MoatAccess,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly MoatSetting[]> | MoatRefusal> {
  return parseMoatMap(await ask(access, 'map', '{}', signal))
}

function ask(
  { service, path, clock }: MoatAccess,
  endpoint: string,
  body: string,
  signal: AbortSignal,
): Promise<Buffer> {
  return withTimeout(clock, PATH_LIMIT_MS, 'the bridge service', signal, async (limited) => {
    const stream = await path(limited)
    const tls = await startTls(stream, service, limited)
    try {
      return await exchange(tls, service, { endpoint, body: Buffer.from(body) }, limited)
    } finally {
      tls.destroy()
      stream.destroy()
    }
  })
}

async function startTls(stream: Duplex, { host, ca }: MoatService, signal: AbortSignal): Promise<TLSSocket> {
  const tls = connectTls({
    socket: stream,
    servername: host,
    ALPNProtocols: ['http/1.1'],
    minVersion: 'TLSv1.2',
    // Said here, the environment has no say (NODE_TLS_REJECT_UNAUTHORIZED).
    rejectUnauthorized: true,
    ...(ca !== undefined && { ca }),
  })
  try {
    return await waitOnSocket<TLSSocket>(tls, signal, (wait) => {
      wait.on('secureConnect', () => wait.succeed(() => tls))
      wait.on('error', (error: Error) => wait.fail(tlsError(error)))
      wait.on('close', () =>
        wait.fail(new TorError('channel-failed', 'the tunnel closed before TLS was there')),
      )
    })
  } catch (error) {
    stream.destroy()
    throw error
  }
}

/** Certificates that do not fit are somebody else's; the rest is the tunnel's doing. */
function tlsError(error: Error): TorError {
  if (isTorError(error)) return error
  const code = codeOf(error)
  const isCertificate = /CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)
  return isCertificate
    ? new TorError('wrong-identity', `not the bridge service answered: ${code}`, { cause: error })
    : new TorError('channel-failed', `TLS with the bridge service failed: ${code}`, { cause: error })
}

function exchange(
  tls: TLSSocket,
  { host, basePath }: MoatService,
  { endpoint, body }: { readonly endpoint: string; readonly body: Buffer },
  signal: AbortSignal,
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      const words = 'the exchange with the bridge service was cut short'
      reject(signal.aborted ? abortError(signal) : toTorError(error, 'channel-failed', words))
    }
    const request = requestHttp({
      // No agent beside it: one would open a connection of its own.
      createConnection: () => tls,
      method: 'POST',
      path: `${basePath}${endpoint}`,
      setHost: false,
      headers: {
        Host: host,
        'Content-Type': 'application/vnd.api+json',
        'Content-Length': body.length,
        Connection: 'close',
      },
      signal,
    })
    request.on('error', fail)
    request.on('response', (message) => {
      readAnswer(message).then(resolve, fail)
    })
    request.end(body)
  })
}

async function readAnswer(message: IncomingMessage): Promise<Buffer> {
  if (message.statusCode !== 200) {
    message.destroy()
    throw new TorError('channel-failed', `the bridge service answered with HTTP status ${message.statusCode}`)
  }
  const body = new ByteCollector()
  for await (const chunk of message) {
    if (!Buffer.isBuffer(chunk)) throw new TorError('internal', 'a body that is no bytes')
    if (body.length + chunk.length > MAX_ANSWER_BYTES) {
      throw new TorError('limit', `the bridge service answered with more than ${MAX_ANSWER_BYTES} bytes`)
    }
    body.push(chunk)
  }
  return body.take()
}
