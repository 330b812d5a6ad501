/**
 * Reads the torrc syntax of C tor: a keyword and a value on each line, comments, quoted values with C escapes, lines
 * continued with a backslash, `+` and `/` marks, `%include` of other files. It knows nothing of what the options mean.
 */
import { TorError, isTorError } from '../util/errors.ts'
import { type TorrcLine, quoteForMessage } from './torrc-line.ts'

/** C tor's limit; a file that includes itself ends here. */
const MAX_INCLUDE_DEPTH = 31
/** No torrc has so many; it bounds what included files can add up to. */
const MAX_LINES = 100_000

const SPACE = /[ \t\r\v\f]/
const HEX_DIGITS = /^[0-9a-fA-F]{1,2}/
const OCTAL_DIGITS = /^[0-7]{1,3}/

/** A folder that includes itself would grow as a power of its files. */
const MAX_INCLUDED_FILES = 1_000

export interface IncludedFile {
  readonly path: string
  readonly text: string
}

/** Returns the files that an `%include` names, in order. Throws `bad-config` in words. */
export type IncludeReader = (pattern: string) => readonly IncludedFile[]

/**
 * Parses a whole file; `file` names it in errors. Included files are read where they stand. Throws `bad-config` with
 * file and line.
 */
export function parseTorrc(text: string, file: string, readInclude: IncludeReader): TorrcLine[] {
  const reading: Reading = { readInclude, lines: [], includedFiles: 0 }
  readFile({ path: file, text }, 0, reading)
  return reading.lines
}

interface Reading {
  readonly readInclude: IncludeReader
  readonly lines: TorrcLine[]
  includedFiles: number
}

function readFile({ path, text }: IncludedFile, depth: number, reading: Reading): void {
  const scanner = new TorrcScanner(text.replaceAll('\r\n', '\n'), path)
  for (let line = scanner.next(); line !== undefined; line = scanner.next()) {
    if (line.name.startsWith('%')) {
      if (line.name.toLowerCase() !== '%include')
        fail(line.origin, `unknown directive ${quoteForMessage(line.name)}`)
      for (const file of openInclude(line, depth, reading)) readFile(file, depth + 1, reading)
    } else reading.lines.push(line)
    if (reading.lines.length > MAX_LINES) fail(line.origin, `expected at most ${MAX_LINES} settings`)
  }
}

function openInclude(line: TorrcLine, depth: number, reading: Reading): readonly IncludedFile[] {
  const { value: pattern, origin } = line
  if (depth >= MAX_INCLUDE_DEPTH)
    fail(origin, `%include: expected at most ${MAX_INCLUDE_DEPTH} levels of files`)
  try {
    const files = reading.readInclude(pattern)
    reading.includedFiles += files.length
    if (reading.includedFiles > MAX_INCLUDED_FILES)
      fail(origin, `%include: expected at most ${MAX_INCLUDED_FILES} files`)
    return files
  } catch (error) {
    if (isTorError(error) && !error.message.startsWith(origin)) fail(origin, `%include: ${error.message}`)
    throw error
  }
}

class TorrcScanner {
  readonly #text: string
  readonly #file: string
  #at = 0
  #line = 1

  constructor(text: string, file: string) {
    this.#text = text
    this.#file = file
  }

  /** The next setting, or undefined at the end. */
  next(): TorrcLine | undefined {
    this.#skipBlank()
    if (this.#at >= this.#text.length) return undefined
    const origin = `${this.#file}:${this.#line}`
    const keyword = this.#take((char) => !SPACE.test(char) && char !== '\n' && char !== '#' && char !== '\\')
    if (keyword === '') fail(origin, `expected an option, got ${quoteForMessage(this.#restOfLine())}`)
    this.#take((char) => SPACE.test(char))
    const value = this.#text[this.#at] === '"' ? this.#quotedValue(origin) : this.#plainValue()
    return { ...splitMark(keyword), value, origin }
  }

  /** Spaces, empty lines and comments. */
  #skipBlank(): void {
    for (;;) {
      this.#take((char) => SPACE.test(char) || char === '\n')
      if (this.#text[this.#at] !== '#') return
      this.#take((char) => char !== '\n')
    }
  }

  /** To the end of the line or a comment. Behind a backslash the value goes on, and comments are passed over. */
  #plainValue(): string {
    let value = ''
    let isContinued = false
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? ''
      if (char === '\\' && this.#text[this.#at + 1] === '\n') {
        isContinued = true
        this.#advance(2)
      } else if (char === '#') {
        this.#take((other) => other !== '\n')
        if (!isContinued) break
        this.#advance(1)
      } else if (char === '\n') break
      else {
        value += char
        this.#advance(1)
      }
    }
    return value.trim()
  }

  #quotedValue(origin: string): string {
    let value = ''
    this.#advance(1)
    for (;;) {
      const char = this.#text[this.#at]
      if (char === undefined || char === '\n') fail(origin, 'expected a closing quote')
      this.#advance(1)
      if (char === '"') break
      value += char === '\\' ? this.#escape(origin) : char
    }
    const excess = this.#restOfLine()
    if (excess !== '' && !excess.startsWith('#')) {
      fail(origin, `expected nothing behind the closing quote, got ${quoteForMessage(excess)}`)
    }
    return value
  }

  #escape(origin: string): string {
    const rest = this.#text.slice(this.#at, this.#at + 4)
    const [kind = ''] = rest
    const simple = SIMPLE_ESCAPES.get(kind)
    if (simple !== undefined) {
      this.#advance(1)
      return simple
    }
    const hex = kind === 'x' ? HEX_DIGITS.exec(rest.slice(1))?.[0] : undefined
    const octal = OCTAL_DIGITS.exec(rest)?.[0]
    const code = hex === undefined ? Number(`0o${octal ?? '0'}`) : Number(`0x${hex}`)
    this.#advance(hex === undefined ? (octal?.length ?? 0) : hex.length + 1)
    if (code < 1 || code > 255) fail(origin, 'expected a character behind the backslash')
    return String.fromCharCode(code)
  }

  #restOfLine(): string {
    return this.#take((char) => char !== '\n').trim()
  }

  #take(accept: (char: string) => boolean): string {
    const start = this.#at
    while (this.#at < this.#text.length && accept(this.#text[this.#at] ?? '')) this.#advance(1)
    return this.#text.slice(start, this.#at)
  }

  #advance(count: number): void {
    for (let moved = 0; moved < count; moved++) {
      if (this.#text[this.#at] === '\n') this.#line++
      this.#at++
    }
  }
}

const SIMPLE_ESCAPES = new Map([
  ['n', '\n'],
  ['t', '\t'],
  ['r', '\r'],
  ['"', '"'],
  ["'", "'"],
  ['\\', '\\'],
])

/** `+Option` and `/Option`, as in a torrc or on the command line. */
export function splitMark(keyword: string): Pick<TorrcLine, 'mark' | 'name'> {
  if (keyword.startsWith('+')) return { mark: 'append', name: keyword.slice(1) }
  if (keyword.startsWith('/')) return { mark: 'clear', name: keyword.slice(1) }
  return { mark: 'set', name: keyword }
}

function fail(origin: string, message: string): never {
  throw new TorError('bad-config', `${origin}: ${message}`)
}
