/** Stands for the stream in tests of its flow control, and keeps what the flow control wanted of it. */
import type { RelayMessage } from '../../core/cell/relay-message.ts'
import type { FlowOwner } from '../../core/stream/stream-flow-control.ts'

export class RecordedOwner implements FlowOwner {
  readonly said: RelayMessage[] = []
  resumes = 0

  sendFlowMessage(message: RelayMessage): void {
    this.said.push(message)
  }

  resumeSending(): void {
    this.resumes++
  }
}
