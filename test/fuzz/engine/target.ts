/** What is fuzzed: a reader of foreign bytes or a state machine, where its inputs begin, and how it may end. */
import type { ErrorKind } from '../../../core/util/errors.ts'

export interface FuzzTarget {
  /** In kebab case: it is a folder of the corpus too. */
  readonly name: string
  /** What the mutations are made for: `text` adds changes of lines, words and numbers to those of bytes. */
  readonly form: 'binary' | 'text'
  /** Real material to begin with; made on demand, for some of it is expensive. */
  readonly seeds: () => readonly (Uint8Array | string)[]
  /** Words of the format that chance would not find. */
  readonly words?: readonly (Uint8Array | string)[]
  /** The kinds of `TorError` by which it may refuse an input. Any other error is a finding. */
  readonly mayThrow: readonly ErrorKind[]
  /** No input is longer. */
  readonly maxBytes?: number
  /** The length up to which it is tried whether the time grows faster than the input, where less is more than ever comes. */
  readonly growsTo?: number
  /** The most that may be done for a byte, in blocks of code that run, beside a fixed amount for any input. */
  readonly stepsPerByte?: number
  /** How many runs the unit test makes of it, where the usual number would take too long. */
  readonly unitRuns?: number
  /** Takes the input or throws; throws a `Finding` for what must never be so. May not change the input. */
  readonly run: (input: Buffer) => unknown
}

/** Something that an oracle has found to be wrong. */
export class Finding extends Error {
  override readonly name = 'Finding'
}

/** For oracles. */
export function mustHold(isTrue: boolean, otherwise: string): void {
  if (!isTrue) throw new Finding(otherwise)
}

export const DEFAULT_MAX_BYTES = 4096
