/**
 * The small part of `ed` that consensus diffs are written in (dir-spec 4.5.1): append, change and delete, by line
 * number, from the end of the document to its start, so that no command moves the lines of a later one.
 */
import { malformed, TorError } from '../util/errors.ts'
import type { Slices } from './slices.ts'

/** Commands in the order of the script, in columns: a large diff has thousands. */
export interface EdScript {
  /** Lines count from 1. An append goes behind line `first`, which is 0 for the document's start. */
  readonly first: readonly number[]
  /** The last line that is taken away; `first - 1` for appends, `Infinity` for `$`. */
  readonly last: readonly number[]
  /** Where the new lines stand in the script's bytes; empty for deletions. */
  readonly textStart: readonly number[]
  readonly textEnd: readonly number[]
}

export interface EdLimits {
  readonly maxScriptLines: number
  readonly maxResultBytes: number
}

const LF = 10
const DOT = 46
const COMMAND = /^(0|[1-9][0-9]{0,8})(?:,([1-9][0-9]{0,8}|\$))?([acd])$/
/** Two line numbers of nine digits, a comma and a letter. */
const MAX_COMMAND_BYTES = 20
const LINES_PER_SLICE = 10_000
const WHAT = 'consensus diff'

/** Reads the commands in `script` from `start` on. Throws `malformed`, and `limit` for too many lines. */
export function* parseEdScript(script: Buffer, start: number, limits: EdLimits): Slices<EdScript> {
  const first: number[] = []
  const last: number[] = []
  const textStart: number[] = []
  const textEnd: number[] = []
  let lines = 0
  let before = Infinity
  for (let at = start; at < script.length; ) {
    const lineEnd = endOfLine(script, at)
    const { from, to, letter } = parseCommand(script, at, lineEnd)
    // Strictly descending: else "line 7" could mean a line that this very script made. "$" is behind all numbers.
    const highest = to === Infinity && first.length === 0 ? from : Math.max(from, to)
    if (highest >= before) malformed(WHAT, 'commands in descending order of lines')
    before = from
    at = lineEnd + 1
    lines += 1
    first.push(from)
    last.push(to)
    textStart.push(at)
    if (letter !== 'd') {
      while (!isDotLine(script, at)) {
        at = endOfLine(script, at) + 1
        lines += 1
        if (lines >= limits.maxScriptLines) throw tooManyLines(limits)
        if (lines % LINES_PER_SLICE === 0) yield undefined
      }
      if (at === textStart.at(-1)) malformed(WHAT, 'a text behind each "a" and "c"')
      textEnd.push(at)
      at += 2
    } else textEnd.push(at)
    if (lines >= limits.maxScriptLines) throw tooManyLines(limits)
    if (first.length % LINES_PER_SLICE === 0) yield undefined
  }
  return { first, last, textStart, textEnd }
}

/**
 * The base with the commands carried out. The result is new memory, and never longer than both inputs together.
 * Throws `malformed` when a command names lines that the base does not have, `limit` for a result that is too long.
 */
export function* applyEdScript(
  base: Buffer,
  scriptBytes: Buffer,
  script: EdScript,
  limits: EdLimits,
): Slices<Buffer> {
  const pieces: Buffer[] = []
  let resultBytes = 0
  const add = (piece: Buffer): void => {
    if (piece.length === 0) return
    resultBytes += piece.length
    if (resultBytes >= limits.maxResultBytes) throw new TorError('limit', `${WHAT}: the result is too long`)
    pieces.push(piece)
  }
  const lines = new LineCursor(base)
  // Backwards through the script is forwards through the document: one walk over its lines.
  for (let command = script.first.length - 1; command >= 0; command--) {
    const first = script.first[command] ?? 0
    const last = script.last[command] ?? 0
    const isAppend = last < first
    const keptFrom = lines.offset
    yield* lines.moveBehind(isAppend ? first : first - 1)
    add(base.subarray(keptFrom, lines.offset))
    if (last === Infinity) lines.moveToEnd()
    else if (!isAppend) yield* lines.moveBehind(last)
    add(scriptBytes.subarray(script.textStart[command], script.textEnd[command]))
  }
  add(base.subarray(lines.offset))
  return Buffer.concat(pieces, resultBytes)
}

/** Walks over the lines of a document, forwards only. */
class LineCursor {
  readonly #bytes: Buffer
  /** Lines before `offset`. */
  #line = 0
  offset = 0

  constructor(bytes: Buffer) {
    this.#bytes = bytes
  }

  *moveBehind(line: number): Slices<void> {
    while (this.#line < line) {
      const end = this.#bytes.indexOf(LF, this.offset)
      if (end < 0) malformed(WHAT, 'line numbers of the document that it is for')
      this.offset = end + 1
      this.#line += 1
      if (this.#line % LINES_PER_SLICE === 0) yield undefined
    }
  }

  /** `$` is the last line, so there must be one. */
  moveToEnd(): void {
    if (this.offset === this.#bytes.length) malformed(WHAT, 'line numbers of the document that it is for')
    this.offset = this.#bytes.length
  }
}

function parseCommand(
  script: Buffer,
  start: number,
  end: number,
): { from: number; to: number; letter: string } {
  const text = script.toString('latin1', start, Math.min(end, start + MAX_COMMAND_BYTES + 1))
  const [, fromText = '', toText, letter = ''] = COMMAND.exec(text) ?? malformed(WHAT, 'an "ed" command')
  const from = Number(fromText)
  if (letter === 'a') {
    if (toText !== undefined) malformed(WHAT, 'one line number before "a"')
    return { from, to: from - 1, letter }
  }
  if (toText === '$' && letter === 'c') malformed(WHAT, 'a line number, not "$", before "c"')
  const to = toText === '$' ? Infinity : Number(toText ?? fromText)
  if (from === 0 || to < from) malformed(WHAT, 'a range of lines')
  return { from, to, letter }
}

function endOfLine(script: Buffer, at: number): number {
  const end = script.indexOf(LF, at)
  if (end < 0) malformed(WHAT, 'a final LF, and "." behind each text')
  return end
}

function isDotLine(script: Buffer, at: number): boolean {
  return script[at] === DOT && script[at + 1] === LF
}

function tooManyLines(limits: EdLimits): TorError {
  return new TorError('limit', `${WHAT}: ${limits.maxScriptLines} lines or more`)
}
