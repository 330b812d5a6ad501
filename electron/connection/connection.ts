/** Runs the state machine: gives it events and time, publishes its view, tells its notices. Owns one timer. */
import type { Clock, Timer } from '../clock.ts'
import type { ConnectionView } from '../ipc/snapshot-connection.ts'
import type { ConnectionPart } from '../parts.ts'
import { TICK_MS } from './connect-limits.ts'
import type { ConnectionEvent, ConnectionNotice } from './connection-event.ts'
import { step } from './connection-machine.ts'
import { type ConnectionModel, dependsOnTime, initialModel } from './connection-model.ts'
import { viewOf } from './connection-view.ts'

export interface ConnectionParts {
  readonly clock: Clock
  readonly hasConnectedBefore: boolean
  readonly publish: (view: ConnectionView) => void
  readonly onNotice: (notice: ConnectionNotice) => void
  /** After each step, for who decides whether another way is to be taken. */
  readonly onStep?: (model: ConnectionModel) => void
}

export class Connection implements ConnectionPart {
  readonly #parts: ConnectionParts
  #model: ConnectionModel
  #view: ConnectionView
  #timer: Timer | undefined

  constructor(parts: ConnectionParts) {
    this.#parts = parts
    this.#model = initialModel(this.#now(), parts.hasConnectedBefore)
    this.#view = viewOf(this.#model)
  }

  get view(): ConnectionView {
    return this.#view
  }

  handle(event: ConnectionEvent): void {
    const { model, notices } = step(this.#model, event, this.#now())
    this.#model = model
    this.#view = viewOf(model)
    this.#parts.publish(this.#view)
    for (const notice of notices) this.#parts.onNotice(notice)
    this.#parts.onStep?.(model)
    this.#watchTime()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /** While off, and connected with nothing to wait for, nothing depends on time, and the processor sleeps. */
  #watchTime(): void {
    if (this.#timer !== undefined || !dependsOnTime(this.#model)) return
    this.#timer = this.#parts.clock.setTimer(TICK_MS, () => {
      this.#timer = undefined
      // What it waited for has come meanwhile.
      if (!dependsOnTime(this.#model)) return
      this.handle({ kind: 'tick' })
    })
  }

  #now(): { readonly wallMs: number; readonly monotonicMs: number } {
    const { clock } = this.#parts
    return { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() }
  }
}
