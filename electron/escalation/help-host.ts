/**
 * Where the bridge service is asked from: through Tor by the core that runs, by a front from a process of its own, which
 * is the same program and is never told to start a core; it is ended with the question.
 */
import type { MoatService } from '../../core/index.ts'
import { AppError } from '../app-error.ts'
import type { Clock } from '../clock.ts'
import type { HelpArgument, HelpCall, HelpReply } from '../host/help-protocol.ts'
import { type HostProcess, HostRun } from '../host/host-run.ts'
import type { Settings } from '../ipc/settings.ts'
import type { CorePart } from '../parts.ts'

export interface HelpHostDeps {
  readonly clock: Clock
  readonly spawn: () => HostProcess
  readonly core: Pick<CorePart, 'call'>
  readonly settings: () => Settings
  readonly service: MoatService
}

export class HelpHost {
  readonly #deps: HelpHostDeps
  #run: HostRun | undefined
  #onCancel: (() => void) | undefined

  constructor(deps: HelpHostDeps) {
    this.#deps = deps
  }

  /** Rejects with an AppError. One at a time. */
  ask(argument: HelpArgument): Promise<HelpReply> {
    const { service, settings, core } = this.#deps
    const call: HelpCall = { ...argument, service, upstreamProxy: settings().upstreamProxy }
    const cancelled = new Promise<never>((_, reject) => {
      this.#onCancel = () => reject(new AppError('aborted', 'asking was stopped'))
    })
    const asked = call.path === 'tor' ? core.call('help.ask', call) : this.#askOnOwn(call)
    return Promise.race([asked, cancelled])
  }

  cancel(): void {
    this.#onCancel?.()
    this.#run?.kill()
  }

  async #askOnOwn(call: HelpCall): Promise<HelpReply> {
    const { clock, spawn } = this.#deps
    const nothing = (): void => undefined
    const run = new HostRun(spawn(), clock, { onStatus: nothing, onLog: nothing, onEnd: nothing })
    this.#run = run
    try {
      return await run.call('help.ask', call)
    } finally {
      if (!run.hasEnded) run.kill()
    }
  }
}
