/** Drives the state machine of the connection in tests: every call is an event, and time passes only when told to. */
import type {
  ConnectionEvent,
  ConnectionEvidence,
  ConnectionNotice,
} from '../../../../electron/connection/connection-event.ts'
import { step } from '../../../../electron/connection/connection-machine.ts'
import { type ConnectionModel, initialModel } from '../../../../electron/connection/connection-model.ts'
import { viewOf } from '../../../../electron/connection/connection-view.ts'
import type { AttemptWay, ConnectionView } from '../../../../electron/ipc/snapshot-connection.ts'

export const WALL_START_MS = Date.UTC(2026, 10, 22)

export const NOTHING_YET: ConnectionEvidence = {
  phase: 'starting',
  progress: undefined,
  blockage: undefined,
  isConnected: false,
  verifiedMs: undefined,
  clockAheadMs: undefined,
  network: 'unknown',
}

export const BRIDGES: AttemptWay = { kind: 'bridges', transports: ['vanilla'], count: 2 }

export class MachineRig {
  readonly notices: ConnectionNotice[] = []
  model: ConnectionModel
  #nowMs = 0
  #evidence: ConnectionEvidence = NOTHING_YET

  constructor(hasConnectedBefore = false) {
    this.model = initialModel(this.#moment(), hasConnectedBefore)
  }

  get view(): ConnectionView {
    return viewOf(this.model)
  }

  get lastAttempt(): ConnectionView['attempts'][number] {
    const last = this.view.attempts.at(-1)
    if (last === undefined) throw new Error('no attempt yet')
    return last
  }

  send(event: ConnectionEvent): this {
    const result = step(this.model, event, this.#moment())
    this.model = result.model
    this.notices.push(...result.notices)
    return this
  }

  /** Ticks every second, as the watchdog does. */
  wait(ms: number): this {
    for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
      this.#nowMs += Math.min(leftMs, 1_000)
      this.send({ kind: 'tick' })
    }
    return this
  }

  /** Time in which nobody looked, as with a closed lid. */
  sleep(ms: number): this {
    this.#nowMs += ms
    return this.send({ kind: 'tick' })
  }

  /** Wanted, and the core runs. */
  start(): this {
    this.send({ kind: 'wanted', isWanted: true })
    this.send({ kind: 'core', state: { kind: 'starting' } })
    return this.send({ kind: 'core', state: { kind: 'running' } })
  }

  status(change: Partial<ConnectionEvidence>): this {
    this.#evidence = { ...this.#evidence, ...change }
    return this.send({ kind: 'status', status: this.#evidence })
  }

  connect(): this {
    this.start()
    return this.status({
      phase: 'done',
      network: 'up',
      isConnected: true,
      blockage: undefined,
      verifiedMs: this.#moment().wallMs,
    })
  }

  crash(): this {
    this.#evidence = NOTHING_YET
    const nextMs = WALL_START_MS + this.#nowMs + 1_000
    return this.send({
      kind: 'core',
      state: { kind: 'gone', reason: 'crashed', detail: 'exit code 6', count: 1, nextMs },
    })
  }

  proxy(state: ConnectionModel['proxy']['state'], isWanted = true): this {
    return this.send({ kind: 'system-proxy', view: { isWanted, state } })
  }

  /** What main does after `connection.stop`. */
  stop(): this {
    this.send({ kind: 'wanted', isWanted: false })
    this.send({ kind: 'restoring', isRestoring: true })
    this.send({ kind: 'core', state: { kind: 'stopped' } })
    return this.send({ kind: 'restoring', isRestoring: false })
  }

  #moment(): { readonly wallMs: number; readonly monotonicMs: number } {
    return { wallMs: WALL_START_MS + this.#nowMs, monotonicMs: this.#nowMs }
  }
}

export function blockage(
  kind: string,
  cause?: 'clock-skew' | 'no-network' | 'blocked',
  failures = 3,
): NonNullable<ConnectionEvidence['blockage']> {
  return { kind, detail: `${kind} in a test`, failures, sinceMs: WALL_START_MS, cause }
}
