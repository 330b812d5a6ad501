/**
 * The streams of a circuit at its last relay, with the windows of both levels (tor-spec 7): what may be sent, what is
 * owed, and which SENDMEs quote the right cell.
 */
import { RELAY_DATA_MAX_BYTES } from '../../../core/cell/commands.ts'
import { EndReason } from '../../../core/cell/reasons.ts'
import type { BeginMessage, RelayMessage } from '../../../core/cell/relay-message.ts'
import type { NetworkCore } from './network-core.ts'
import type { Relay } from './relay.ts'
import { connectToHost, mayExit, openDirectory, type StreamService } from './stream-services.ts'

const CIRCUIT_WINDOW = 1000
const CIRCUIT_INCREMENT = 100
const STREAM_WINDOW = 500
const STREAM_INCREMENT = 50
const RESOLVED_TTL_SECONDS = 60

export interface CircuitStreamsParts {
  readonly core: NetworkCore
  readonly relay: Relay
  /** Whether the channel to the client takes more. */
  readonly isWritable: () => boolean
  /** Returns the cell's digest tag. */
  readonly send: (streamId: number, message: RelayMessage) => Buffer
  /** Ends the circuit. */
  readonly fail: (what: string) => void
}

interface RelayStream {
  readonly id: number
  readonly service: StreamService
  /** Cells that may be sent. */
  sendWindow: number
  /** Cells that came and were not acknowledged. */
  received: number
}

export class CircuitStreams {
  readonly #parts: CircuitStreamsParts
  readonly #streams = new Map<number, RelayStream>()
  #sendWindow = CIRCUIT_WINDOW
  #sentCells = 0
  #receivedCells = 0
  readonly #owedTags: Buffer[] = []
  #isClosed = false

  constructor(parts: CircuitStreamsParts) {
    this.#parts = parts
  }

  onMessage(streamId: number, message: RelayMessage, tag: Buffer): void {
    switch (message.kind) {
      case 'begin':
      case 'begin-dir':
        return this.#begin(streamId, message)
      case 'data':
        return this.#onData(streamId, message.data, tag)
      case 'end':
        return this.#onEnd(streamId)
      case 'sendme':
        return this.#onSendme(streamId, message.tag)
      case 'resolve':
        return this.#resolve(streamId, message.name)
      default:
        this.#parts.fail(`${message.kind} at the end of a circuit`)
    }
  }

  /** Sends what waits, as far as the windows and the channel allow; streams take turns. */
  pump(): void {
    const { send, isWritable } = this.#parts
    let hasSent = true
    while (hasSent && !this.#isClosed) {
      hasSent = false
      for (const stream of this.#streams.values()) {
        if (this.#sendWindow <= 0 || !isWritable()) return
        if (stream.sendWindow <= 0) continue
        const data = stream.service.take(RELAY_DATA_MAX_BYTES)
        if (data === undefined) {
          this.#endIfDone(stream)
          continue
        }
        hasSent = true
        stream.sendWindow--
        this.#sendWindow--
        const tag = send(stream.id, { kind: 'data', data })
        if (++this.#sentCells % CIRCUIT_INCREMENT === 0) this.#owedTags.push(tag)
      }
    }
  }

  close(): void {
    this.#isClosed = true
    for (const { service } of this.#streams.values()) service.close()
    this.#streams.clear()
  }

  #begin(id: number, message: BeginMessage | { readonly kind: 'begin-dir' }): void {
    const { core, relay, fail } = this.#parts
    if (id === 0 || this.#streams.has(id)) return fail('BEGIN with a stream id that is in use')
    const events = {
      onConnected: (address: string | undefined) => this.#onConnected(id, address),
      onReadable: () => this.pump(),
      onDrained: () => this.#acknowledge(id),
      onFailed: (reason: number) => this.#end(id, reason),
    }
    if (message.kind === 'begin-dir') return this.#add(id, openDirectory(core.directory, relay, events))
    if (!mayExit(relay, message.port)) return this.#refuse(id, EndReason.EXITPOLICY)
    const host = core.hosts.find(message.host, message.port)
    if (host === undefined) return this.#refuse(id, EndReason.RESOLVEFAILED)
    this.#add(id, connectToHost(host, events))
  }

  #add(id: number, service: StreamService): void {
    this.#streams.set(id, { id, service, sendWindow: STREAM_WINDOW, received: 0 })
    service.open()
  }

  #onConnected(id: number, address: string | undefined): void {
    if (!this.#streams.has(id)) return
    this.#parts.send(id, { kind: 'connected', address, ttlSeconds: address === undefined ? undefined : 60 })
    this.pump()
  }

  /** DATA after END is what was under way when we ended the stream. */
  #onData(id: number, data: Buffer, tag: Buffer): void {
    if (++this.#receivedCells % CIRCUIT_INCREMENT === 0) this.#parts.send(0, { kind: 'sendme', tag })
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    if (++stream.received > STREAM_WINDOW) return this.#parts.fail('a stream window was overrun')
    if (stream.service.write(data)) this.#acknowledge(id)
  }

  /** Stream SENDMEs are held back while what lies behind takes no more. */
  #acknowledge(id: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    for (; stream.received >= STREAM_INCREMENT; stream.received -= STREAM_INCREMENT) {
      this.#parts.send(id, { kind: 'sendme', tag: undefined })
    }
  }

  #onEnd(id: number): void {
    this.#streams.get(id)?.service.close()
    this.#streams.delete(id)
  }

  #onSendme(id: number, tag: Buffer | undefined): void {
    if (id !== 0) {
      const stream = this.#streams.get(id)
      if (stream === undefined) return
      stream.sendWindow += STREAM_INCREMENT
      if (stream.sendWindow > STREAM_WINDOW) return this.#parts.fail('a stream SENDME that was not owed')
    } else {
      const owed = this.#owedTags.shift()
      if (owed === undefined || tag === undefined || !tag.equals(owed.subarray(0, tag.length))) {
        return this.#parts.fail('a SENDME with a wrong tag')
      }
      this.#sendWindow += CIRCUIT_INCREMENT
    }
    this.pump()
  }

  #resolve(id: number, name: string): void {
    const address = this.#parts.core.hosts.resolve(name)
    const answer =
      address === undefined
        ? ({ kind: 'fatal-error', ttlSeconds: RESOLVED_TTL_SECONDS } as const)
        : ({ kind: 'address', address, ttlSeconds: RESOLVED_TTL_SECONDS } as const)
    this.#parts.send(id, { kind: 'resolved', answers: [answer] })
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
    this.#parts.send(id, { kind: 'end', reason, address: undefined, ttlSeconds: undefined })
  }
}
