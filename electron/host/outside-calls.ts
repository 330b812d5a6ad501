/**
 * The core host's end of the port to main's browser engine: each question has a number, one answer, and ends with the
 * signal of who asked.
 */
import { TorError } from '../../core/index.ts'
import { type HostRequest, type OutsideAnswer, parseOutsideAnswer } from '../outside/outside-messages.ts'
import type { Port, PortMessage } from '../outside/port.ts'

/** What is asked, without its number. */
export type Question =
  | Omit<Extract<HostRequest, { kind: 'web' }>, 'id'>
  | Omit<Extract<HostRequest, { kind: 'peer' }>, 'id'>

export interface Answered {
  readonly id: number
  readonly answer: Exclude<OutsideAnswer, { kind: 'failed' }>
  readonly ports: readonly Port[]
}

interface Pending {
  readonly resolve: (answered: Answered) => void
  readonly reject: (error: TorError) => void
}

export class OutsideCalls {
  readonly #port: Port
  readonly #pending = new Map<number, Pending>()
  #nextId = 1
  #isClosed = false

  constructor(port: Port) {
    this.#port = port
    port.on('message', ({ data, ports }: PortMessage) => this.#onMessage(data, ports))
    port.once('close', () => this.#onClose())
    port.start()
  }

  /** Where Chromium's connections are taken. */
  sayDoor(port: number, secret: string): void {
    this.#post({ kind: 'door', port, secret })
  }

  /** Rejects with `channel-failed`, or the signal's error. */
  ask(question: Question, signal: AbortSignal): Promise<Answered> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(reasonOf(signal))
      if (this.#isClosed) return reject(goneError())
      const id = this.#nextId++
      const onAbort = (): void => {
        this.#pending.delete(id)
        this.cancel(id)
        reject(reasonOf(signal))
      }
      const settled = (): void => signal.removeEventListener('abort', onAbort)
      signal.addEventListener('abort', onAbort, { once: true })
      this.#pending.set(id, {
        resolve: (answered) => {
          settled()
          resolve(answered)
        },
        reject: (error) => {
          settled()
          reject(error)
        },
      })
      this.#post({ ...question, id })
    })
  }

  /** What was answered with a port lasts until this is said. */
  cancel(id: number): void {
    this.#post({ kind: 'cancel', id })
  }

  #post(message: HostRequest): void {
    if (!this.#isClosed) this.#port.postMessage(message)
  }

  #onMessage(data: unknown, ports: readonly Port[]): void {
    const answer = parseOutsideAnswer(data)
    if (answer === undefined) return
    const pending = this.#pending.get(answer.id)
    this.#pending.delete(answer.id)
    if (pending === undefined) {
      // Nobody waits any more.
      for (const port of ports) port.close()
      return
    }
    if (answer.kind === 'failed') {
      pending.reject(new TorError(answer.error, answer.detail, { retry: 'elsewhere' }))
    } else pending.resolve({ id: answer.id, answer, ports })
  }

  #onClose(): void {
    this.#isClosed = true
    const pending = [...this.#pending.values()]
    this.#pending.clear()
    for (const { reject } of pending) reject(goneError())
  }
}

function goneError(): TorError {
  return new TorError('channel-failed', 'the app has no browser engine for the core any more', {
    retry: 'later',
  })
}

export function reasonOf(signal: AbortSignal): TorError {
  const reason: unknown = signal.reason
  return reason instanceof TorError
    ? reason
    : new TorError('aborted', 'aborted by the caller', { cause: reason })
}
