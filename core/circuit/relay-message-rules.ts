/**
 * Which messages for the circuit itself (stream id 0) its state explains. Everything else closes the circuit: silently
 * dropping a cell would let a relay signal through us (proposals 344 and 349).
 */
import { RelayCommand, relayCommandName } from '../cell/commands.ts'
import { protocolViolation } from '../util/errors.ts'

export interface CircuitMessageContext {
  /** Index of the hop that sent the message, and of the last hop. */
  readonly hop: number
  readonly lastHop: number
  readonly isExtending: boolean
  /** Whether the circuit is a leg of a conflux set, or is asking to be one. */
  readonly isLeg: boolean
  /** Whether the last hop and we agreed on it. */
  readonly hasCongestionControl: boolean
}

/** Commands that carry a stream id; all others have none (tor-spec 6.1). */
const STREAM_COMMANDS: ReadonlySet<number> = new Set([
  RelayCommand.BEGIN,
  RelayCommand.DATA,
  RelayCommand.END,
  RelayCommand.CONNECTED,
  RelayCommand.RESOLVE,
  RelayCommand.RESOLVED,
  RelayCommand.BEGIN_DIR,
  RelayCommand.XON,
  RelayCommand.XOFF,
])

export type ExpectedCircuitMessage = 'extended2' | 'truncated' | 'sendme' | 'conflux'

/** Says what the message is good for. Throws `protocol-violation` when nothing explains it. */
export function explainCircuitMessage(
  command: number,
  context: CircuitMessageContext,
): ExpectedCircuitMessage {
  const { hop, lastHop, isExtending, isLeg } = context
  if (STREAM_COMMANDS.has(command))
    throw protocolViolation(`${relayCommandName(command)} without a stream id`)
  // Any hop may say that what lies behind it is gone.
  if (command === RelayCommand.TRUNCATED) return 'truncated'
  if (hop === lastHop) {
    if (command === RelayCommand.EXTENDED2 && isExtending) return 'extended2'
    if (command === RelayCommand.SENDME) return 'sendme'
    // LINK and LINKED_ACK only a client sends (proposal 329, 4.2.1).
    if (isLeg && (command === RelayCommand.CONFLUX_LINKED || command === RelayCommand.CONFLUX_SWITCH))
      return 'conflux'
  }
  throw protocolViolation(`unexpected ${relayCommandName(command)} from hop ${hop + 1} of ${lastHop + 1}`)
}

/** Checks a message that has a stream id, before its stream sees it. */
export function checkStreamMessage(command: number, context: CircuitMessageContext): void {
  if (context.hop !== context.lastHop) {
    throw protocolViolation(`${relayCommandName(command)} for a stream from hop ${context.hop + 1}`)
  }
  switch (command) {
    case RelayCommand.DATA:
    case RelayCommand.END:
    case RelayCommand.CONNECTED:
    case RelayCommand.RESOLVED:
      return
    case RelayCommand.SENDME:
      if (!context.hasCongestionControl) return
      throw protocolViolation('a SENDME for a stream, where congestion control is agreed on')
    case RelayCommand.XON:
    case RelayCommand.XOFF:
      if (context.hasCongestionControl) return
      throw protocolViolation(`${relayCommandName(command)} without congestion control`)
    default:
      // The rest only a client sends.
      throw protocolViolation(`unexpected ${relayCommandName(command)} for a stream`)
  }
}
