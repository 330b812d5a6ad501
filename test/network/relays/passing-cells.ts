/** Cells of later hops on their way through a relay to the client, and what a relay in the middle can do to them. */
import { ChannelCommand } from '../../../core/cell/commands.ts'
import { DestroyReason } from '../../../core/cell/reasons.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import type { PassingFault } from '../faults/fault.ts'
import type { CircuitPort } from './circuit-port.ts'
import type { NetworkCore } from './network-core.ts'
import type { Relay } from './relay.ts'

export interface PassingCellsParts {
  readonly core: NetworkCore
  readonly relay: Relay
  readonly port: CircuitPort
  /** Adds the relay's layer. */
  readonly encrypt: (body: Buffer) => Buffer
  /** A message of the relay's own; without a stream id on the stream that is in use further on. */
  readonly say: (message: RelayMessage, streamId: number | undefined) => void
}

export class PassingCells {
  readonly #parts: PassingCellsParts
  /** It waits for the next one to overtake it. */
  #overtaken: Buffer | undefined
  /** Cells that wait for a slow relay, in order; undefined while it is none. */
  #held: { readonly cell: Buffer; readonly command: number }[] | undefined

  constructor(parts: PassingCellsParts) {
    this.#parts = parts
  }

  pass(body: Buffer, command: number): void {
    const { core, relay, port, encrypt } = this.#parts
    relay.carriedCells++
    if (this.#held !== undefined) return void this.#held.push({ cell: encrypt(body), command })
    const fault = core.faults.due('passing', relay.description.nickname)
    if (fault !== undefined) return this.#spoil(fault, body, command)
    port.sendRelay(encrypt(body), command)
    const overtaken = this.#overtaken
    this.#overtaken = undefined
    if (overtaken !== undefined) port.sendRelay(overtaken)
  }

  #spoil(fault: PassingFault, body: Buffer, command: number): void {
    const { port, encrypt, say } = this.#parts
    switch (fault.do) {
      case 'drop':
        encrypt(body)
        return
      case 'twice': {
        const cell = encrypt(body)
        port.sendRelay(cell, command)
        return port.sendRelay(Buffer.from(cell), command)
      }
      case 'corrupt': {
        const cell = encrypt(body)
        cell.writeUInt8(cell.readUInt8(fault.byte) ^ 1, fault.byte)
        return port.sendRelay(cell, command)
      }
      case 'reorder':
        this.#overtaken = encrypt(body)
        return
      case 'as-relay-early':
        return port.sendRelay(encrypt(body), ChannelCommand.RELAY_EARLY)
      case 'destroy':
        return port.destroy(DestroyReason.INTERNAL)
      case 'close-channel':
        return port.closeChannel()
      case 'say':
        port.sendRelay(encrypt(body), command)
        for (const message of fault.messages) say(message, fault.streamId)
        return
      case 'hold':
        this.#held = [{ cell: encrypt(body), command }]
        this.#parts.core.clock.setTimer(fault.ms, () => this.#release())
    }
  }

  #release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const { cell, command } of held) this.#parts.port.sendRelay(cell, command)
  }
}
