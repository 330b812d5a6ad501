/** Real loopback sockets for the front doors, and short ways to wait for what happens on them. */
import { type Socket, connect } from 'node:net'
import { DEFAULT_APPLICATION_RULES } from '../../../core/proxy/application-rules.ts'
import { DEFAULT_TRAFFIC, type ListenerOptions } from '../../../core/proxy/listener-options.ts'
import { type ListenerDeps, ProxyListener } from '../../../core/proxy/proxy-listener.ts'
import { DEFAULT_ISOLATION } from '../../../core/proxy/request-isolation.ts'
import { systemClock } from '../../../core/util/clock.ts'
import { silentLogger } from '../../../core/util/log.ts'
import type { HandshakeParser, HandshakeStep } from '../../../core/proxy/app-request.ts'
import type { FakeOpener } from './fake-opener.ts'

/** What a test changes of a listener and of what it works with. */
export type ListenChanges = Partial<ListenerOptions> & Partial<ListenerDeps>

export const OPTIONS: ListenerOptions = {
  protocol: 'socks',
  address: { kind: 'tcp', endpoint: { host: '127.0.0.1', port: 0 } },
  isolation: { ...DEFAULT_ISOLATION, sessionGroup: 'test' },
  traffic: DEFAULT_TRAFFIC,
  extendedErrors: false,
  prefersNoAuth: false,
}

export function listen(opener: FakeOpener, changes: ListenChanges = {}): Promise<ProxyListener> {
  const deps = {
    opener,
    clock: systemClock,
    log: silentLogger,
    rules: DEFAULT_APPLICATION_RULES,
  }
  return ProxyListener.listen({ ...OPTIONS, ...changes }, { ...deps, ...changes })
}

/** What a test looks at; of a bulk transfer only `socket.bytesRead` counts. */
const KEPT_BYTES = 4_096

/** An application: collects what it receives. */
export class App {
  readonly socket: Socket
  received = Buffer.alloc(0)
  hasEnded = false
  isClosed = false
  error: NodeJS.ErrnoException | undefined

  constructor(listener: ProxyListener) {
    const { host, port } = listener.endpoint
    this.socket = connect(
      port === 0 ? { path: host, allowHalfOpen: true } : { host, port, allowHalfOpen: true },
    )
    this.socket.on('data', (chunk: Buffer) => {
      if (this.received.length < KEPT_BYTES) this.received = Buffer.concat([this.received, chunk])
    })
    this.socket.on('end', () => {
      this.hasEnded = true
    })
    this.socket.on('error', (error) => {
      this.error = error
    })
    this.socket.on('close', () => {
      this.isClosed = true
    })
  }

  send(bytes: Uint8Array | string): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  }

  sendHex(hex: string): void {
    this.send(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
  }
}

/** Waits, turn by turn, until the condition holds; the test's own timeout is the limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Lets everything that is under way on loopback arrive. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
}

/** Runs a parser over the input in chunks of the given sizes and returns all replies and the last step. */
export function runParser(
  parser: HandshakeParser,
  input: Buffer,
  chunkSizes: readonly number[] = [],
): { replies: string[]; last: HandshakeStep } {
  const replies: string[] = []
  let last: HandshakeStep = { kind: 'need-more' }
  let at = 0
  for (let turn = 0; at < input.length; turn++) {
    const size = chunkSizes.length === 0 ? input.length : (chunkSizes[turn % chunkSizes.length] ?? 1)
    parser.push(input.subarray(at, at + size))
    at += size
    for (;;) {
      last = parser.next()
      if (last.kind !== 'reply') break
      replies.push(last.bytes.toString('hex'))
    }
    if (last.kind === 'need-more') continue
    // What a socket would still bring behind the request.
    if (last.kind === 'request') last = { ...last, rest: Buffer.concat([last.rest, input.subarray(at)]) }
    break
  }
  return { replies, last }
}

export function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex')
}
