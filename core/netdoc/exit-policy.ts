/** Exit policy summaries: the "p" and "p6" lines of microdescriptors (dir-spec 3.8.2). */
import { TorError } from '../util/errors.ts'

export interface ExitPolicy {
  /** The line's arguments, e.g. `accept 80,443`; equal text is an equal policy. */
  readonly text: string
  /** True when no port at all is allowed. */
  readonly rejectsAll: boolean
  allowsPort(port: number): boolean
}

/** Throws `malformed`. */
export function parseExitPolicy(_text: string): ExitPolicy {
  throw new TorError('internal', 'not built yet')
}
