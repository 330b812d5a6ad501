/**
 * One life of the core host: its calls by id, each with its limit in time, and the watch over whether it still turns.
 * It ends once, by itself or because it fell silent; what was under way is then answered with an error.
 */
import { AppError, CoreError } from '../app-error.ts'
import type { Clock, Timer } from '../clock.ts'
import type { CommandOutcome } from '../ipc/contract.ts'
import { parseFromHost, parseResult } from './parse-from-host.ts'
import type { FromHost, HostArgument, HostMethodName, HostResult, ToHost } from './protocol.ts'

/** The process, as far as it concerns us; `fork-host.ts` makes real ones. */
export interface HostProcess {
  send(message: ToHost): void
  onMessage(listener: (message: unknown) => void): void
  /** Called once, however it ended. */
  onExit(listener: (code: number | undefined) => void): void
  /** At once and without asking it. */
  kill(): void
}

/** How often a host is asked whether it lives. That it has ended the system says at once; this finds one that hangs. */
const TICK_MS = 2_000
/** So many questions without any word are no busy moment any more. */
const SILENT_TICKS = 3
/** A cold disk may take its time until the first word. */
const SILENT_TICKS_AT_START = 10
/** A host says some ten things a second; what came while the computer slept or main stood still comes all at once. */
const MAX_MESSAGES_A_TICK = 2_000

const DEFAULT_CALL_LIMIT_MS = 10_000
/** A check waits for a circuit and for a service far away; a start for the lock and the documents on disk. */
const CALL_LIMITS_MS: Partial<Record<HostMethodName, number>> = {
  start: 30_000,
  stop: 5_000,
  // It may have to wait for the start before it.
  reconfigure: 50_000,
  // The path has a limit of its own.
  'help.ask': 35_000,
  'lists.fetch': 35_000,
  'check.stream': 75_000,
  'check.resolve': 75_000,
  // A new identity may wait ten seconds for its turn.
  'identity.new': 20_000,
}

/** Why a life ended. */
export interface HostEnd {
  readonly reason: 'crashed' | 'silent'
  readonly detail: string
}

export interface HostRunEvents {
  readonly onStatus: (status: Extract<FromHost, { kind: 'status' }>['status']) => void
  readonly onLog: (lines: Extract<FromHost, { kind: 'log' }>['lines']) => void
  readonly onEnd: (end: HostEnd) => void
}

interface PendingCall {
  readonly settle: (outcome: CommandOutcome<unknown>) => void
  readonly timer: Timer
}

export class HostRun {
  readonly #process: HostProcess
  readonly #clock: Clock
  readonly #events: HostRunEvents
  readonly #calls = new Map<number, PendingCall>()
  readonly #waiting: ToHost[] = []
  #nextId = 1
  #isReady = false
  #hasEnded = false
  #heardSinceTick = 0
  #silentTicks = 0
  #tick: Timer
  /** What the process said of its own death. */
  #lastWords: string | undefined

  constructor(process: HostProcess, clock: Clock, events: HostRunEvents) {
    this.#process = process
    this.#clock = clock
    this.#events = events
    this.#tick = clock.setTimer(TICK_MS, () => this.#onTick())
    process.onMessage((message) => this.#receive(message))
    process.onExit((code) => this.#finish({ reason: 'crashed', detail: this.#lastWords ?? exitWords(code) }))
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Rejects with an AppError: of the host's kind, `timeout`, or `core-gone`. */
  call<Name extends HostMethodName>(method: Name, argument: HostArgument<Name>): Promise<HostResult<Name>> {
    if (this.#hasEnded) return Promise.reject(goneError())
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const settle = (outcome: CommandOutcome<unknown>): void => {
        if (!outcome.ok) return reject(new CoreError(outcome.error))
        const result = parseResult(method, outcome.value)
        const malformed = { kind: 'malformed', detail: `what the core answered ${method}` }
        if (result === undefined) reject(new CoreError(malformed))
        else resolve(result.value)
      }
      const timer = this.#clock.setTimer(CALL_LIMITS_MS[method] ?? DEFAULT_CALL_LIMIT_MS, () => {
        this.#calls.delete(id)
        reject(new AppError('timeout', `the core did not answer ${method} in time`))
      })
      this.#calls.set(id, { settle, timer })
      this.#send({ kind: 'call', id, method, argument } as ToHost)
    })
  }

  /** Ends the process without asking it; `onEnd` follows when it is gone, unless it came before. */
  kill(): void {
    this.#process.kill()
  }

  /** Before the host listens nothing is sent: a port without a listener may lose it. */
  #send(message: ToHost): void {
    if (this.#isReady) this.#process.send(message)
    else this.#waiting.push(message)
  }

  #receive(said: unknown): void {
    if (this.#hasEnded) return
    const message = parseFromHost(said)
    if (message === undefined) return this.#distrust('it said what no core says')
    if (++this.#heardSinceTick > MAX_MESSAGES_A_TICK) return this.#distrust('it said too much at once')
    switch (message.kind) {
      case 'ready':
        this.#isReady = true
        for (const waiting of this.#waiting.splice(0)) this.#process.send(waiting)
        return
      case 'reply':
        return this.#onReply(message.id, message.outcome)
      case 'status':
        return this.#events.onStatus(message.status)
      case 'log':
        return this.#events.onLog(message.lines)
      case 'alive':
        return
      case 'crash':
        this.#lastWords = message.detail
        return
    }
  }

  /** It is not, or not any more, what we have started. */
  #distrust(detail: string): void {
    this.#finish({ reason: 'crashed', detail })
    this.#process.kill()
  }

  #onReply(id: number, outcome: CommandOutcome<unknown>): void {
    const call = this.#calls.get(id)
    if (call === undefined) return
    this.#calls.delete(id)
    call.timer.cancel()
    call.settle(outcome)
  }

  /** Counts our own ticks, not time: after the computer slept, or main stood still, the host gets its full patience. */
  #onTick(): void {
    this.#silentTicks = this.#heardSinceTick > 0 ? 0 : this.#silentTicks + 1
    this.#heardSinceTick = 0
    if (this.#silentTicks >= (this.#isReady ? SILENT_TICKS : SILENT_TICKS_AT_START)) {
      this.#finish({
        reason: 'silent',
        detail: `no sign of life for ${(this.#silentTicks * TICK_MS) / 1000} s`,
      })
      this.#process.kill()
      return
    }
    if (this.#isReady) this.#process.send({ kind: 'ask-alive' })
    this.#tick = this.#clock.setTimer(TICK_MS, () => this.#onTick())
  }

  #finish(end: HostEnd): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#tick.cancel()
    const calls = [...this.#calls.values()]
    this.#calls.clear()
    for (const call of calls) {
      call.timer.cancel()
      call.settle({ ok: false, error: { kind: 'core-gone', detail: 'the core ended before it answered' } })
    }
    this.#events.onEnd(end)
  }
}

export function goneError(): AppError {
  return new AppError('core-gone', 'the core does not run')
}

function exitWords(code: number | undefined): string {
  return code === undefined ? 'the process ended' : `the process ended with code ${code}`
}
