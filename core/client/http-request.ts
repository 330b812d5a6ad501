/**
 * One HTTP request and its whole answer, for programs that want no more than that. It goes through the agents of this
 * folder alone: redirects stay in the isolation, no cookie is kept, no proxy of the environment is looked at, and
 * nothing is sent that the caller has not said, but what HTTP/1.1 demands.
 */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { abortError, throwIfAborted } from '../util/abort.ts'
import { ByteCollector } from '../util/byte-collector.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type AgentRoute, type AgentTlsOptions, TorHttpAgent, TorHttpsAgent } from './http-agent.ts'

/** Browsers follow 20; nobody's honest chain has more than a few. */
const MAX_REDIRECTS = 5
/** An answer is held in memory: who expects more uses an agent and reads as it comes. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** Statuses that lead elsewhere; the first three turn any other method into GET, as browsers do. */
const REDIRECTS_TO_GET: ReadonlySet<number> = new Set([301, 302, 303])
const REDIRECTS: ReadonlySet<number> = new Set([...REDIRECTS_TO_GET, 307, 308])

/** What belongs to one origin and must not be carried to another. */
const HEADERS_OF_ORIGIN: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization'])

export interface HttpRequestOptions {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  readonly signal?: AbortSignal
  readonly tls?: AgentTlsOptions
  readonly maxRedirects?: number
  readonly maxBodyBytes?: number
}

export interface HttpResponse {
  readonly status: number
  /** By name in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
  /** Where the answer came from, after redirects. */
  readonly url: string
}

interface Step {
  readonly url: URL
  readonly method: string
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array | undefined
}

/**
 * Resolves with the answer, whatever its status. Rejects with `bad-target` for a URL that is not of HTTP, names a user,
 * or leads from HTTPS to HTTP; with `bad-config` for the method CONNECT; with `limit` for too many redirects or too long a
 * body; with `closed` for a server that ends or changes the protocol without an answer; and as the stream does.
 */
export async function requestUrl(
  route: AgentRoute,
  url: string,
  options: HttpRequestOptions = {},
): Promise<HttpResponse> {
  let step = firstStep(url, options)
  for (let redirects = 0; ; redirects++) {
    throwIfAborted(options.signal)
    const message = await send(route, step, options)
    const next = nextStepOf(step, message)
    if (next === undefined) {
      const body = await readBody(message, options)
      return { status: message.statusCode ?? 0, headers: headersOf(message), body, url: step.url.href }
    }
    message.destroy()
    if (redirects >= (options.maxRedirects ?? MAX_REDIRECTS))
      throw new TorError('limit', 'too many redirects')
    step = next
  }
}

function firstStep(url: string, { method = 'GET', headers = {}, body }: HttpRequestOptions): Step {
  if (method.toUpperCase() === 'CONNECT') {
    throw new TorError('bad-config', 'CONNECT has no answer that ends: `connect` opens a stream')
  }
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const)
  return { url: parseUrl(url), method: method.toUpperCase(), headers: new Map(named), body: bytes }
}

function parseUrl(text: string, base?: URL): URL {
  let url: URL
  try {
    url = new URL(text, base)
  } catch {
    throw new TorError('bad-target', 'not a URL')
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new TorError('bad-target', 'only URLs of HTTP and HTTPS can be asked for')
  }
  if (url.username !== '' || url.password !== '') {
    throw new TorError('bad-target', 'a URL with user name and password in it')
  }
  return url
}

/** The body of an answer that leads nowhere is wanted no more than that of one that leads on. */
function nextStepOf(step: Step, message: IncomingMessage): Step | undefined {
  try {
    return nextStep(step, message)
  } catch (error) {
    message.destroy()
    throw error
  }
}

/** Undefined when the answer is where it is. */
function nextStep(step: Step, message: IncomingMessage): Step | undefined {
  const status = message.statusCode ?? 0
  const { location } = message.headers
  if (!REDIRECTS.has(status) || location === undefined) return undefined
  const url = parseUrl(location, step.url)
  if (step.url.protocol === 'https:' && url.protocol === 'http:') {
    throw new TorError('bad-target', 'a redirect from HTTPS to HTTP is not followed: the exit could read it')
  }
  const isSameOrigin = url.origin === step.url.origin
  const becomesGet = REDIRECTS_TO_GET.has(status) && step.method !== 'GET' && step.method !== 'HEAD'
  const kept = [...step.headers].filter(
    ([name]) =>
      (isSameOrigin || !HEADERS_OF_ORIGIN.has(name)) && !(becomesGet && name.startsWith('content-')),
  )
  return {
    url,
    method: becomesGet ? 'GET' : step.method,
    headers: new Map(kept),
    body: becomesGet ? undefined : step.body,
  }
}

function send(
  route: AgentRoute,
  { url, method, headers, body }: Step,
  { signal, tls }: HttpRequestOptions,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const isTls = url.protocol === 'https:'
    const common = {
      method,
      headers: Object.fromEntries(headers),
      hostname: url.hostname,
      port: url.port === '' ? (isTls ? 443 : 80) : Number(url.port),
      path: url.pathname + url.search,
      ...(signal !== undefined && { signal }),
    }
    const request = isTls
      ? requestHttps({ ...common, agent: new TorHttpsAgent(route, tls) })
      : requestHttp({ ...common, agent: new TorHttpAgent(route) })
    request.on('response', resolve)
    request.on('error', (error) => reject(failure(error, signal)))
    // All that comes of a 101: nobody here speaks another protocol, and `http` closes without an error.
    request.on('close', () =>
      reject(new TorError('closed', 'the connection was closed, or left HTTP, before there was an answer')),
    )
    request.end(body)
  })
}

function headersOf(message: IncomingMessage): ReadonlyMap<string, string> {
  const headers = new Map<string, string>()
  for (const [name, value] of Object.entries(message.headers)) {
    if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '))
  }
  return headers
}

async function readBody(
  message: IncomingMessage,
  { maxBodyBytes = MAX_BODY_BYTES, signal }: HttpRequestOptions,
): Promise<Buffer> {
  const body = new ByteCollector()
  try {
    for await (const chunk of message) {
      if (!Buffer.isBuffer(chunk)) throw new TorError('internal', 'a body that is no bytes')
      if (body.length + chunk.length > maxBodyBytes)
        throw new TorError('limit', `the answer is longer than ${maxBodyBytes} bytes`)
      body.push(chunk)
    }
  } catch (error) {
    // Of a stream that failed, `http` only says that it was aborted.
    throw failure(message.socket.errored ?? error, signal)
  } finally {
    // `http` waits until the whole request has left, and a server that has answered need not take the rest of it.
    message.socket.destroy()
  }
  return body.take()
}

function failure(error: unknown, signal: AbortSignal | undefined): TorError {
  return signal?.aborted === true
    ? abortError(signal)
    : toTorError(error, 'closed', 'the HTTP exchange was cut short')
}
