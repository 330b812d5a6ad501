/** A set that has been linked without anybody saying so on the wire: its streams ride on the first leg. */
import type { RelayMessage } from '../../core/cell/relay-message.ts'
import type { Circuit } from '../../core/circuit/circuit.ts'
import type { CircuitStream } from '../../core/circuit/circuit-stream.ts'
import type { CongestionDeps } from '../../core/circuit/circuit-deps.ts'
import type { Hop } from '../../core/circuit/hop.ts'
import type { Tunnel } from '../../core/circuit/tunnel.ts'
import type { TorError } from '../../core/util/errors.ts'
import type { QueueAccount } from '../../core/util/queue-account.ts'

export class FakeSet implements Tunnel {
  readonly id: number
  readonly legs: readonly Circuit[]
  readonly closed: Promise<TorError>
  readonly #first: Circuit

  constructor(legs: readonly Circuit[], id: number) {
    const [first] = legs
    if (first === undefined) throw new Error('a set without legs')
    this.#first = first
    this.legs = legs
    this.id = id
    this.closed = Promise.race(legs.map(({ closed }) => closed))
    void this.closed.then((error) => this.close(error))
  }

  get isOpen(): boolean {
    return this.legs.every(({ isOpen }) => isOpen)
  }

  get closeError(): TorError | undefined {
    return this.legs.find(({ isOpen }) => !isOpen)?.closeError
  }

  get congestion(): CongestionDeps | undefined {
    return this.#first.congestion
  }

  get queues(): QueueAccount {
    return this.#first.queues
  }

  get streamCount(): number {
    return this.#first.streamCount
  }

  get hops(): readonly Hop[] {
    return this.#first.hops
  }

  addStream(stream: CircuitStream): number {
    return this.#first.addStream(stream)
  }

  sendMessage(streamId: number, message: RelayMessage): void {
    this.#first.sendMessage(streamId, message)
  }

  requestSend(streamId: number): void {
    this.#first.requestSend(streamId)
  }

  endStream(streamId: number, reason: number): void {
    this.#first.endStream(streamId, reason)
  }

  close(error?: TorError): void {
    for (const leg of this.legs) leg.close(error)
  }
}
