/** A directory network without a network: relays that answer requests as a test says, and count what is left open. */
import { deflateSync } from 'node:zlib'
import type { DirectoryConnection, DirectoryConnector } from '../../../../core/directory/directory-source.ts'
import type { ChannelTarget } from '../../../../core/linkspec/relay-target.ts'
import { fromBase64, toHex } from '../../../../core/util/bytes.ts'
import type { ByteSink, ByteStream } from '../../../../core/util/byte-stream.ts'
import { TorError } from '../../../../core/util/errors.ts'
import { parseMicrodescriptors } from '../../../../core/netdoc/microdescriptor.ts'
import { digestAt } from '../../../../core/directory/microdescriptor-rows.ts'
import { splitCerts } from './live-documents.ts'

/** What a relay does with a request; bytes are sent as they are, head included. */
export type FakeAnswer = Buffer | 'hang' | 'reset' | Drip

/** Sent a byte at each call of `FakeDirectory.drip`, without an end unless there is a rest. */
export interface Drip {
  readonly head: Buffer
  /** Ends the reply; undefined as long as that is not yet to come. */
  readonly rest?: () => Buffer | undefined
}

/** What a relay is: how it answers, or how it fails to be reached. */
export type FakeRelay =
  | ((path: string, headers: ReadonlyMap<string, string>) => FakeAnswer)
  | 'refuses'
  | 'hangs'

export function httpReply(
  status: number,
  body: Buffer | string = '',
  headers: readonly string[] = [],
): Buffer {
  const head = [`HTTP/1.0 ${status} Text`, ...headers, '', ''].join('\r\n')
  return Buffer.concat([Buffer.from(head), typeof body === 'string' ? Buffer.from(body) : body])
}

export function deflated(body: Buffer | string): Buffer {
  const packed = deflateSync(body)
  return httpReply(200, packed, ['Content-Encoding: deflate', `Content-Length: ${packed.length}`])
}

/** Documents that a well-behaved cache holds. */
export interface ServedDocuments {
  readonly consensus: Buffer
  readonly certs: string
  readonly microdescs: string
}

/** A well-behaved cache. */
export function serve(documents: ServedDocuments): (path: string) => FakeAnswer {
  const certs = splitCerts(documents.certs)
  const microdescs = microdescsByDigest(documents.microdescs)
  return (path) => {
    if (path.startsWith('/tor/status-vote/current/consensus-microdesc/')) return deflated(documents.consensus)
    if (path.startsWith('/tor/keys/fp/') || path.startsWith('/tor/keys/fp-sk/')) {
      const found = certs.filter((cert) =>
        path.includes(/^fingerprint ([0-9A-F]{40})$/m.exec(cert)?.[1] ?? '?'),
      )
      return found.length === 0 ? httpReply(404) : deflated(found.join(''))
    }
    if (path.startsWith('/tor/micro/d/')) {
      const digests = path.slice('/tor/micro/d/'.length, -'.z'.length).split('-')
      const found = digests.flatMap((digest) => microdescs.get(toHex(fromBase64(digest))) ?? [])
      return found.length === 0 ? httpReply(404) : deflated(found.join(''))
    }
    return httpReply(400)
  }
}

function microdescsByDigest(text: string): Map<string, string> {
  const bytes = Buffer.from(text)
  const batch = parseMicrodescriptors(bytes)
  return new Map(
    Array.from({ length: batch.count }, (_, row) => [
      toHex(digestAt(batch, row)),
      bytes.toString('utf8', batch.starts[row], batch.ends[row]),
    ]),
  )
}

export class FakeDirectory implements DirectoryConnector {
  /** In order of arrival, `<relay's address> <path>`. */
  readonly requests: string[] = []
  /** Addresses in the order in which a connection was asked for. */
  readonly connects: string[] = []
  /** Bytes of a reply are delivered in pieces of this size. */
  chunkBytes = 1_000
  openConnections = 0
  openStreams = 0
  readonly dripping = new Set<() => void>()
  /** By `host:port` of the first endpoint; the others are `fallback`. */
  readonly relays = new Map<string, FakeRelay>()
  #default: FakeRelay

  constructor(fallback: FakeRelay) {
    this.#default = fallback
  }

  /** Lets every answer that drips send one more byte. */
  drip(): void {
    for (const sendByte of this.dripping) sendByte()
  }

  setDefault(relay: FakeRelay): void {
    this.#default = relay
  }

  async connect(
    target: ChannelTarget,
    signal: AbortSignal,
    onPhase: (phase: 'conn' | 'conn-done') => void = () => {},
  ): Promise<DirectoryConnection> {
    const endpoint = target.endpoints[0]
    const address = `${endpoint?.host ?? '?'}:${endpoint?.port ?? 0}`
    this.connects.push(address)
    onPhase('conn')
    const relay = this.relays.get(address) ?? this.#default
    if (relay === 'refuses') throw new TorError('channel-failed', 'refused')
    if (relay === 'hangs') await rejectOnAbort(signal)
    onPhase('conn-done')
    this.openConnections += 1
    return new FakeConnection(this, address, () => this.relays.get(address) ?? this.#default)
  }
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

class FakeConnection implements DirectoryConnection {
  readonly relayName: string
  readonly #network: FakeDirectory
  readonly #relay: () => FakeRelay
  readonly #streams = new Set<FakeStream>()
  #isOpen = true

  constructor(network: FakeDirectory, address: string, relay: () => FakeRelay) {
    this.#network = network
    this.relayName = address
    this.#relay = relay
  }

  async openDirectoryStream(): Promise<ByteStream> {
    if (!this.#isOpen) throw new TorError('closed', 'the connection is closed')
    this.#network.openStreams += 1
    const stream: FakeStream = new FakeStream(
      this.#network,
      (path, headers) => {
        this.#network.requests.push(`${this.relayName} ${path}`)
        const relay = this.#relay()
        return typeof relay === 'function' ? relay(path, headers) : 'reset'
      },
      () => {
        this.#network.openStreams -= 1
        this.#streams.delete(stream)
      },
    )
    this.#streams.add(stream)
    return stream
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#network.openConnections -= 1
    for (const stream of [...this.#streams])
      stream.destroy(new TorError('circuit-failed', 'the circuit is gone'))
  }
}

function readHeaders(text: string): Map<string, string> {
  const lines = text.split('\r\n').filter((line) => line !== '')
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]))
}

class FakeStream implements ByteStream {
  readonly #network: FakeDirectory
  readonly #chunkBytes: number
  readonly #answer: (path: string, headers: ReadonlyMap<string, string>) => FakeAnswer
  readonly #onClosed: () => void
  #sink: ByteSink | undefined
  #received = ''
  #isOpen = true

  constructor(
    network: FakeDirectory,
    answer: (path: string, headers: ReadonlyMap<string, string>) => FakeAnswer,
    onClosed: () => void,
  ) {
    this.#network = network
    this.#chunkBytes = network.chunkBytes
    this.#answer = answer
    this.#onClosed = onClosed
  }

  setSink(sink: ByteSink): void {
    this.#sink = sink
  }

  resumeReading(): void {}

  write(bytes: Uint8Array): boolean {
    this.#received += Buffer.from(bytes).toString('latin1')
    const request = /^GET (\S+) HTTP\/1\.0\r\n(Host: \S+\r\n(?:[^\r\n]+\r\n)*)\r\n$/
    const [, path, headers = ''] = request.exec(this.#received) ?? []
    if (path !== undefined) this.#reply(this.#answer(path, readHeaders(headers)))
    return true
  }

  flush(): boolean {
    return true
  }

  end(): void {
    throw new Error('a directory request must not half-close its stream')
  }

  destroy(error?: TorError): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#onClosed()
    this.#sink?.onClose(error, true)
  }

  #dripFrom({ head, rest }: Drip): void {
    this.#sink?.onData(head)
    const sendByte = (): void => {
      const end = rest?.()
      if (!this.#isOpen) this.#network.dripping.delete(sendByte)
      else if (end === undefined) this.#sink?.onData(Buffer.from('a'))
      else {
        this.#network.dripping.delete(sendByte)
        this.#sink?.onData(end)
        this.#sink?.onEnd()
      }
    }
    this.#network.dripping.add(sendByte)
  }

  #reply(answer: FakeAnswer): void {
    if (answer === 'hang') return
    if (answer === 'reset') {
      setImmediate(() => this.destroy(new TorError('circuit-failed', 'the relay destroyed the circuit')))
      return
    }
    if (!Buffer.isBuffer(answer)) return this.#dripFrom(answer)
    let offset = 0
    const sendNext = (): void => {
      if (!this.#isOpen) return
      if (offset >= answer.length) {
        // It counts as open until the client is done with it: a test can tell by that when a request is over.
        this.#sink?.onEnd()
        return
      }
      const chunk = answer.subarray(offset, offset + this.#chunkBytes)
      offset += chunk.length
      this.#sink?.onData(Buffer.from(chunk))
      setImmediate(sendNext)
    }
    setImmediate(sendNext)
  }
}
