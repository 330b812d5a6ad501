/** Writes log records as C tor does, `Nov 22 17:00:00.000 [notice] text`, to the console and to files. */
import { closeSync, constants, openSync, truncateSync, writeSync } from 'node:fs'
import type { Clock } from '../util/clock.ts'
import { TorError, toTorError } from '../util/errors.ts'
import { type LogRecord, formatLogParts } from '../util/log.ts'
import { type LogRule, admitsRecord } from './options/log-rule.ts'
import { RepeatLimit } from './repeat-limit.ts'

const PRIVATE_FILE = 0o600
const SECOND_MS = 1_000

/** Writes whole lines; never throws. */
export interface Console {
  stdout(text: string): void
  stderr(text: string): void
}

export interface LogOutputOptions {
  readonly rules: readonly LogRule[]
  /** SafeLogging 0: shows what is otherwise scrubbed. */
  readonly reveals: boolean
  /** LogMessageDomains: each line says which part speaks. */
  readonly showsDomains: boolean
  /** TruncateLogFile: files begin anew, once `beginAnew` says so. */
  readonly truncates: boolean
  /** Times are cut to a multiple of this. */
  readonly granularityMs: number
  readonly clock: Clock
  readonly console: Console
}

interface Target {
  readonly rule: LogRule
  write(line: string): void
  /** Empties what is to begin anew, and returns what had come from here. */
  empty(): string
  close(): void
}

export class LogOutput {
  readonly #options: LogOutputOptions
  readonly #targets: readonly Target[]
  readonly #time = new LogTime()
  readonly #repeats = new RepeatLimit()
  #isLoud = false

  /** Opens the files. Throws `bad-config` when one cannot be opened. */
  constructor(options: LogOutputOptions) {
    this.#options = options
    this.#targets = openTargets(options)
  }

  /**
   * The files are ours to empty: until then another process may still write there. With TruncateLogFile they keep what
   * came from here alone; without it, and a second time, nothing happens.
   */
  beginAnew(): void {
    // Two rules may name one file: all is emptied before anything is written again.
    const kept = this.#targets.map((target) => target.empty())
    for (const [at, target] of this.#targets.entries()) if (kept[at]) target.write(kept[at])
  }

  /** From now on everything of every severity goes to every destination (SIGUSR2). */
  becomeLoud(): void {
    this.#isLoud = true
  }

  get isLoud(): boolean {
    return this.#isLoud
  }

  /** The sink of all loggers. */
  readonly sink = (record: LogRecord): void => {
    const targets = this.#targets.filter(({ rule }) => this.#isLoud || admitsRecord(rule, record))
    if (targets.length === 0) return
    const { clock, granularityMs, reveals, showsDomains } = this.#options
    const domain = showsDomains ? `{${record.domain.toUpperCase()}} ` : ''
    const text = this.#limitRepeats(record, `${domain}${oneLine(formatLogParts(record.parts, reveals))}`)
    if (text === undefined) return
    const wallMs = clock.wallMs()
    const time = this.#time.format(wallMs - (wallMs % granularityMs))
    const line = `${time} [${record.level}] ${text}\n`
    for (const target of targets) target.write(line)
  }

  /** Errors end the program, and who reads debug messages wants them all. */
  #limitRepeats({ level }: LogRecord, text: string): string | undefined {
    if (level === 'err' || level === 'debug') return text
    return this.#repeats.admit(text, this.#options.clock.monotonicMs())
  }

  close(): void {
    for (const target of this.#targets) target.close()
  }
}

/** Formats the local time, once per second: a busy log asks for the same second many times. */
export class LogTime {
  readonly #format = new Intl.DateTimeFormat('en-US', {
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  })
  #second = Number.NaN
  #text = ''

  /** `Nov 22 17:00:00.000`. */
  format(wallMs: number): string {
    const second = Math.floor(wallMs / SECOND_MS)
    if (second !== this.#second) {
      const part = new Map<string, string>()
      for (const { type, value } of this.#format.formatToParts(second * SECOND_MS)) part.set(type, value)
      const [month, day, hour, minute, seconds] = ['month', 'day', 'hour', 'minute', 'second'].map(
        (type) => part.get(type) ?? '',
      )
      this.#text = `${month} ${day} ${hour}:${minute}:${seconds}`
      this.#second = second
    }
    return `${this.#text}.${String(Math.floor(wallMs % SECOND_MS)).padStart(3, '0')}`
  }
}

/** A message stays one line of text, whatever an error that it quotes had in it. */
function oneLine(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Zl}\p{Zp}]/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}

/** All or none: a file that cannot be opened closes those before it. */
function openTargets(options: LogOutputOptions): readonly Target[] {
  const targets: Target[] = []
  try {
    for (const rule of options.rules) targets.push(openTarget(rule, options))
    return targets
  } catch (error) {
    for (const target of targets) target.close()
    throw error
  }
}

function openTarget(rule: LogRule, { console, truncates }: LogOutputOptions): Target {
  const { destination } = rule
  switch (destination.kind) {
    case 'stdout':
      return { rule, write: (line) => console.stdout(line), empty: () => '', close: () => {} }
    case 'stderr':
      return { rule, write: (line) => console.stderr(line), empty: () => '', close: () => {} }
    case 'file':
      return new FileTarget(rule, destination.path, truncates, console)
  }
}

class FileTarget implements Target {
  readonly rule: LogRule
  readonly #path: string
  readonly #console: Console
  #file: number | undefined
  /** What was written here, while the file is still to begin anew. */
  #early: string[] | undefined
  #hasFailed = false

  constructor(rule: LogRule, path: string, truncates: boolean, console: Console) {
    this.rule = rule
    this.#path = path
    this.#console = console
    this.#early = truncates ? [] : undefined
    try {
      const { O_APPEND, O_CREAT, O_WRONLY } = constants
      this.#file = openSync(path, O_APPEND | O_CREAT | O_WRONLY, PRIVATE_FILE)
    } catch (error) {
      const { message } = toTorError(error, 'state', 'the file cannot be opened')
      throw new TorError('bad-config', `Log: ${message}`)
    }
  }

  write(line: string): void {
    this.#early?.push(line)
    if (this.#file === undefined) return
    try {
      // Synchronous, so that the last lines before a crash are there.
      writeSync(this.#file, line)
      this.#hasFailed = false
    } catch (error) {
      // A full disk must not end the program; it is said once.
      if (!this.#hasFailed) {
        this.#console.stderr(`the log file cannot be written: ${toTorError(error).message}\n`)
      }
      this.#hasFailed = true
    }
  }

  empty(): string {
    const early = this.#early
    this.#early = undefined
    if (early === undefined || this.#file === undefined) return ''
    try {
      // By its path: Windows lets nobody cut a file by a handle that may only append.
      truncateSync(this.#path)
      return early.join('')
    } catch {
      // A pipe or a device: it keeps nothing that could be emptied.
      return ''
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file)
    this.#file = undefined
    this.#early = undefined
  }
}
