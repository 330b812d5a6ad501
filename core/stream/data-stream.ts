/**
 * A stream that carries an application's bytes through a circuit's last hop (tor-spec 6.2 and 6.3): to a destination by
 * BEGIN, or to the relay's own directory by BEGIN_DIR.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { RELAY_DATA_MAX_BYTES, CELL_BODY_BYTES, RelayCommand } from '../cell/commands.ts'
import { EndReason } from '../cell/reasons.ts'
import { frameRelayBody, relayBodyOffset } from '../cell/relay-cell.ts'
import {
  type BeginMessage,
  BeginFlag,
  type ConnectedMessage,
  type EndMessage,
  type RelayMessage,
} from '../cell/relay-message.ts'
import type { CircuitStream, DataLengths, HalfClosedAllowance } from '../circuit/circuit-stream.ts'
import type { Tunnel } from '../circuit/tunnel.ts'
import { abortError, throwIfAborted } from '../util/abort.ts'
import type { ByteMeter } from '../util/byte-meter.ts'
import type { ByteSink, ByteStream } from '../util/byte-stream.ts'
import { createDeferred, type Deferred } from '../util/deferred.ts'
import { protocolViolation, TorError } from '../util/errors.ts'
import { isInternalAddress } from '../util/internal-address.ts'
import type { QueueHolder } from '../util/queue-account.ts'
import type { Random } from '../util/random.ts'
import type { StopSignal } from '../util/stop-signal.ts'
import { endErrorBeforeAnswer, endErrorWhenOpen, endsTheCircuit } from './end-reasons.ts'
import { SendBuffer } from './send-buffer.ts'
import { FixedStreamWindows, type FlowOwner, type StreamFlowControl } from './stream-flow-control.ts'
import { heldBy, WaitingData } from './waiting-data.ts'
import { XonXoff } from './xon-xoff.ts'

/** An application is asked to wait above this and may go on below half of it: half a stream window. */
const SEND_HIGH_MARK_BYTES = 128 * 1024
const SEND_LOW_MARK_BYTES = SEND_HIGH_MARK_BYTES / 2

export interface DataStreamDeps {
  readonly random: Random
  /** Whether an exit may say that it connected us to a private address: testing networks only. */
  readonly allowInternalAddresses: boolean
  /** Counts the application's bytes; directory streams go without. */
  readonly meter?: ByteMeter
}

type StreamState = 'connecting' | 'open' | 'closed'

/** What to begin: a destination, or the directory of the last hop. */
export type BeginTarget = BeginMessage | { readonly kind: 'begin-dir' }

export class DataStream implements CircuitStream, ByteStream, FlowOwner, QueueHolder {
  readonly #tunnel: Tunnel
  readonly #begin: BeginTarget
  readonly #deps: DataStreamDeps
  readonly #flow: StreamFlowControl
  readonly #sendBuffer = new SendBuffer()
  readonly #streamId: number
  /** Until the relay has answered: an idle stream keeps as little as it can, for there may be thousands. */
  #connected: Deferred<void> | undefined
  #onClosed: (() => void) | undefined
  #state: StreamState = 'connecting'
  #sink: ByteSink | undefined
  /** What the sink could not take; the flow control bounds it. */
  readonly #waiting = new WaitingData()
  /** Memory of the last chunk that it took, and when, until it is ready for more. */
  #takenBytes = 0
  #takenMs = 0
  /** What the tunnel's account was told. */
  #heldBytes = 0
  #isSinkReady = false
  #isWriterWaiting = false
  /** How much may be left when who waits is told. */
  #drainedBytes = SEND_LOW_MARK_BYTES
  #isEnding = false
  #isDestroyed = false
  /** Set once nothing more will arrive; told to the sink after the last chunk. */
  #finish: { readonly error: TorError | undefined; readonly isAllSent: boolean } | undefined
  #isWriteEndTold = false

  private constructor(tunnel: Tunnel, begin: BeginTarget, deps: DataStreamDeps, connected: Deferred<void>) {
    this.#connected = connected
    this.#tunnel = tunnel
    this.#begin = begin
    this.#deps = deps
    const { congestion } = tunnel
    this.#flow = congestion === undefined ? new FixedStreamWindows(this) : new XonXoff(congestion, this)
    this.#streamId = tunnel.addStream(this)
  }

  /**
   * Begins a stream. Resolves when the relay has answered CONNECTED; rejects with the error that its END stands for,
   * the tunnel's error, or the signal's. Whoever is told by `onBegun` may write at once, right behind BEGIN, and until the
   * answer (optimistic data, proposal 174).
   */
  static async open(
    tunnel: Tunnel,
    begin: BeginTarget,
    deps: DataStreamDeps,
    options: { signal?: StopSignal | undefined; onBegun?: (stream: DataStream) => void } = {},
  ): Promise<DataStream> {
    throwIfAborted(options.signal)
    if (begin.kind === 'begin' && tunnel.hops.length < 2) {
      throw new TorError('internal', 'a circuit of one hop would show the relay who asks for what')
    }
    const connected = createDeferred<void>()
    const stream = new DataStream(tunnel, begin, deps, connected)
    tunnel.sendMessage(stream.#streamId, begin)
    const { signal, onBegun } = options
    onBegun?.(stream)
    const onAbort = (): void => connected.reject(signal === undefined ? undefined : abortError(signal))
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await connected.promise
      return stream
    } catch (error) {
      stream.destroy()
      throw error
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  get cellsToSend(): number {
    const { length } = this.#sendBuffer
    return length === 0 ? 0 : Math.min(Math.ceil(length / RELAY_DATA_MAX_BYTES), this.#flow.sendableCells)
  }

  /**
   * Calls back once when the stream is closed for both directions, whatever the sink still has to read; at once when it
   * is closed already. There is one such listener.
   */
  whenClosed(listener: () => void): void {
    if (this.#state === 'closed') listener()
    else this.#onClosed = listener
  }

  setSink(sink: ByteSink): void {
    this.#sink = sink
    this.resumeReading()
  }

  resumeReading(): void {
    this.#isSinkReady = true
    this.#takenBytes = 0
    this.#deliverWaiting()
    this.#noteHeld()
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state === 'closed' || this.#isEnding) return true
    this.#sendBuffer.append(bytes, this.#tunnel.queues.nowMs())
    this.#noteHeld()
    if (this.#deps.meter !== undefined) this.#deps.meter.writtenBytes += bytes.length
    this.#tunnel.requestSend(this.#streamId)
    this.#isWriterWaiting = this.#sendBuffer.length >= SEND_HIGH_MARK_BYTES
    this.#drainedBytes = SEND_LOW_MARK_BYTES
    return !this.#isWriterWaiting
  }

  flush(): boolean {
    this.#isWriterWaiting = this.#sendBuffer.length > 0
    this.#drainedBytes = 0
    return !this.#isWriterWaiting
  }

  end(): void {
    if (this.#state === 'closed' || this.#isEnding) return
    this.#isEnding = true
    if (this.#sendBuffer.length === 0) this.#endNow(EndReason.DONE)
  }

  destroy(error?: TorError): void {
    this.#waiting.clear()
    this.#isDestroyed = true
    if (this.#state === 'closed') this.#tellFinish()
    else this.#endNow(EndReason.MISC, error)
    this.#noteHeld()
  }

  get oldestMs(): number {
    const takenMs = this.#takenBytes > 0 ? this.#takenMs : Number.POSITIVE_INFINITY
    return Math.min(this.#waiting.oldestMs, this.#sendBuffer.oldestMs, takenMs)
  }

  dropQueued(error: TorError): void {
    // What is lost must not pass for all that there was, where the other end had ended the stream in good order.
    if (this.#finish !== undefined) this.#finish = { ...this.#finish, error: this.#finish.error ?? error }
    this.destroy(error)
  }

  onData(chunk: Buffer, cells: number): void {
    if (this.#state === 'connecting') throw protocolViolation('DATA before CONNECTED')
    this.#flow.onDataReceived(cells)
    if (this.#deps.meter !== undefined) this.#deps.meter.readBytes += chunk.length
    if (this.#isSinkReady && this.#waiting.isEmpty) {
      this.#deliver(chunk, cells)
    } else {
      this.#waiting.push(chunk, cells, this.#tunnel.queues.nowMs())
      this.#noteHeld()
      this.#flow.onDataWaiting(this.#waiting.bytes)
    }
  }

  onMessage(message: RelayMessage): 'open' | 'ended' {
    switch (message.kind) {
      case 'connected':
        this.#onConnected(message)
        return 'open'
      case 'sendme':
        this.#flow.onSendme()
        return 'open'
      case 'xoff':
        this.#flow.onXoff()
        return 'open'
      case 'xon':
        this.#flow.onXon(message.kilobytesPerSecond)
        return 'open'
      case 'end':
        this.#onEnd(message)
        return 'ended'
      default:
        throw protocolViolation(`unexpected ${message.kind} for a data stream`)
    }
  }

  packCells(batch: Buffer, offset: number, maxCells: number, lengths: DataLengths): number {
    const limit = Math.min(maxCells, this.#flow.sendableCells)
    let cells = 0
    let sentBytes = 0
    while (cells < limit && this.#sendBuffer.length > 0) {
      const at = offset + cells * CELL_BODY_BYTES
      const length = lengths.next(this.#sendBuffer.length)
      this.#sendBuffer.take(length, batch, relayBodyOffset(at))
      frameRelayBody(batch, at, RelayCommand.DATA, this.#streamId, length, this.#deps.random)
      cells++
      sentBytes += length
    }
    this.#flow.onDataSent(cells, sentBytes)
    this.#afterPacking()
    return cells
  }

  halfClosedAllowance(): HalfClosedAllowance {
    return { ...this.#flow.stragglers(), connected: this.#state === 'connecting' ? 1 : 0, resolved: 0 }
  }

  sendFlowMessage(message: RelayMessage): void {
    if (this.#state !== 'closed') this.#tunnel.sendMessage(this.#streamId, message)
  }

  resumeSending(): void {
    if (this.cellsToSend > 0) this.#tunnel.requestSend(this.#streamId)
  }

  onCircuitClosed(error: TorError): void {
    this.#close(error)
  }

  #onConnected(message: ConnectedMessage): void {
    if (this.#state !== 'connecting') throw protocolViolation('CONNECTED for a stream that is connected')
    this.#state = 'open'
    const refusal = this.#refuseAnswer(message.address)
    if (refusal === undefined) this.#connected?.resolve()
    else this.#connected?.reject(refusal)
    this.#connected = undefined
  }

  /** tor-spec 6.2: the answer must be an address of a family that we asked for, and not one inside our own network. */
  #refuseAnswer(address: string | undefined): TorError | undefined {
    const begin = this.#begin
    if (begin.kind === 'begin-dir' || address === undefined) return undefined
    if (!this.#deps.allowInternalAddresses && isInternalAddress(address)) {
      return new TorError('bad-target', 'the exit answered with an internal address')
    }
    if (isIPv6(address) ? !mayBeIPv6(begin) : !mayBeIPv4(begin)) {
      return protocolViolation('the exit connected to an address of a family that was not asked for')
    }
    return undefined
  }

  #onEnd(end: EndMessage): void {
    if (this.#state === 'connecting') {
      const error = endErrorBeforeAnswer(end, this.#begin.kind)
      // Thrown, it closes the tunnel, which tells this stream and all others.
      if (endsTheCircuit(end.reason)) throw error
      this.#close(error)
    } else {
      this.#close(endErrorWhenOpen(end.reason))
    }
  }

  #afterPacking(): void {
    if (this.#isWriterWaiting && this.#sendBuffer.length <= this.#drainedBytes) {
      this.#isWriterWaiting = false
      this.#sink?.onDrain()
    }
    if (this.#isEnding && this.#state !== 'closed' && this.#sendBuffer.length === 0)
      this.#endNow(EndReason.DONE)
    this.#noteHeld()
  }

  #deliver(chunk: Buffer, cells: number): void {
    this.#isSinkReady = this.#sink?.onData(chunk) ?? false
    if (!this.#isSinkReady) {
      this.#takenBytes = heldBy(chunk)
      this.#takenMs = this.#tunnel.queues.nowMs()
      this.#noteHeld()
    }
    this.#flow.onDataTaken(cells, chunk.length, this.#waiting.bytes)
  }

  #deliverWaiting(): void {
    while (this.#isSinkReady && this.#sink !== undefined) {
      const next = this.#waiting.shift()
      if (next === undefined) break
      this.#deliver(next.chunk, next.cells)
    }
    this.#tellFinish()
  }

  /** Ends the stream from our side. */
  #endNow(reason: number, error?: TorError): void {
    if (this.#state === 'closed') return
    this.#tunnel.endStream(this.#streamId, reason)
    this.#close(error)
  }

  #close(error: TorError | undefined): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#flow.close()
    const isAllSent = this.#sendBuffer.length === 0
    this.#sendBuffer.clear()
    this.#connected?.reject(error ?? new TorError('closed', 'the stream was closed'))
    this.#connected = undefined
    this.#onClosed?.()
    this.#finish = { error, isAllSent }
    this.#tellFinish()
    this.#noteHeld()
  }

  /** The end is told once, after everything that came before it; who writes cannot wait for who reads. */
  #tellFinish(): void {
    const finish = this.#finish
    const sink = this.#sink
    if (finish === undefined || sink === undefined) return
    if (this.#waiting.isEmpty) {
      this.#finish = undefined
      if (finish.error === undefined && !this.#isDestroyed) sink.onEnd()
      sink.onClose(finish.error, finish.isAllSent)
    } else if (!this.#isWriteEndTold) {
      this.#isWriteEndTold = true
      sink.onWriteEnd?.(finish.error, finish.isAllSent)
    }
  }

  /** Tells the tunnel's account what the stream keeps, if that has changed: nothing once its end was told. */
  #noteHeld(): void {
    const isOver = this.#isDestroyed || (this.#state === 'closed' && this.#finish === undefined)
    const bytes = isOver ? 0 : this.#waiting.memoryBytes + this.#sendBuffer.memoryBytes + this.#takenBytes
    if (bytes === this.#heldBytes) return
    this.#heldBytes = bytes
    this.#tunnel.queues.hold(this, bytes)
  }
}

/** An address has its own family whatever the flags say; a name has those of its flags. */
function mayBeIPv6({ host, flags }: BeginMessage): boolean {
  return isIPv6(host) || (!isIPv4(host) && (flags & BeginFlag.IPV6_OK) !== 0)
}

function mayBeIPv4({ host, flags }: BeginMessage): boolean {
  return isIPv4(host) || (!isIPv6(host) && (flags & BeginFlag.IPV4_NOT_OK) === 0)
}
