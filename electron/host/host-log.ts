/**
 * The core's log on its way to main: scrubbed, cut to one line each, gathered, and sent a few times a second. A flood
 * loses its middle and says how much, so that neither process drowns in it.
 */
import { type Clock, formatLogParts, type LogLevel, type LogRecord, type Timer } from '../../core/index.ts'
import type { FromHost } from './protocol.ts'
import { scrubText } from './scrub-text.ts'

type LogMessage = Extract<FromHost, { kind: 'log' }>
type HostLogLine = LogMessage['lines'][number]

/** As often as the contract lets lines go on to the window. */
const SEND_EVERY_MS = 250
/** In one batch; more is a flood that nobody reads. */
const MAX_LINES = 500
const MAX_CHARS = 2_000

/** What the person can never see is not worth its work: `debug` is said per stream and circuit. */
const KEPT_LEVELS: ReadonlySet<LogLevel> = new Set(['info', 'notice', 'warn', 'err'])

const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]+/gu

export class HostLog {
  readonly #clock: Clock
  readonly #send: (lines: readonly HostLogLine[]) => void
  #lines: HostLogLine[] = []
  #lost = 0
  #timer: Timer | undefined

  constructor(clock: Clock, send: (lines: readonly HostLogLine[]) => void) {
    this.#clock = clock
    this.#send = send
  }

  readonly sink = ({ level, domain, parts }: LogRecord): void => {
    if (!KEPT_LEVELS.has(level)) return
    if (this.#lines.length >= MAX_LINES) this.#lost++
    else this.#lines.push(this.#line(level, domain, formatLogParts(parts, false)))
    this.#timer ??= this.#clock.setTimer(SEND_EVERY_MS, () => this.flush())
  }

  /** Sends what is there; for the end of the process too. */
  flush(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    if (this.#lines.length === 0) return
    const lines = this.#lines
    if (this.#lost > 0) lines.push(this.#line('warn', 'general', `${this.#lost} more lines came at once`))
    this.#lines = []
    this.#lost = 0
    this.#send(lines)
  }

  #line(level: LogLevel, domain: string, text: string): HostLogLine {
    const shown = scrubText(text.slice(0, MAX_CHARS)).replace(CONTROL, ' ')
    return { atMs: this.#clock.wallMs(), level, domain, text: shown }
  }
}
