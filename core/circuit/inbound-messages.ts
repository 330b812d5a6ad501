/**
 * Walks over a circuit's decrypted batches: SENDMEs that are due leave first, runs of DATA of one stream stay together, and
 * each message goes to whom the circuit's state explains it to. What nothing explains throws; then close the circuit.
 */
import { CELL_BODY_BYTES, RelayCommand } from '../cell/commands.ts'
import { relayCommandAt, relayStreamIdAt } from '../cell/relay-cell.ts'
import type { RelayMessage } from '../cell/relay-message.ts'
import { decodeRelayMessage } from '../cell/relay-message-codec.ts'
import { protocolViolation } from '../util/errors.ts'
import type { CircuitWindows } from './circuit-windows.ts'
import { endOfDataRun, messageBodyAt } from './data-run.ts'
import type { Hop } from './hop.ts'
import type { InboundRun } from './inbound.ts'
import {
  type CircuitMessageContext,
  checkStreamMessage,
  explainCircuitMessage,
} from './relay-message-rules.ts'
import type { StreamSide } from './stream-side.ts'

/** What the messages find of their circuit. */
export interface MessageOwner {
  readonly hops: readonly Hop[]
  readonly windows: CircuitWindows
  readonly isOpen: () => boolean
  readonly isExtending: () => boolean
  /** Whether it is a leg of a conflux set. */
  readonly isLeg: () => boolean
  readonly streams: () => StreamSide
  /** A SENDME is due. */
  readonly sendSendme: (tag: Buffer) => void
  /** A message for the circuit itself that its state explains. */
  readonly onCircuitMessage: (message: RelayMessage) => void
}

export class InboundMessages {
  readonly #owner: MessageOwner

  constructor(owner: MessageOwner) {
    this.#owner = owner
  }

  onRun(run: InboundRun): void {
    const { cells, count, hop } = run
    const owner = this.#owner
    const context = {
      hop,
      lastHop: owner.hops.length - 1,
      isExtending: owner.isExtending(),
      isLeg: owner.isLeg(),
      hasCongestionControl: owner.windows.congestion !== undefined,
    }
    let nextTag = 0
    for (let index = 0; index < count && owner.isOpen(); ) {
      const at = index * CELL_BODY_BYTES
      const command = relayCommandAt(cells, at)
      if (command === RelayCommand.DATA) {
        const end = endOfDataRun(cells, index, count)
        if (hop !== context.lastHop) throw protocolViolation(`DATA from hop ${hop + 1}`)
        nextTag = owner.windows.acknowledge(end - index, run.tags, nextTag, owner.sendSendme)
        if (relayStreamIdAt(cells, at) === 0) throw protocolViolation('DATA without a stream id')
        owner.streams().onData(cells, index, end)
        index = end
      } else {
        this.#onMessage(command, relayStreamIdAt(cells, at), messageBodyAt(cells, at), context)
        index++
      }
    }
  }

  #onMessage(command: number, streamId: number, body: Buffer, context: CircuitMessageContext): void {
    if (streamId === 0) {
      explainCircuitMessage(command, context)
      this.#owner.onCircuitMessage(decodeRelayMessage(command, body))
    } else {
      checkStreamMessage(command, context)
      this.#owner.streams().onMessage(command, streamId, body)
    }
  }
}
