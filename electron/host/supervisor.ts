/**
 * Keeps the core alive. A host that crashed or fell silent is said to be gone at once and started again after a pause
 * that grows, with the newest configuration and on the same ports: the system proxy and the programs that point at our
 * doors find them closed meanwhile, never somewhere else.
 */
import type { Clock, Timer } from '../clock.ts'
import { AppError } from '../app-error.ts'
import type { CorePart, CoreState } from '../parts.ts'
import { PortMemory } from './port-memory.ts'
import { goneError, type HostEnd, type HostProcess, HostRun } from './host-run.ts'
import type {
  FromHost,
  HostArgument,
  HostConfig,
  HostMethodName,
  HostResult,
  HostStatus,
} from './protocol.ts'

/** The first restart is nearly at once: most crashes do not come twice. */
const FIRST_PAUSE_MS = 250
const MAX_PAUSE_MS = 30_000
/** Who ran so long has recovered: its next crash counts as the first. */
const STABLE_MS = 60_000
/** How long an ended process may take to be gone before stop() goes on without it. */
const EXIT_LIMIT_MS = 2_000

export interface SupervisorDeps {
  readonly spawn: () => HostProcess
  readonly clock: Clock
  readonly onState: (state: CoreState) => void
  readonly onStatus: (status: HostStatus) => void
  readonly onLog: (lines: Extract<FromHost, { kind: 'log' }>['lines']) => void
}

export class Supervisor implements CorePart {
  readonly #deps: SupervisorDeps
  #state: CoreState = { kind: 'stopped' }
  /** Set as long as the core is to run. */
  #config: HostConfig | undefined
  #run: HostRun | undefined
  #restart: Timer | undefined
  #stable: Timer | undefined
  #failures = 0
  readonly #ports = new PortMemory()
  #stopping: Promise<void> | undefined
  #onGone: (() => void) | undefined

  constructor(deps: SupervisorDeps) {
    this.#deps = deps
  }

  get state(): CoreState {
    return this.#state
  }

  async start(config: HostConfig): Promise<void> {
    if (this.#stopping !== undefined) await this.#stopping
    if (this.#config !== undefined) return this.reconfigure(config)
    this.#config = config
    this.#failures = 0
    try {
      await this.#startRun()
    } catch (error) {
      // Whoever asked is told, and decides: a port that is taken does not become free by trying again. A crash is
      // different: the restart is under way, and the doors open then.
      if (this.#config === config && this.#state.kind !== 'gone') await this.stop()
      throw error
    }
  }

  async reconfigure(config: HostConfig): Promise<void> {
    if (this.#config === undefined) return
    this.#config = config
    // Also to one that is starting: it must not begin with what is no longer wanted.
    if (this.#run !== undefined && this.#state.kind !== 'gone') {
      await this.#run.call('reconfigure', this.#ports.forChange(config))
    }
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = undefined
    })
    return this.#stopping
  }

  call<Name extends HostMethodName>(method: Name, argument: HostArgument<Name>): Promise<HostResult<Name>> {
    if (this.#state.kind === 'stopped') {
      return Promise.reject(new AppError('not-connected', 'no core runs, and none is wanted'))
    }
    if (this.#run === undefined || this.#state.kind !== 'running') return Promise.reject(goneError())
    return this.#run.call(method, argument)
  }

  async #startRun(): Promise<void> {
    const config = this.#config
    if (config === undefined) throw new AppError('aborted', 'the core was stopped')
    this.#setState({ kind: 'starting' })
    const run = this.#spawn()
    await run.call('start', this.#ports.forStart(config))
    if (this.#run !== run) throw new AppError('aborted', 'the core was stopped')
    this.#setState({ kind: 'running' })
    this.#stable = this.#deps.clock.setTimer(STABLE_MS, () => {
      this.#failures = 0
    })
  }

  #spawn(): HostRun {
    const run: HostRun = new HostRun(this.#deps.spawn(), this.#deps.clock, {
      onStatus: (status) => {
        if (this.#run === run) this.#onStatus(status)
      },
      onLog: (lines) => this.#deps.onLog(lines),
      onEnd: (end) => this.#onEnd(run, end),
    })
    this.#run = run
    return run
  }

  #onStatus(status: HostStatus): void {
    this.#ports.note(status.proxies)
    this.#deps.onStatus(status)
  }

  #onEnd(run: HostRun, end: HostEnd): void {
    if (this.#run !== run) return
    this.#run = undefined
    this.#stable?.cancel()
    this.#onGone?.()
    if (this.#config !== undefined && this.#stopping === undefined) this.#restartLater(end)
  }

  #restartLater(end: HostEnd): void {
    const pauseMs = Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#failures)
    this.#failures++
    this.#setState({
      kind: 'gone',
      reason: end.reason,
      detail: end.detail,
      count: this.#failures,
      nextMs: this.#deps.clock.wallMs() + pauseMs,
    })
    this.#restart = this.#deps.clock.setTimer(pauseMs, () => {
      this.#restart = undefined
      this.#startRun().catch((error: unknown) => this.#onRestartFailed(error))
    })
  }

  /** A crash while starting has been counted already; here the host lives, or was never born, and has no core. */
  #onRestartFailed(error: unknown): void {
    if (this.#config === undefined || this.#stopping !== undefined || this.#state.kind === 'gone') return
    const run = this.#run
    this.#run = undefined
    run?.kill()
    this.#restartLater({
      reason: 'crashed',
      detail: error instanceof Error ? error.message : 'it could not start',
    })
  }

  async #stop(): Promise<void> {
    this.#config = undefined
    this.#restart?.cancel()
    this.#restart = undefined
    this.#stable?.cancel()
    const run = this.#run
    if (run !== undefined) {
      // Silence and errors alike: it is ended all the same.
      await run.call('stop', undefined).catch(() => undefined)
      await this.#end(run)
    }
    this.#ports.forget()
    this.#setState({ kind: 'stopped' })
  }

  #end(run: HostRun): Promise<void> {
    if (run.hasEnded) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = this.#deps.clock.setTimer(EXIT_LIMIT_MS, () => {
        this.#run = undefined
        resolve()
      })
      this.#onGone = () => {
        timer.cancel()
        this.#onGone = undefined
        resolve()
      }
      run.kill()
    })
  }

  #setState(state: CoreState): void {
    this.#state = state
    this.#deps.onState(state)
  }
}
