/** A message port as Electron's processes have it, as far as it is used here; tests make their own. */
import type { EventEmitter } from 'node:events'

/** Emits `message` with a `PortMessage`, and `close` once when the other end is gone. */
export interface Port extends EventEmitter {
  postMessage(message: unknown, transfer?: Port[]): void
  /** Nothing comes before it. */
  start(): void
  close(): void
}

export interface PortMessage {
  readonly data: unknown
  readonly ports: readonly Port[]
}

/**
 * The bytes for themselves: a port sends the whole buffer behind an array, and with it whatever else the process keeps
 * there.
 */
export function forPort(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
