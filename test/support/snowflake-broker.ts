/**
 * A Snowflake broker on loopback, for the reference's client and proxy and for ours: it hands a client's offer to a proxy
 * that asks, and the proxy's answer back, by POST and through an AMP page. It can be told to misbehave.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The bytes in the last part of an AMP path; undefined for one that is wrong. */
export function decodeAmpPath(path: string): Buffer | undefined {
  const slash = path.lastIndexOf('/')
  return path.startsWith('0') && slash > 0 ? Buffer.from(path.slice(slash + 1), 'base64url') : undefined
}

/** As the reference's broker does it: chunks of 32 characters in `pre` elements. */
export function encodeAmpArmor(message: Buffer): string {
  const chunks = `0${message.toString('base64')}`.match(/.{1,32}/g) ?? []
  return `<!doctype html>\n<html amp>\n<body>\n<pre>\n${chunks.join('\n')}\n</pre>\n</body>\n</html>`
}

/** What a proxy asked with, and how to answer it. */
interface WaitingProxy {
  readonly id: string
  offer(offer: string): void
}

export interface ClientRequest {
  readonly offer: string
  readonly nat: string
  readonly fingerprint: string
  readonly way: 'post' | 'amp'
}

/** How long either side's request is held: the reference's broker waits as long for answers. */
const CLIENT_WAIT_MS = 10_000
const PROXY_WAIT_MS = 5_000

export class SnowflakeBroker {
  readonly requests: ClientRequest[] = []
  /** Proxies' polls, matched or not. */
  polls = 0
  /** Takes the place of the answer. */
  answerInstead: (() => { readonly status: number; readonly body: string } | 'silence') | undefined
  /** Changes what clients are told of the proxy's answer. */
  changeAnswer: (answer: string) => string = (answer) => answer
  readonly #server: Server
  readonly #waiting: WaitingProxy[] = []
  readonly #answers = new Map<string, (answer: string) => void>()
  readonly #timers = new Set<NodeJS.Timeout>()

  private constructor() {
    this.#server = createServer((request, response) => void this.#serve(request, response))
  }

  static async start(port = 0): Promise<SnowflakeBroker> {
    const broker = new SnowflakeBroker()
    await new Promise<void>((resolve) => broker.#server.listen(port, '127.0.0.1', resolve))
    return broker
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`
  }

  get waitingProxies(): number {
    return this.#waiting.length
  }

  close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer)
    this.#server.closeAllConnections()
    return new Promise((resolve) => this.#server.close(() => resolve()))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks).toString()
    const path = request.url ?? ''
    if (path === '/client') return this.#onClient(body, 'post', response)
    if (path === '/proxy') return this.#onProxy(body, response)
    if (path === '/answer') return this.#onAnswer(body, response)
    const [, encoded] = /\/amp\/client\/(.*)$/.exec(path) ?? []
    const message = encoded === undefined ? undefined : decodeAmpPath(encoded)
    if (message === undefined) return void response.writeHead(404).end()
    return this.#onClient(message.toString(), 'amp', response)
  }

  #onClient(body: string, way: ClientRequest['way'], response: ServerResponse): void {
    const instead = this.answerInstead?.()
    if (instead === 'silence') return
    if (instead !== undefined) return void response.writeHead(instead.status).end(instead.body)
    const [version, json = ''] = body.split('\n', 2)
    if (version !== '1.0') return void response.writeHead(400).end()
    const { offer, nat, fingerprint } = JSON.parse(json) as Omit<ClientRequest, 'way'>
    this.requests.push({ offer, nat, fingerprint, way })
    const tell = (answer: object): void => {
      const text = JSON.stringify(answer)
      response.writeHead(200).end(way === 'amp' ? encodeAmpArmor(Buffer.from(text)) : text)
    }
    const proxy = this.#waiting.shift()
    if (proxy === undefined) return tell({ error: 'no snowflake proxies currently available' })
    const timer = this.#after(CLIENT_WAIT_MS, () => {
      this.#answers.delete(proxy.id)
      tell({ error: 'timed out waiting for answer!' })
    })
    this.#answers.set(proxy.id, (answer) => {
      this.#forget(timer)
      tell({ answer: this.changeAnswer(answer) })
    })
    proxy.offer(offer)
  }

  #onProxy(body: string, response: ServerResponse): void {
    this.polls++
    const { Sid: id } = JSON.parse(body) as { Sid: string }
    const timer = this.#after(PROXY_WAIT_MS, () => {
      this.#waiting.splice(this.#waiting.indexOf(proxy), 1)
      response.end(JSON.stringify({ Status: 'no match' }))
    })
    const proxy: WaitingProxy = {
      id,
      offer: (offer) => {
        this.#forget(timer)
        response.end(JSON.stringify({ Status: 'client match', Offer: offer, NAT: 'unknown', RelayURL: '' }))
      },
    }
    response.on('close', () => {
      const at = this.#waiting.indexOf(proxy)
      if (at >= 0) this.#waiting.splice(at, 1)
      this.#forget(timer)
    })
    this.#waiting.push(proxy)
  }

  #onAnswer(body: string, response: ServerResponse): void {
    const { Sid: id, Answer: answer } = JSON.parse(body) as { Sid: string; Answer: string }
    const give = this.#answers.get(id)
    this.#answers.delete(id)
    give?.(answer)
    response.end(JSON.stringify({ Status: give === undefined ? 'client gone' : 'success' }))
  }

  #after(delayMs: number, callback: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      callback()
    }, delayMs)
    this.#timers.add(timer)
    return timer
  }

  #forget(timer: NodeJS.Timeout): void {
    clearTimeout(timer)
    this.#timers.delete(timer)
  }
}
