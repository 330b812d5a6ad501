/** A plugin's lines in our log: scrubbed, and no more of them than a person would read. */
import type { Clock } from '../../util/clock.ts'
import type { LogLevel, LogPart, Logger } from '../../util/log.ts'
import type { PluginSeverity } from './plugin-lines.ts'
import { scrubbedWords } from './plugin-words.ts'

/** In one period; a plugin in trouble says the same again and again. */
const MAX_LINES = 20
const PERIOD_MS = 60_000

/** A program's "error" is no end of ours. */
export const LEVEL_OF_SEVERITY: Readonly<Record<PluginSeverity, Exclude<LogLevel, 'err'>>> = {
  error: 'warn',
  warning: 'warn',
  notice: 'notice',
  info: 'info',
  debug: 'debug',
}

export class PluginLog {
  readonly #log: Logger
  readonly #clock: Clock
  readonly #name: string
  readonly #secrets: readonly string[]
  #periodStartMs = Number.NEGATIVE_INFINITY
  #lines = 0

  /** `name` for people: the transports. */
  constructor(log: Logger, clock: Clock, name: string, secrets: readonly string[]) {
    this.#log = log
    this.#clock = clock
    this.#name = name
    this.#secrets = secrets
  }

  /** Words of ours. */
  note(level: Exclude<LogLevel, 'err'>, words: string): void {
    this.#log[level](`The transport plugin for ${this.#name} ${words}.`)
  }

  /** Words of the plugin's. */
  quote(level: Exclude<LogLevel, 'err'>, message: string): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#periodStartMs >= PERIOD_MS) {
      this.#periodStartMs = nowMs
      this.#lines = 0
    }
    this.#lines++
    if (this.#lines > MAX_LINES) return
    const words: readonly LogPart[] = scrubbedWords(message, this.#secrets)
    this.#log[level](`The transport plugin for ${this.#name} says: `, ...words)
    if (this.#lines === MAX_LINES) this.note('info', 'says so much that the rest of this minute is left out')
  }
}
