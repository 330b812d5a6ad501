/**
 * Logging. A level says what the reader should do: `err` the program cannot go on; `warn` the user should act;
 * `notice` the user would want to know; `info` and `debug` are for finding faults. Keys and stream data are never
 * logged; addresses, names and paths are wrapped in `Sensitive` and shown only when the sink is told to.
 */

export type LogLevel = 'debug' | 'info' | 'notice' | 'warn' | 'err'

/** C tor's log domains, as far as they exist here; they name the part that speaks. */
export type LogDomain =
  | 'general'
  | 'crypto'
  | 'net'
  | 'config'
  | 'fs'
  | 'protocol'
  | 'app'
  | 'control'
  | 'circ'
  | 'edge'
  | 'dir'
  | 'guard'
  | 'channel'
  | 'handshake'
  | 'heartbeat'

/** A value that a log shows only when scrubbing is off. */
export class Sensitive<T extends string | number> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The value itself: only for sinks that were told not to scrub. */
  reveal(): T {
    return this.#value
  }

  toString(): string {
    return '[scrubbed]'
  }

  toJSON(): string {
    return '[scrubbed]'
  }
}

export function sensitive<T extends string | number>(value: T): Sensitive<T> {
  return new Sensitive(value)
}

export type LogPart = string | number | Sensitive<string | number>

export interface LogRecord {
  readonly level: LogLevel
  readonly domain: LogDomain
  readonly parts: readonly LogPart[]
}

export type LogSink = (record: LogRecord) => void

/** A logger bound to one domain. Parts are joined without separators. */
export class Logger {
  readonly #sink: LogSink
  readonly #domain: LogDomain

  constructor(sink: LogSink, domain: LogDomain = 'general') {
    this.#sink = sink
    this.#domain = domain
  }

  in(domain: LogDomain): Logger {
    return new Logger(this.#sink, domain)
  }

  debug(...parts: readonly LogPart[]): void {
    this.#sink({ level: 'debug', domain: this.#domain, parts })
  }

  info(...parts: readonly LogPart[]): void {
    this.#sink({ level: 'info', domain: this.#domain, parts })
  }

  notice(...parts: readonly LogPart[]): void {
    this.#sink({ level: 'notice', domain: this.#domain, parts })
  }

  warn(...parts: readonly LogPart[]): void {
    this.#sink({ level: 'warn', domain: this.#domain, parts })
  }

  err(...parts: readonly LogPart[]): void {
    this.#sink({ level: 'err', domain: this.#domain, parts })
  }
}

/** The text of a record; `reveal` shows what is wrapped as `Sensitive`. */
export function formatLogParts(parts: readonly LogPart[], reveal: boolean): string {
  return parts
    .map((part) => (part instanceof Sensitive ? String(reveal ? part.reveal() : part) : String(part)))
    .join('')
}

export const silentLogger = new Logger(() => {})
