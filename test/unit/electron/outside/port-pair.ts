/** Two ends of a message port that a test holds both of. What is said arrives in the next microtask, as a copy. */
import { EventEmitter } from 'node:events'
import type { Port } from '../../../../electron/outside/port.ts'

export class FakePort extends EventEmitter implements Port {
  /** Everything that came, also before `start`. */
  readonly heard: unknown[] = []
  isClosed = false
  other: FakePort | undefined

  say(message: unknown): void {
    this.postMessage(message, [])
  }

  postMessage(message: unknown, transfer: Port[] = []): void {
    if (this.isClosed) return
    const copy: unknown = structuredClone(message)
    queueMicrotask(() => this.other?.deliver(copy, transfer))
  }

  start(): void {}

  close(): void {
    if (this.isClosed) return
    this.isClosed = true
    queueMicrotask(() => this.other?.onOtherClosed())
    this.emit('close')
  }

  deliver(data: unknown, ports: Port[] = []): void {
    if (this.isClosed) return
    this.heard.push(data)
    this.emit('message', { data, ports })
  }

  onOtherClosed(): void {
    if (this.isClosed) return
    this.isClosed = true
    this.emit('close')
  }
}

export function portPair(): [FakePort, FakePort] {
  const [one, other] = [new FakePort(), new FakePort()]
  one.other = other
  other.other = one
  return [one, other]
}

/** After all that is under way has arrived. */
export function arrived(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
