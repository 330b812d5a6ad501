/**
 * The settings from all sources, later sources over earlier ones, and their values by the table of options. A value
 * is read when it is asked for; `verify` reads them all, so that nothing starts with a bad one.
 */
import { TorError, toTorError } from '../util/errors.ts'
import { CONSISTENCY_RULES } from './consistency.ts'
import { explainForeignOption } from './options/foreign.ts'
import type { ListOption, SingleOption } from './options/option.ts'
import { type AnyOption, DEPRECATED_OPTIONS, OPTION_ALIASES, OPTIONS } from './options/table.ts'
import { type TorrcLine, quoteForMessage } from './torrc-line.ts'

const OPTION_BY_NAME: ReadonlyMap<string, AnyOption> = new Map(
  Object.values(OPTIONS).map((option) => [option.name.toLowerCase(), option]),
)

export class Settings {
  readonly #lines: ReadonlyMap<string, readonly TorrcLine[]>
  readonly #warnings: string[]

  private constructor(lines: ReadonlyMap<string, readonly TorrcLine[]>, warnings: string[]) {
    this.#lines = lines
    this.#warnings = warnings
  }

  /**
   * Merges sources, weakest first: C tor's `--defaults-torrc`, the torrc, the command line. An option set by a
   * stronger source hides the weaker one's lines, unless it is marked `+`. Throws `bad-config`.
   */
  static merge(sources: readonly (readonly TorrcLine[])[]): Settings {
    const merged = new Map<string, readonly TorrcLine[]>()
    const warnings: string[] = []
    for (const source of sources) mergeSource(merged, source, warnings)
    return new Settings(merged, warnings)
  }

  /** What the user should know and what is no error; complete once `verify` has run. */
  get warnings(): readonly string[] {
    return this.#warnings
  }

  /** The value of an option of which the last line counts. Throws `bad-config`. */
  single<T>(option: SingleOption<T>): T {
    const line = this.#lineOf(option)
    if (line !== undefined && line.value !== '') return readLine(option, line)
    return this.#isTesting(option.name) ? option.onTestingNetwork : option.byDefault
  }

  /** The values of an option of which all lines count, in order; undefined when there is none. Throws `bad-config`. */
  list<T>(option: ListOption<T>): readonly T[] | undefined {
    const lines = this.#linesOf(option.name).filter((line) => line.value !== '')
    return lines.length === 0 ? undefined : lines.map((line) => readLine(option, line))
  }

  /** What is written for an option, the last of several lines; undefined where nothing is. */
  textOf(name: string): string | undefined {
    const text = this.#linesOf(name).at(-1)?.value
    return text === '' ? undefined : text
  }

  /** The values of an option as `--dump-config` shows them: none, one, or several for a list. Throws `bad-config`. */
  canonical(option: AnyOption): readonly string[] {
    if (option.kind === 'list') {
      const lines = this.#linesOf(option.name).filter((line) => line.value !== '')
      return lines.map((line) => option.canonical(line.value))
    }
    const text = this.#lineOf(option)?.value
    if (text !== undefined && text !== '') return [option.canonical(text)]
    const byDefault = this.defaultText(option)
    return byDefault === undefined ? [] : [byDefault]
  }

  /** The default as `--dump-config` shows it; undefined for what is not set by itself. */
  defaultText(option: AnyOption): string | undefined {
    if (option.kind === 'list') return undefined
    const text = this.#isTesting(option.name) ? option.testingText : option.defaultText
    return text === undefined || text === '' ? text : option.canonical(text)
  }

  /** Reads every value and checks what depends on other options. Throws `bad-config` at the first that is wrong. */
  verify(): void {
    for (const option of Object.values(OPTIONS)) {
      for (const line of this.#linesOf(option.name)) {
        if (line.value === '') continue
        checkLine(option, line)
        const warning = option.warn?.(line.value)
        if (warning !== undefined) this.#warnings.push(`${line.origin}: ${option.name} ${warning}`)
        else if (DEPRECATED_OPTIONS.includes(option.name)) {
          this.#warnings.push(`${line.origin}: ${option.name} is out of use`)
        }
      }
    }
    for (const rule of CONSISTENCY_RULES) {
      if (!rule.isBroken(this)) continue
      const { option, message } = rule
      fail(this.#linesOf(option).at(-1), typeof message === 'string' ? message : message(this))
    }
    const isTesting = this.single(OPTIONS.testingTorNetwork)
    for (const option of Object.values(OPTIONS)) {
      const line = this.#linesOf(option.name).at(-1)
      if (option.isTestingOnly && line !== undefined && !isTesting) {
        fail(line, `${option.name}: expected TestingTorNetwork 1 beside it: it is for testing networks only`)
      }
    }
  }

  /** The line that counts, or all of them as one. */
  #lineOf({ name, joinsLines }: Pick<SingleOption<unknown>, 'name' | 'joinsLines'>): TorrcLine | undefined {
    const lines = this.#linesOf(name)
    const last = lines.at(-1)
    if (last === undefined || !joinsLines) return last
    const values = lines.map(({ value }) => value).filter((value) => value !== '')
    return { ...last, value: values.join(',') }
  }

  #isTesting(name: string): boolean {
    return name !== OPTIONS.testingTorNetwork.name && this.single(OPTIONS.testingTorNetwork)
  }

  #linesOf(name: string): readonly TorrcLine[] {
    return this.#lines.get(name) ?? []
  }
}

/** `merged` is keyed by the option's proper name. */
function mergeSource(
  merged: Map<string, readonly TorrcLine[]>,
  source: readonly TorrcLine[],
  warnings: string[],
): void {
  const seen = new Set<string>()
  for (const line of source) {
    const option = findOption(line)
    const earlier = merged.get(option.name) ?? []
    const isFirst = !seen.has(option.name)
    seen.add(option.name)
    if (line.mark === 'clear') merged.set(option.name, [])
    else if (line.mark === 'append' || !isFirst) merged.set(option.name, [...earlier, line])
    else merged.set(option.name, [line])
    if (line.mark !== 'clear') warnAboutLine(option, line, isFirst, warnings)
  }
}

function warnAboutLine(option: AnyOption, line: TorrcLine, isFirst: boolean, warnings: string[]): void {
  if (option.kind === 'single' && !option.joinsLines && !isFirst) {
    warnings.push(`${line.origin}: ${option.name} is set more than once: the last value counts`)
  }
  if (line.value === '') warnings.push(`${line.origin}: ${option.name} has no value: the line does nothing`)
}

function findOption(line: TorrcLine): AnyOption {
  const lower = line.name.toLowerCase()
  const option = OPTION_BY_NAME.get((OPTION_ALIASES.get(lower) ?? lower).toLowerCase())
  if (option === undefined) fail(line, `${printableName(line.name)} ${explainForeignOption(line.name)}`)
  return option
}

function printableName(name: string): string {
  return /^[A-Za-z0-9_]{1,60}$/.test(name) ? name : quoteForMessage(name)
}

function checkLine(option: AnyOption, line: TorrcLine): void {
  readLine<unknown>(option, line)
}

function readLine<T>(option: SingleOption<T> | ListOption<T>, line: TorrcLine): T {
  try {
    return option.parse(line.value, option.name)
  } catch (error) {
    return fail(line, toTorError(error).message)
  }
}

function fail(line: TorrcLine | undefined, message: string): never {
  throw new TorError('bad-config', line === undefined ? message : `${line.origin}: ${message}`)
}
