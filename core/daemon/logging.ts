/** The log of the running program: one logger for everybody, over outputs that a reload replaces. */
import type { Clock } from '../util/clock.ts'
import { Logger } from '../util/log.ts'
import type { Quietness } from './command-line.ts'
import { type Console, LogOutput } from './log-output.ts'
import { defaultLogRules } from './options/log-rule.ts'
import { OPTIONS } from './options/table.ts'
import type { Settings } from './settings.ts'

export class Logging {
  readonly logger: Logger
  readonly #quietness: Quietness
  readonly #clock: Clock
  readonly #console: Console
  #output: LogOutput

  /** Opens the outputs. Throws `bad-config` when a file cannot be opened. */
  constructor(settings: Settings, quietness: Quietness, clock: Clock, console: Console) {
    this.#quietness = quietness
    this.#clock = clock
    this.#console = console
    this.#output = this.open(settings)
    this.logger = new Logger((record) => this.#output.sink(record))
  }

  /** Outputs by these settings, not yet in use: for `use`, or to be closed. Throws `bad-config`. */
  open(settings: Settings): LogOutput {
    return new LogOutput({
      rules: settings.list(OPTIONS.log) ?? defaultLogRules(this.#quietness),
      // "relay" scrubs what a relay would learn of its clients; we are one.
      reveals: settings.single(OPTIONS.safeLogging) !== '1',
      showsDomains: settings.single(OPTIONS.logMessageDomains),
      truncates: settings.single(OPTIONS.truncateLogFile),
      granularityMs: settings.single(OPTIONS.logTimeGranularity),
      clock: this.#clock,
      console: this.#console,
    })
  }

  /** Writes there from now on. What went to the old outputs stays in them, but for TruncateLogFile. */
  use(output: LogOutput): void {
    this.#output.close()
    this.#output = output
    output.beginAnew()
  }

  /** No other process writes to the same files: TruncateLogFile may have its way with those of the start. */
  beginAnew(): void {
    this.#output.beginAnew()
  }

  becomeLoud(): void {
    this.#output.becomeLoud()
  }

  close(): void {
    this.#output.close()
  }
}
