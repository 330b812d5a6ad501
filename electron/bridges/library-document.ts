/**
 * What the app keeps of bridges, as the text of a file and back. Pure. A line that is no longer any good is kept and
 * shown as such; only what is no document of ours at all is broken.
 */
import * as v from 'valibot'

export const LIBRARY_VERSION = 1
/** A hundred lines of four thousand characters; a file beyond it is none of ours. */
export const MAX_LIBRARY_BYTES = 1_000_000
const MAX_LINES = 1_000
const MAX_LINE_CHARS = 4_096

const line = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_LINE_CHARS))
/** Milliseconds since 1970. */
const date = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15))

const librarySchema = v.looseObject({
  version: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** As the person gave them, in that order. */
  added: v.pipe(v.array(line), v.maxLength(MAX_LINES)),
  /** The transport whose built-in bridges are used. */
  builtIn: v.nullable(v.pipe(v.string(), v.maxLength(50))),
  /** Lines that are there and not used. */
  disabled: v.pipe(v.array(line), v.maxLength(MAX_LINES)),
  /** How they fared when they were last used. */
  health: v.pipe(
    v.array(
      v.strictObject({
        line,
        /** A hash: a bridge that one network blocks works in another. Not there: it is not known where. */
        network: v.optional(v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/))),
        lastWorkedMs: v.optional(date),
        failingSinceMs: v.optional(date),
      }),
    ),
    v.maxLength(MAX_LINES),
  ),
})

/** What a newer version wrote beside it is kept. */
export type LibraryDocument = v.InferOutput<typeof librarySchema>

export const EMPTY_LIBRARY: LibraryDocument = {
  version: LIBRARY_VERSION,
  added: [],
  builtIn: null,
  disabled: [],
  health: [],
}

/** Undefined when the text is no library. */
export function readLibrary(text: string): LibraryDocument | undefined {
  try {
    const parsed = v.safeParse(librarySchema, JSON.parse(text))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

export function writeLibrary(document: LibraryDocument): string {
  return `${JSON.stringify(document, undefined, 2)}\n`
}
