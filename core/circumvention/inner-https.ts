/**
 * One HTTPS request within a stream that leads to the bridge service: TLS with its own certificate, one question, one
 * answer, and the end. It opens no connection by itself.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import type { Duplex } from 'node:stream'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { waitOnSocket } from '../transport/socket-wait.ts'
import { abortError } from '../util/abort.ts'
import { ByteCollector } from '../util/byte-collector.ts'
import { codeOrName, isTorError, TorError, toTorError } from '../util/errors.ts'
import { MAX_ANSWER_BYTES } from './moat-answer.ts'
import type { MoatService } from './moat-targets.ts'

/** Rejects as `askMoat` says. The stream is destroyed in any case. */
export async function postWithin(
  stream: Duplex,
  service: MoatService,
  question: { readonly endpoint: string; readonly body: Buffer },
  signal: AbortSignal,
): Promise<Buffer> {
  const tls = await startTls(stream, service, signal)
  try {
    return await exchange(tls, service, question, signal)
  } finally {
    tls.destroy()
    stream.destroy()
  }
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
  const code = codeOrName(error)
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
