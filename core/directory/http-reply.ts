/** The head of an HTTP/1.0 reply as directory caches send it (dir-spec 6.1, 6.2), and nothing more of HTTP. */
import { malformed } from '../util/errors.ts'
import { parseHttpDate } from './http-date.ts'

/** How the body is packed; the names are those of the Content-Encoding header. */
export type ContentEncoding = 'identity' | 'deflate' | 'gzip' | 'x-zstd'

export interface HttpReplyHead {
  readonly status: number
  /** Undefined when the header is missing: the body's first bytes tell then. */
  readonly encoding: ContentEncoding | undefined
  /** Bytes of the body as sent, before decompression. */
  readonly contentLengthBytes: number | undefined
  /** The relay's clock, milliseconds since 1970: evidence about ours, and nothing more. */
  readonly dateMs: number | undefined
}

/** C tor's MAX_HEADERS_SIZE. */
export const MAX_HEAD_BYTES = 50_000

const HEAD_END = Buffer.from('\r\n\r\n')
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/
const DECIMAL = /^[0-9]{1,12}$/
const KNOWN_ENCODINGS = new Map<string, ContentEncoding>([
  ['identity', 'identity'],
  ['deflate', 'deflate'],
  ['x-deflate', 'deflate'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['x-zstd', 'x-zstd'],
  ['zstd', 'x-zstd'],
])

/**
 * Where the body starts, or undefined while the head is not complete. `from` is an offset before which the end of the
 * head is known not to start, so that a head that trickles in is not scanned again and again.
 */
export function findBodyStart(bytes: Buffer, from = 0): number | undefined {
  const end = bytes.indexOf(HEAD_END, Math.max(0, from - HEAD_END.length + 1))
  return end < 0 ? undefined : end + HEAD_END.length
}

/** Parses a complete head, the empty line included. Throws `malformed`. */
export function parseHttpHead(bytes: Buffer): HttpReplyHead {
  if (bytes.length > MAX_HEAD_BYTES) malformed('HTTP reply', `a head of at most ${MAX_HEAD_BYTES} bytes`)
  const [statusLine = '', ...headerLines] = bytes.toString('latin1').trimEnd().split('\r\n')
  const status = STATUS_LINE.exec(statusLine)?.[1]
  if (status === undefined) malformed('HTTP reply', 'a status line of HTTP/1.0')
  let encoding: ContentEncoding | undefined
  let contentLengthBytes: number | undefined
  let dateMs: number | undefined
  for (const line of headerLines) {
    const colon = line.indexOf(':')
    if (colon <= 0) malformed('HTTP reply', 'header lines of the form "Name: value"')
    const value = line.slice(colon + 1).trim()
    const name = line.slice(0, colon).toLowerCase()
    if (name === 'content-encoding') encoding = parseEncoding(value, encoding)
    else if (name === 'content-length') contentLengthBytes = parseLength(value, contentLengthBytes)
    else if (name === 'date') dateMs = parseHttpDate(value)
  }
  return { status: Number(status), encoding, contentLengthBytes, dateMs }
}

function parseEncoding(value: string, earlier: ContentEncoding | undefined): ContentEncoding {
  const encoding = KNOWN_ENCODINGS.get(value.toLowerCase())
  if (encoding === undefined) malformed('Content-Encoding', 'one that was offered')
  if (earlier !== undefined && earlier !== encoding) malformed('Content-Encoding', 'one value')
  return encoding
}

function parseLength(value: string, earlier: number | undefined): number {
  if (!DECIMAL.test(value)) malformed('Content-Length', 'a decimal number')
  const length = Number(value)
  if (earlier !== undefined && earlier !== length) malformed('Content-Length', 'one value')
  return length
}
