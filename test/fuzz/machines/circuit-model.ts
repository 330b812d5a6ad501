/** What a circuit of the client has to make of its relays' messages: a small model of when they must close it. */
import { Command } from './circuit-relays.ts'

const STREAM_WINDOW = 500
const STREAM_INCREMENT = 50

export interface ExitStream {
  readonly id: number
  readonly kind: 'data' | 'resolve'
  state: 'asked' | 'open' | 'ended'
  /** The client has said END, or will. */
  isLeft: boolean
  /** DATA cells sent to the client, and what its SENDMEs allow. */
  sent: number
  window: number
}

/** A relay's message when it comes. */
export interface ModelledMessage {
  readonly command: number
  readonly id: number
  readonly body: Buffer
  readonly isOfLastHop: boolean
  readonly isExtending: boolean
}

export class CircuitModel {
  readonly streams: ExitStream[] = []
  /** Why the circuit has to be closed by now. */
  mustClose: string | undefined
  readonly #hasCongestion: boolean

  constructor(hasCongestion: boolean) {
    this.#hasCongestion = hasCongestion
  }

  /** What the state does not explain closes the circuit (proposal 344). */
  judge(message: ModelledMessage): void {
    const reason = message.id === 0 ? whyBadForCircuit(message) : this.#whyBadForStream(message)
    this.mustClose ??= reason
  }

  /** What the client says at the end of the circuit. */
  noteFromClient(command: number, id: number): void {
    const stream = this.streams.find((candidate) => candidate.id === id)
    if (command === Command.BEGIN || command === Command.RESOLVE) {
      if (stream !== undefined) this.streams.splice(this.streams.indexOf(stream), 1)
      const kind = command === Command.BEGIN ? 'data' : 'resolve'
      this.streams.push({ id, kind, state: 'asked', isLeft: false, sent: 0, window: STREAM_WINDOW })
    } else if (command === Command.END && stream !== undefined) {
      stream.isLeft = true
    } else if (command === Command.SENDME && stream !== undefined) {
      stream.window += STREAM_INCREMENT
    }
  }

  /** A stream id that the client may not use for another stream yet. */
  isInUse(id: number): boolean {
    return this.streams.some((stream) => stream.id === id && stream.state !== 'ended' && !stream.isLeft)
  }

  /** From here on none of them is judged as if it were still wanted. */
  leaveStreams(): void {
    for (const stream of this.streams) stream.isLeft = true
  }

  #whyBadForStream({ command, id, body, isOfLastHop }: ModelledMessage): string | undefined {
    if (!isOfLastHop) return `command ${command} for a stream of an inner hop`
    const { DATA, END, CONNECTED, RESOLVED, SENDME, XON, XOFF } = Command
    const flow: readonly number[] = this.#hasCongestion ? [XON, XOFF] : [SENDME]
    const usual: readonly number[] = [DATA, END, CONNECTED, RESOLVED]
    if (![...usual, ...flow].includes(command)) return `command ${command} for a stream`
    const stream = this.streams.find((candidate) => candidate.id === id)
    if (stream === undefined) return 'a stream that does not exist'
    if (stream.state === 'ended') return 'a stream that the relay has ended'
    if (stream.isLeft) return undefined
    switch (command) {
      case DATA:
        return this.#whyBadData(stream)
      case END:
        if (body.length === 0) return 'END without a reason'
        stream.state = 'ended'
        return undefined
      case CONNECTED:
        if (stream.kind === 'resolve') return 'CONNECTED for a look-up'
        if (stream.state === 'open') return 'CONNECTED twice'
        stream.state = 'open'
        return undefined
      case RESOLVED:
        if (stream.kind === 'data') return 'RESOLVED for a stream with data'
        stream.state = 'ended'
        return undefined
      default:
        return stream.kind === 'resolve' ? 'flow control for a look-up' : undefined
    }
  }

  #whyBadData(stream: ExitStream): string | undefined {
    if (stream.kind === 'resolve') return 'DATA for a look-up'
    if (stream.state === 'asked') return 'DATA before CONNECTED'
    stream.sent++
    return !this.#hasCongestion && stream.sent > stream.window ? 'more DATA than the window' : undefined
  }
}

function whyBadForCircuit({ command, isOfLastHop, isExtending }: ModelledMessage): string | undefined {
  switch (command) {
    case Command.TRUNCATED:
      return 'TRUNCATED'
    case Command.EXTENDED2:
      if (!isOfLastHop) return 'EXTENDED2 of an inner hop'
      return isExtending ? undefined : 'EXTENDED2 that nobody asked for'
    case Command.SENDME:
      // The script cannot know a tag.
      return 'a SENDME without the tag'
    default:
      return `command ${command} without a stream`
  }
}
