/** A relay's neighbour on the client's side. A link to a client and a relay of this process look the same. */
export interface CircuitPort {
  /** A relay cell's body of 509 bytes, which the receiver may keep; `command` is RELAY unless a fault is committed. */
  sendRelay(body: Buffer, command?: number): void
  /** DESTROY: nothing follows in either direction. */
  destroy(reason: number): void
  /** Ends the client's channel, with all circuits on it. */
  closeChannel(): void
  /** False while the client's channel has enough waiting. */
  readonly isWritable: boolean
}
