/**
 * The core's half of a WebRTC connection that lives in a hidden page: offer and channel of the core's own interface, over
 * the peer's port.
 */
import { type PeerChannel, type PeerOffer, type PeerSink, TorError } from '../../core/index.ts'
import { MAX_UNSENT_BYTES, SEND_WINDOW_BYTES, TAKEN_STEP_BYTES } from '../outside/limits.ts'
import { parseFromPeer, PEER_ENDS, type ToPeer } from '../outside/peer-messages.ts'
import { forPort, type Port, type PortMessage } from '../outside/port.ts'
import { reasonOf } from './outside-calls.ts'

interface Waiting<Value> {
  readonly resolve: (value: Value) => void
  readonly reject: (error: TorError) => void
}

export class HostPeer {
  readonly #port: Port
  /** Called once, however it ended. */
  readonly #onEnd: () => void
  #offering: Waiting<PeerOffer> | undefined
  #accepting: Waiting<PeerChannel> | undefined
  #sink: PeerSink | undefined
  #isOpen = false
  #end: TorError | undefined
  #unsent = 0
  #isFull = false
  #read = 0

  /** Resolves when the offer is there. Rejects with `channel-failed` or the signal's error, closed then. */
  static offer(port: Port, signal: AbortSignal, onEnd: () => void): Promise<PeerOffer> {
    const peer = new HostPeer(port, onEnd)
    return peer.#wait(signal, (waiting) => {
      peer.#offering = waiting
    })
  }

  private constructor(port: Port, onEnd: () => void) {
    this.#port = port
    this.#onEnd = onEnd
    port.on('message', ({ data }: PortMessage) => this.#onMessage(data))
    port.once('close', () => this.#finish(failed(PEER_ENDS.lost)))
    port.start()
  }

  #asOffer(sdp: string): PeerOffer {
    return {
      sdp,
      accept: (answer, sink, signal) => this.#accept(answer, sink, signal),
      close: () => this.#close(),
    }
  }

  #accept(answer: string, sink: PeerSink, signal: AbortSignal): Promise<PeerChannel> {
    if (this.#sink !== undefined) throw new TorError('internal', 'an offer is accepted once')
    this.#sink = sink
    const opened = this.#wait<PeerChannel>(signal, (waiting) => {
      this.#accepting = waiting
    })
    this.#post({ kind: 'answer', sdp: answer })
    return opened
  }

  #wait<Value>(signal: AbortSignal, begin: (waiting: Waiting<Value>) => void): Promise<Value> {
    return new Promise((resolve, reject) => {
      if (this.#end !== undefined) return reject(this.#end)
      const onAbort = (): void => this.#finish(reasonOf(signal))
      if (signal.aborted) {
        reject(reasonOf(signal))
        return onAbort()
      }
      signal.addEventListener('abort', onAbort, { once: true })
      begin({
        resolve: (value) => {
          signal.removeEventListener('abort', onAbort)
          resolve(value)
        },
        reject: (error) => {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        },
      })
    })
  }

  #onMessage(data: unknown): void {
    if (this.#end !== undefined) return
    const message = parseFromPeer(data)
    if (message === undefined) return this.#finish(failed('the window for WebRTC is not to be trusted'))
    if (message instanceof Uint8Array) return this.#receive(message)
    switch (message.kind) {
      case 'offer':
        this.#offering?.resolve(this.#asOffer(message.sdp))
        this.#offering = undefined
        return
      case 'open':
        return this.#open()
      case 'taken':
        return this.#onTaken(message.bytes)
      case 'ended':
        return this.#finish(failed(PEER_ENDS[message.why]))
    }
  }

  #open(): void {
    const accepting = this.#accepting
    if (accepting === undefined) return
    this.#accepting = undefined
    this.#isOpen = true
    accepting.resolve({ send: (message) => this.#send(message), close: () => this.#close() })
  }

  #receive(bytes: Uint8Array): void {
    if (this.#sink === undefined) return this.#finish(failed('the window for WebRTC is not to be trusted'))
    this.#read += bytes.length
    if (this.#read >= TAKEN_STEP_BYTES) {
      this.#post({ kind: 'taken', bytes: this.#read })
      this.#read = 0
    }
    this.#sink.onMessage(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  }

  #send(message: Buffer): boolean {
    if (this.#end !== undefined) return true
    this.#unsent += message.length
    if (this.#unsent > MAX_UNSENT_BYTES) {
      this.#finish(new TorError('limit', 'more was sent to the peer than may wait'))
      return true
    }
    this.#post(forPort(message))
    this.#isFull ||= this.#unsent >= SEND_WINDOW_BYTES
    return !this.#isFull
  }

  #onTaken(bytes: number): void {
    this.#unsent = Math.max(0, this.#unsent - bytes)
    if (!this.#isFull || this.#unsent > SEND_WINDOW_BYTES / 2) return
    this.#isFull = false
    this.#sink?.onDrain()
  }

  /** By ourselves: the sink is told nothing. */
  #close(): void {
    if (this.#end !== undefined) return
    const error = new TorError('closed', 'closed by us')
    this.#sink = undefined
    this.#finish(error)
  }

  #finish(error: TorError): void {
    if (this.#end !== undefined) return
    this.#post({ kind: 'close' })
    this.#end = error
    this.#port.close()
    this.#offering?.reject(error)
    this.#accepting?.reject(error)
    if (this.#isOpen) this.#sink?.onClose(error.message)
    this.#onEnd()
  }

  #post(message: ToPeer): void {
    if (this.#end === undefined) this.#port.postMessage(message)
  }
}

function failed(words: string): TorError {
  return new TorError('channel-failed', words, { retry: 'elsewhere' })
}
