/**
 * What exits have refused lately, so that the next request does not ask the same exit the same again. Forgotten soon and
 * bounded. That an exit is out of resources concerns everybody; that it refused a target stays with the identity that
 * asked, for it would tell the next one where that wanted to go.
 */
import type { IsolationKey } from '../circuit-manager/isolation.ts'
import type { RsaIdentity } from '../linkspec/relay-ids.ts'
import type { Clock } from '../util/clock.ts'

/** Exits hibernate for long and lack resources for minutes; C tor stops until the next descriptor. */
const REFUSES_ALL_MS = 600_000
const REFUSES_TARGET_MS = 600_000

/** The oldest goes first. Far more than the exits that one person meets in ten minutes. */
const MAX_NOTES = 1_024

/** Most requests meet exits that have refused nothing. */
const NOBODY: ReadonlySet<RsaIdentity> = new Set()

interface Note {
  readonly exit: RsaIdentity
  readonly untilMs: number
}

export class ExitNotes {
  readonly #clock: Clock
  /** By exit, and by isolation, target and exit; in the order of their making. */
  readonly #overloaded = new Map<RsaIdentity, Note>()
  readonly #refused = new Map<string, Note & { readonly scope: string }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The exit takes no streams at all for now. */
  noteRefusesAll(exit: RsaIdentity): void {
    this.#overloaded.delete(exit)
    this.#overloaded.set(exit, { exit, untilMs: this.#clock.monotonicMs() + REFUSES_ALL_MS })
    trim(this.#overloaded)
  }

  /** The exit's policy forbids this target, `host:port`. */
  noteRefusesTarget(exit: RsaIdentity, isolation: IsolationKey, target: string): void {
    const scope = scopeOf(isolation, target)
    const key = `${exit} ${scope}`
    this.#refused.delete(key)
    this.#refused.set(key, { exit, scope, untilMs: this.#clock.monotonicMs() + REFUSES_TARGET_MS })
    trim(this.#refused)
  }

  /** The exits that a request for this target had better not ask. */
  exitsToAvoid(isolation: IsolationKey, target: string): ReadonlySet<RsaIdentity> {
    if (this.#overloaded.size + this.#refused.size === 0) return NOBODY
    const nowMs = this.#clock.monotonicMs()
    const scope = scopeOf(isolation, target)
    const avoided = new Set<RsaIdentity>()
    for (const { exit, untilMs } of this.#overloaded.values()) if (untilMs > nowMs) avoided.add(exit)
    for (const note of this.#refused.values()) {
      if (note.untilMs > nowMs && note.scope === scope) avoided.add(note.exit)
    }
    return avoided
  }

  clear(): void {
    this.#overloaded.clear()
    this.#refused.clear()
  }
}

function scopeOf(isolation: IsolationKey, target: string): string {
  return `${target.length}:${target} ${isolation}`
}

function trim(notes: Map<unknown, unknown>): void {
  const [oldest] = notes.keys()
  if (notes.size > MAX_NOTES) notes.delete(oldest)
}
