/**
 * The core's own HTTPS, for programs without a browser engine: HTTP/1.1 requests one after another, over a connection that
 * is kept while both sides keep it. A front is what is dialled and shown; the URL's own host is told to the front alone.
 */
import type { Duplex } from 'node:stream'
import { codeOrName, TorError, toTorError } from '../../util/errors.ts'
import { throwIfAborted } from '../../util/abort.ts'
import type { Clock, Timer } from '../../util/clock.ts'
import type { WebRequest, WebResponse } from '../outside.ts'
import { waitOnSocket } from '../socket-wait.ts'
import { type HttpAnswer, HttpAnswerReader } from './http-answer.ts'
import type { TlsHello } from './tls-hello.ts'
import { parseFront, parseWebUrl, type WebTarget } from './web-target.ts'
import { openWebTls } from './web-tls.ts'

/** What a request asks; the proxy is the session's own business. */
export type WebQuestion = Omit<WebRequest, 'proxy'>

/** Requests to one server, in sequence. */
export interface WebSession {
  /** As `WebRequester`, which see; the one before must have ended. */
  request(question: WebQuestion, signal: AbortSignal): Promise<WebResponse>
  /** Ends the connection; a request that runs fails. */
  close(): void
}

/** A server that says nothing for this long will not; the longest that a polite one takes is a few seconds. */
const SILENCE_LIMIT_MS = 30_000

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const FIELD_VALUE = /^[\t\x20-\x7e]*$/

export interface WebSessionParts {
  readonly clock: Clock
  readonly dialName: (host: string, port: number, signal: AbortSignal) => Promise<Duplex>
  /** One for the session: a browser shows the same one each time. */
  readonly hello: TlsHello
  readonly roots: readonly string[] | undefined
}

interface OpenConnection {
  readonly socket: Duplex
  /** Scheme, name and port: what it may be used for again. */
  readonly origin: string
  /** Ends the watch over the time in which nothing is asked. */
  readonly stopWatching: () => void
}

export class HttpSession implements WebSession {
  readonly #parts: WebSessionParts
  #idle: OpenConnection | undefined
  #busy: Duplex | undefined
  #isAsking = false
  #isClosed = false

  constructor(parts: WebSessionParts) {
    this.#parts = parts
  }

  async request(question: WebQuestion, signal: AbortSignal): Promise<WebResponse> {
    if (this.#isAsking) throw new TorError('internal', 'a web session serves one request at a time')
    const target = parseWebUrl(question.url)
    const bytes = requestBytes(question, target)
    this.#isAsking = true
    try {
      const server = serverOf(question.front, target)
      const origin = `${server.isTls ? 'https' : 'http'} ${server.name} ${server.port}`
      const socket = this.#takeIdle(origin) ?? (await this.#connect(server, signal))
      this.#busy = socket
      // What happens between two waits is seen by the next one.
      if (socket.listenerCount('error') === 0) socket.on('error', () => {})
      if (this.#isClosed) throw sessionClosed()
      const answer = await exchange(socket, bytes, question, this.#parts.clock, signal)
      if (answer.mayReuse && !this.#isClosed) this.#keep(socket, origin)
      else socket.destroy()
      return { status: answer.status, body: answer.body }
    } catch (error) {
      this.#busy?.destroy()
      throw error
    } finally {
      this.#busy = undefined
      this.#isAsking = false
    }
  }

  close(): void {
    this.#isClosed = true
    this.#idle?.stopWatching()
    this.#idle?.socket.destroy()
    this.#idle = undefined
    this.#busy?.destroy()
  }

  async #connect({ isTls, name, port }: Server, signal: AbortSignal): Promise<Duplex> {
    throwIfAborted(signal)
    const { clock, dialName, hello, roots } = this.#parts
    const socket = await dialName(name, port, signal)
    if (!isTls) return socket
    const question = { serverName: name, proof: { name }, hello, protocol: 'http/1.1', roots } as const
    return openWebTls(socket, question, clock, signal)
  }

  #takeIdle(origin: string): Duplex | undefined {
    const idle = this.#idle
    this.#idle = undefined
    idle?.stopWatching()
    if (idle?.origin === origin && !idle.socket.destroyed) return idle.socket
    idle?.socket.destroy()
    return undefined
  }

  /** While nothing is asked, whatever the server says or does ends the connection. */
  #keep(socket: Duplex, origin: string): void {
    const drop = (): void => {
      stopWatching()
      socket.on('error', () => {})
      socket.destroy()
      if (this.#idle?.socket === socket) this.#idle = undefined
    }
    const events = ['data', 'end', 'error', 'close']
    const stopWatching = (): void => {
      for (const event of events) socket.removeListener(event, drop)
      socket.pause()
    }
    for (const event of events) socket.on(event, drop)
    socket.resume()
    this.#idle = { socket, origin, stopWatching }
  }
}

/** What is dialled. */
interface Server {
  readonly isTls: boolean
  readonly name: string
  readonly port: number
}

function serverOf(front: string | undefined, { isTls, host, port }: WebTarget): Server {
  if (front === undefined) return { isTls, name: host, port }
  const dialled = parseFront(front)
  return { isTls, name: dialled.host, port: dialled.port ?? port }
}

/** Throws `internal` for what is no header. */
function requestBytes({ method, headers, body }: WebQuestion, { hostHeader, path }: WebTarget): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `Host: ${hostHeader}`]
  if (method === 'POST') lines.push(`Content-Length: ${body?.length ?? 0}`)
  for (const [name, value] of headers) {
    if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) {
      throw new TorError('internal', 'a header of a web request is not one')
    }
    lines.push(`${name}: ${value}`)
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return body === undefined ? head : Buffer.concat([head, body])
}

function exchange(
  socket: Duplex,
  request: Buffer,
  { method, maxResponseBytes }: WebQuestion,
  clock: Clock,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  return waitOnSocket(socket, signal, (wait) => {
    const reader = new HttpAnswerReader(method, maxResponseBytes)
    const read = (next: () => HttpAnswer | undefined): void => {
      try {
        const answer = next()
        if (answer === undefined) return
        socket.pause()
        wait.succeed(() => answer)
      } catch (error) {
        wait.fail(toTorError(error, 'channel-failed', "reading the web server's answer"))
      }
    }
    let silence: Timer | undefined
    const awaitBytes = (): void => {
      silence?.cancel()
      silence = clock.setTimer(SILENCE_LIMIT_MS, () => wait.fail(webFailed('the web server does not answer')))
    }
    wait.onEnd(() => silence?.cancel())
    wait.on('data', (bytes: Buffer) => {
      awaitBytes()
      read(() => reader.push(bytes))
    })
    wait.on('end', () => read(() => reader.end()))
    wait.on('error', (error: Error) =>
      wait.fail(webFailed(`the connection to the web server broke: ${codeOrName(error)}`, error)),
    )
    wait.on('close', () => wait.fail(webFailed('the connection to the web server was closed')))
    awaitBytes()
    socket.write(request)
    socket.resume()
  })
}

function sessionClosed(): TorError {
  return new TorError('closed', 'the web session was closed')
}

function webFailed(words: string, cause?: unknown): TorError {
  return new TorError('channel-failed', words, { cause, retry: 'elsewhere' })
}
