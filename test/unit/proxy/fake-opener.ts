/** A client without a network: it records what a front door asks for and lets the test play the other end. */
import type {
  ResolvedAddress,
  ResolvedName,
  StreamOpener,
  StreamOptions,
} from '../../../core/client/client-port.ts'
import { InitialData } from '../../../core/client/initial-data.ts'
import { parseStreamHost, type StreamHost, type StreamTarget } from '../../../core/client/stream-target.ts'
import { abortable } from '../../../core/util/abort.ts'
import type { ByteSink, ByteStream } from '../../../core/util/byte-stream.ts'
import type { TorError } from '../../../core/util/errors.ts'

export class FakeStream implements ByteStream {
  readonly written: Buffer[] = []
  /** What left before the stream was open. */
  readonly early: Buffer[] = []
  /** Set to false to play a full send buffer. */
  mayWrite = true
  hasEnded = false
  destroyedWith: TorError | undefined | 'not-destroyed' = 'not-destroyed'
  #sink: ByteSink | undefined
  #mayDeliver = true
  readonly #undelivered: Buffer[] = []
  /** What comes behind the bytes, and waits for a sink as they do. */
  readonly #events: ((sink: ByteSink) => void)[] = []
  deliveredBytes = 0

  setSink(sink: ByteSink): void {
    this.#sink = sink
    this.#flush()
  }

  resumeReading(): void {
    this.#mayDeliver = true
    this.#flush()
  }

  write(bytes: Uint8Array): boolean {
    this.written.push(Buffer.from(bytes))
    return this.mayWrite
  }

  flush(): boolean {
    return true
  }

  end(): void {
    this.hasEnded = true
  }

  destroy(error?: TorError): void {
    if (this.destroyedWith === 'not-destroyed') this.destroyedWith = error
  }

  get writtenText(): string {
    return Buffer.concat(this.written).toString('latin1')
  }

  get earlyText(): string {
    return Buffer.concat(this.early).toString('latin1')
  }

  get isHeldBack(): boolean {
    return !this.#mayDeliver
  }

  deliver(chunk: Buffer): void {
    this.#undelivered.push(chunk)
    this.#flush()
  }

  endFromRelay(): void {
    this.#events.push((sink) => sink.onEnd())
    this.#flush()
  }

  closeFromRelay(error?: TorError): void {
    this.#events.push((sink) => sink.onClose(error, true))
    this.#flush()
  }

  /** The other side has ended while some of what it said is still held back. */
  endWriting(): void {
    this.mayWrite = true
    this.#sink?.onWriteEnd?.(undefined, false)
  }

  drain(): void {
    this.mayWrite = true
    this.#sink?.onDrain()
  }

  #flush(): void {
    while (this.#sink !== undefined && this.#mayDeliver) {
      const chunk = this.#undelivered.shift()
      if (chunk === undefined) break
      this.deliveredBytes += chunk.length
      this.#mayDeliver = this.#sink.onData(chunk)
    }
    if (this.#sink === undefined) return
    if (this.#undelivered.length === 0) for (const event of this.#events.splice(0)) event(this.#sink)
  }
}

export interface Asked {
  readonly target: StreamTarget
  readonly options: StreamOptions
}

export class FakeOpener implements StreamOpener {
  readonly asked: Asked[] = []
  readonly resolved: { readonly host: string; readonly options: StreamOptions }[] = []
  /** Streams by request, also those that wait for the gate or failed. */
  readonly begun: FakeStream[] = []
  readonly streams: FakeStream[] = []
  addresses: readonly ResolvedAddress[] = [{ address: '192.0.2.7', family: 'ipv4', ttlSeconds: 60 }]
  names: readonly ResolvedName[] = [{ name: 'name.example', ttlSeconds: 60 }]
  /** Whether new streams have room in their send buffer. */
  mayWrite = true
  /** Set to make the next requests fail. */
  failure: TorError | undefined
  /** Set to make requests wait for it (or for their signal). */
  gate: Promise<void> = Promise.resolve()

  /** Names that addresses stand for, whoever asks. */
  readonly virtualNames = new Map<string, string>()

  /** What MapAddress makes of hosts. */
  readonly mappedHosts = new Map<string, string>()

  nameBehind(host: string): string | undefined {
    return this.virtualNames.get(host)
  }

  destinationOf(asked: StreamHost): StreamHost {
    const { host } = asked
    const instead = this.mappedHosts.get(host) ?? this.virtualNames.get(host)
    return instead === undefined ? asked : parseStreamHost(instead)
  }

  async openStream(target: StreamTarget, options: StreamOptions = {}): Promise<ByteStream> {
    this.asked.push({ target, options })
    const stream = new FakeStream()
    stream.mayWrite = this.mayWrite
    this.begun.push(stream)
    const { initialData } = options
    const data = initialData instanceof InitialData ? initialData : new InitialData(initialData)
    data.leaveOn({ write: (bytes) => stream.early.push(Buffer.from(bytes)) > 0 })
    await abortable(this.gate, options.signal)
    if (this.failure !== undefined) throw this.failure
    this.streams.push(stream)
    return stream
  }

  async resolve(host: string, options: StreamOptions = {}): Promise<readonly ResolvedAddress[]> {
    this.resolved.push({ host, options })
    await abortable(this.gate, options.signal)
    if (this.failure !== undefined) throw this.failure
    return this.addresses
  }

  async resolveAddress(address: string, options: StreamOptions = {}): Promise<readonly ResolvedName[]> {
    this.resolved.push({ host: address, options })
    await abortable(this.gate, options.signal)
    if (this.failure !== undefined) throw this.failure
    return this.names
  }
}
