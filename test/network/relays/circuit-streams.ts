/**
 * The streams of a circuit, or of a conflux set, at the last relay, with their own flow control: windows (tor-spec 7), or
 * XON and XOFF where congestion control was agreed on with the client (proposal 324).
 */
import { RELAY_DATA_MAX_BYTES } from '../../../core/cell/commands.ts'
import { EndReason } from '../../../core/cell/reasons.ts'
import type { BeginMessage, RelayMessage } from '../../../core/cell/relay-message.ts'
import type { NetworkCore } from './network-core.ts'
import type { Relay } from './relay.ts'
import { connectToHost, mayExit, openDirectory, type StreamService } from './stream-services.ts'

const STREAM_WINDOW = 500
const STREAM_INCREMENT = 50
/** What waits for the far end beyond this calls for XOFF: 500 cells of 488 bytes. */
const XOFF_BYTES = 244_000
const RESOLVED_TTL_SECONDS = 60

/** What carries the messages of streams to the client: one circuit, or the legs of a conflux set. */
export interface StreamCarrier {
  readonly hasCongestionControl: boolean
  /** Whether DATA may leave now. */
  readonly maySend: boolean
  send(streamId: number, message: RelayMessage): void
  /** Ends all that it is made of. */
  fail(what: string): void
}

interface RelayStream {
  readonly id: number
  readonly service: StreamService
  /** Cells that may be sent. */
  sendWindow: number
  /** Cells that came and were not acknowledged. */
  received: number
  /** The client said XOFF, and no XON since. */
  isStopped: boolean
  /** We said XOFF, and no XON since. */
  hasStopped: boolean
}

export class CircuitStreams {
  readonly #core: NetworkCore
  readonly #relay: Relay
  readonly #carrier: StreamCarrier
  readonly #streams = new Map<number, RelayStream>()
  #isClosed = false

  constructor(core: NetworkCore, relay: Relay, carrier: StreamCarrier) {
    this.#core = core
    this.#relay = relay
    this.#carrier = carrier
  }

  onMessage(streamId: number, message: RelayMessage): void {
    switch (message.kind) {
      case 'begin':
      case 'begin-dir':
        return this.#begin(streamId, message)
      case 'data':
        return this.#onData(streamId, message.data)
      case 'end':
        return this.#onEnd(streamId)
      case 'sendme':
        return this.#onSendme(streamId)
      case 'xon':
      case 'xoff':
        return this.#onFlow(streamId, message.kind === 'xoff')
      case 'resolve':
        return this.#resolve(streamId, message.name)
      default:
        this.#carrier.fail(`${message.kind} at the end of a circuit`)
    }
  }

  /** Sends what waits, as far as the windows and channels allow; streams take turns. */
  pump(): void {
    const carrier = this.#carrier
    let hasSent = true
    while (hasSent && !this.#isClosed) {
      hasSent = false
      for (const stream of this.#streams.values()) {
        if (!carrier.maySend) return
        if (carrier.hasCongestionControl ? stream.isStopped : stream.sendWindow <= 0) continue
        const data = stream.service.take(RELAY_DATA_MAX_BYTES)
        if (data === undefined) {
          this.#endIfDone(stream)
          continue
        }
        hasSent = true
        carrier.send(stream.id, { kind: 'data', data })
      }
    }
  }

  /** A DATA cell has left for the stream. */
  noteSent(id: number): void {
    const stream = this.#streams.get(id)
    if (stream !== undefined) stream.sendWindow--
  }

  get count(): number {
    return this.#streams.size
  }

  /** Of the stream that was opened last; 0 without one. */
  get newestId(): number {
    return [...this.#streams.keys()].at(-1) ?? 0
  }

  close(): void {
    this.#isClosed = true
    for (const { service } of this.#streams.values()) service.close()
    this.#streams.clear()
  }

  #begin(id: number, message: BeginMessage | { readonly kind: 'begin-dir' }): void {
    const core = this.#core
    const relay = this.#relay
    if (id === 0 || this.#streams.has(id)) return this.#carrier.fail('BEGIN with a stream id that is in use')
    const events = {
      onConnected: (address: string | undefined) => this.#onConnected(id, address),
      onReadable: () => this.pump(),
      onDrained: () => this.#onDrained(id),
      onFailed: (reason: number) => this.#end(id, reason),
    }
    if (message.kind === 'begin-dir') return this.#add(id, openDirectory(core, relay, events))
    if (!mayExit(relay, message.port)) return this.#refuse(id, EndReason.EXITPOLICY)
    const host = core.hosts.find(message.host, message.port)
    if (host === undefined) return this.#refuse(id, EndReason.RESOLVEFAILED)
    this.#add(id, connectToHost(host, events))
  }

  #add(id: number, service: StreamService): void {
    const flow = { sendWindow: STREAM_WINDOW, received: 0, isStopped: false, hasStopped: false }
    this.#streams.set(id, { id, service, ...flow })
    service.open()
  }

  #onConnected(id: number, address: string | undefined): void {
    if (!this.#streams.has(id)) return
    this.#carrier.send(id, { kind: 'connected', address, ttlSeconds: address === undefined ? undefined : 60 })
    this.pump()
  }

  /** DATA after END is what was under way when we ended the stream. */
  #onData(id: number, data: Buffer): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    const isTaken = stream.service.write(data)
    if (this.#carrier.hasCongestionControl) return this.#stopIfFull(stream)
    if (++stream.received > STREAM_WINDOW) return this.#carrier.fail('a stream window was overrun')
    if (isTaken) this.#acknowledge(id)
  }

  #stopIfFull(stream: RelayStream): void {
    if (stream.hasStopped || stream.service.waitingBytes <= XOFF_BYTES) return
    stream.hasStopped = true
    this.#carrier.send(stream.id, { kind: 'xoff' })
  }

  #onDrained(id: number): void {
    if (!this.#carrier.hasCongestionControl) return this.#acknowledge(id)
    const stream = this.#streams.get(id)
    if (stream?.hasStopped !== true) return
    stream.hasStopped = false
    this.#carrier.send(id, { kind: 'xon', kilobytesPerSecond: 0 })
  }

  #onFlow(id: number, isXoff: boolean): void {
    const { hasCongestionControl } = this.#carrier
    if (!hasCongestionControl) return this.#carrier.fail('XON or XOFF without congestion control')
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    if (isXoff && stream.isStopped) return this.#carrier.fail('XOFF twice')
    stream.isStopped = isXoff
    if (!isXoff) this.pump()
  }

  /** Stream SENDMEs are held back while what lies behind takes no more. */
  #acknowledge(id: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    for (; stream.received >= STREAM_INCREMENT; stream.received -= STREAM_INCREMENT) {
      this.#carrier.send(id, { kind: 'sendme', tag: undefined })
    }
  }

  #onEnd(id: number): void {
    this.#streams.get(id)?.service.close()
    this.#streams.delete(id)
  }

  /** Of one stream: those of the circuit are none of ours. */
  #onSendme(id: number): void {
    const carrier = this.#carrier
    if (carrier.hasCongestionControl) return carrier.fail('a SENDME for a stream')
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    stream.sendWindow += STREAM_INCREMENT
    if (stream.sendWindow > STREAM_WINDOW) return carrier.fail('a stream SENDME that was not owed')
    this.pump()
  }

  #resolve(id: number, name: string): void {
    const address = this.#core.hosts.resolve(name)
    const answer =
      address === undefined
        ? ({ kind: 'fatal-error', ttlSeconds: RESOLVED_TTL_SECONDS } as const)
        : ({ kind: 'address', address, ttlSeconds: RESOLVED_TTL_SECONDS } as const)
    this.#carrier.send(id, { kind: 'resolved', answers: [answer] })
  }

  #endIfDone(stream: RelayStream): void {
    if (stream.service.hasEnded) this.#end(stream.id, EndReason.DONE)
  }

  #end(id: number, reason: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    this.#streams.delete(id)
    stream.service.close()
    this.#refuse(id, reason)
  }

  #refuse(id: number, reason: number): void {
    if (this.#isClosed) return
    this.#carrier.send(id, { kind: 'end', reason, address: undefined, ttlSeconds: undefined })
  }
}
