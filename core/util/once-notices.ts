/** Things that the user should hear of once and not with every request: what was said is remembered by its kind. */
import type { Logger, LogPart } from './log.ts'

/** Kinds are our own words and a few port numbers; an application cannot make more of them than this. */
const MAX_KINDS = 256

export class OnceNotices {
  readonly #log: Logger
  readonly #said = new Set<string>()

  constructor(log: Logger) {
    this.#log = log
  }

  /** Warns unless a warning of this kind was given. `kind` must not hold anything that an application chose. */
  warn(kind: string, ...parts: readonly LogPart[]): void {
    if (this.#said.has(kind) || this.#said.size >= MAX_KINDS) return
    this.#said.add(kind)
    this.#log.warn(...parts)
  }
}
