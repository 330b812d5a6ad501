/** One setting as somebody wrote it, with the place where it stands; every complaint about it begins with that place. */
import { TorError } from '../util/errors.ts'

export interface TorrcLine {
  /** `+Option` adds to what an earlier source said; `/Option` takes all of it back. */
  readonly mark: 'set' | 'append' | 'clear'
  /** As it was written. */
  readonly name: string
  readonly value: string
  /** `/path/torrc:12`, or `command line`. */
  readonly origin: string
}

const MAX_QUOTED_CHARS = 100

/** Throws `bad-config` as one line: the option, what was expected, what came. */
export function badValue(option: string, expected: string, got: string): never {
  throw new TorError('bad-config', `${option}: expected ${expected}, got ${quoteForMessage(got)}`)
}

/** Text from outside, cut and without control characters, so that a message stays one line of text. */
export function quoteForMessage(text: string): string {
  const shown = text.length > MAX_QUOTED_CHARS ? `${text.slice(0, MAX_QUOTED_CHARS)}...` : text
  return JSON.stringify(shown)
}
