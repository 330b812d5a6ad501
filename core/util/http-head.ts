/**
 * The heads of HTTP/1.x messages (RFC 9112): found in a stream of bytes, held to limits, and parsed without leniency,
 * because two readers who disagree on where a message ends let one application speak for another. Pure and incremental.
 */
import { malformed, TorError } from './errors.ts'
import { HandshakeBuffer } from './handshake-buffer.ts'

export interface HttpHeader {
  /** As it was written. */
  readonly name: string
  readonly value: string
}

export interface RequestHead {
  readonly method: string
  readonly target: string
  /** False for HTTP/1.0. */
  readonly isHttp11: boolean
  readonly headers: readonly HttpHeader[]
}

export interface ResponseHead {
  readonly status: number
  readonly phrase: string
  readonly headers: readonly HttpHeader[]
}

/** No browser sends more, and no server should need more. */
const MAX_HEADERS = 100
const MAX_RESPONSE_HEADERS = 200

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e\x80-\xff]{1,16384}) HTTP\/1\.([01])$/
const STATUS_LINE = /^HTTP\/1\.[01] ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]{0,1024}))?$/
/** The blanks around a value are cut off behind it: with two stars over them a long row of blanks would take a square of time. */
const HEADER_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/
const LF = 0x0a
const CR = 0x0d
const SPACE = 0x20
const TAB = 0x09

export interface HeadRules {
  /** The most that one head may hold, line ends included. */
  readonly maxHeadBytes: number
  /** The most that may wait here in all: the head, and what one read brought behind it. */
  readonly maxHeldBytes: number
  /** Whether a line may end in LF alone. Never for applications: a page of a web site could smuggle with it. */
  readonly allowsBareLf: boolean
}

export class HttpHeadReader {
  readonly #rules: HeadRules
  readonly #buffer: HandshakeBuffer
  #lines: string[] = []
  #lineStart = 0
  /** Where the next search for a line end begins, so that many small chunks stay linear. */
  #searched = 0

  constructor(rules: HeadRules) {
    this.#rules = rules
    this.#buffer = new HandshakeBuffer(rules.maxHeldBytes)
  }

  /** Copies. Throws `limit`. */
  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes)
  }

  get isEmpty(): boolean {
    return this.#buffer.bytes.length === 0
  }

  /** The beginning of what is held, as far as it has come, for a look at a head that cannot be read. */
  get opening(): string {
    return this.#buffer.bytes.toString('latin1', 0, this.#rules.maxHeadBytes)
  }

  /** The lines of the next head; undefined while its end has not come. Throws `malformed` and `limit`. */
  next(): readonly string[] | undefined {
    for (;;) {
      const { bytes } = this.#buffer
      const at = bytes.indexOf(LF, this.#searched)
      if ((at === -1 ? bytes.length : at + 1) > this.#rules.maxHeadBytes) {
        throw new TorError('limit', 'the HTTP head is too long')
      }
      if (at === -1) {
        this.#searched = bytes.length
        return undefined
      }
      const lines = this.#takeLine(bytes, at)
      if (lines !== undefined) return lines
    }
  }

  /** Everything behind the heads that were taken. */
  takeRest(): Buffer {
    return this.#buffer.takeRest()
  }

  #takeLine(bytes: Buffer, lineFeed: number): readonly string[] | undefined {
    const hasCr = lineFeed > this.#lineStart && bytes[lineFeed - 1] === CR
    if (!hasCr && !this.#rules.allowsBareLf) malformed('HTTP head', 'CR before each LF')
    const line = bytes.toString('latin1', this.#lineStart, hasCr ? lineFeed - 1 : lineFeed)
    this.#searched = lineFeed + 1
    this.#lineStart = lineFeed + 1
    if (line !== '') {
      this.#lines.push(line)
      return undefined
    }
    const lines = this.#lines
    this.#buffer.consume(lineFeed + 1)
    this.#searched = 0
    this.#lineStart = 0
    this.#lines = []
    // RFC 9112 2.2: some send an empty line behind a body.
    return lines.length === 0 ? undefined : lines
  }
}

/** Throws `malformed`, in words that carry nothing of what came. */
export function parseRequestHead(lines: readonly string[]): RequestHead {
  const [, method, target, minor] = REQUEST_LINE.exec(lines[0] ?? '') ?? []
  if (method === undefined || target === undefined)
    malformed('HTTP request', 'a request line of HTTP/1.0 or 1.1')
  return { method, target, isHttp11: minor === '1', headers: parseHeaders(lines, MAX_HEADERS) }
}

/** Throws `malformed`. */
export function parseResponseHead(lines: readonly string[]): ResponseHead {
  const [, status, phrase = ''] = STATUS_LINE.exec(lines[0] ?? '') ?? []
  if (status === undefined) malformed('HTTP response', 'a status line of HTTP/1.0 or 1.1')
  return { status: Number(status), phrase, headers: parseHeaders(lines, MAX_RESPONSE_HEADERS) }
}

function parseHeaders(lines: readonly string[], limit: number): readonly HttpHeader[] {
  if (lines.length - 1 > limit) malformed('HTTP head', `at most ${limit} headers`)
  return lines.slice(1).map((line) => {
    const [, name, value] = HEADER_LINE.exec(line) ?? []
    if (name === undefined || value === undefined) malformed('HTTP header', 'a name, a colon and a value')
    return { name, value: withoutBlanks(value) }
  })
}

/**
 * Without spaces and tabs at its ends, which are all the blanks that HTTP knows (RFC 9110 5.6.3): where another reader
 * still sees a character of Latin-1, `chunked` is another word.
 */
function withoutBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

/** All values of a header, in order. `name` is lower case. */
export function headerValues(headers: readonly HttpHeader[], name: string): readonly string[] {
  return headers.filter((header) => header.name.toLowerCase() === name).map(({ value }) => value)
}

/** The value of a header that may stand once; undefined without it. Throws `malformed` for a second one. */
export function singleHeader(headers: readonly HttpHeader[], name: string): string | undefined {
  const values = headerValues(headers, name)
  if (values.length > 1) malformed('HTTP head', `at most one ${name} header`)
  return values[0]
}

/** The members of a list header (RFC 9110 5.6.1) in lower case, over all its lines. */
export function headerTokens(headers: readonly HttpHeader[], name: string): readonly string[] {
  return headerValues(headers, name)
    .flatMap((value) => value.split(','))
    .map((token) => withoutBlanks(token).toLowerCase())
    .filter((token) => token !== '')
}
