/**
 * Where the body of an HTTP/1.1 message begins and ends (RFC 9112 6 and 7): the framing from a head, and a decoder that
 * finds the content in bytes of any chunking. Two lengths that could mean two things are refused. Pure.
 */
import { malformed } from './errors.ts'
import {
  type HttpHeader,
  headerTokens,
  headerValues,
  type RequestHead,
  type ResponseHead,
} from './http-head.ts'

export type BodyFraming =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly bytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'until-close' }

const NO_BODY: BodyFraming = { kind: 'none' }
/** Thirteen digits stay below 2^53. */
const CHUNK_SIZE = /^([0-9a-fA-F]{1,13})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
/** A size line with its extensions, and all trailers together: nobody needs either. */
const MAX_LINE_BYTES = 4_096
const MAX_TRAILER_BYTES = 16_384
const LF = 0x0a
const CR = 0x0d

/** Throws `malformed` for a request whose length is not beyond doubt. */
export function requestFraming({ headers, isHttp11 }: RequestHead): BodyFraming {
  const framing = readFraming(headers)
  if (framing?.kind === 'chunked' && !isHttp11) malformed('HTTP/1.0 request', 'no Transfer-Encoding')
  return framing ?? NO_BODY
}

/** Throws `malformed`. `method` is the request's: the answer to HEAD has a length and no body. */
export function responseFraming({ status, headers }: ResponseHead, method: string): BodyFraming {
  const framing = readFraming(headers)
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return NO_BODY
  return framing ?? { kind: 'until-close' }
}

function readFraming(headers: readonly HttpHeader[]): BodyFraming | undefined {
  const lengths = headerValues(headers, 'content-length')
  const encodings = headerTokens(headers, 'transfer-encoding')
  const isEncoded = headerValues(headers, 'transfer-encoding').length > 0
  if (lengths.length > 0 && isEncoded) malformed('HTTP head', 'Content-Length or Transfer-Encoding, not both')
  if (isEncoded) {
    if (encodings.length !== 1 || encodings[0] !== 'chunked') malformed('Transfer-Encoding', 'chunked alone')
    return { kind: 'chunked' }
  }
  const [length] = lengths
  if (length === undefined) return undefined
  if (lengths.length > 1) malformed('HTTP head', 'one Content-Length')
  if (!/^[0-9]{1,15}$/.test(length)) malformed('Content-Length', 'a decimal number')
  return { kind: 'length', bytes: Number(length) }
}

type DecoderState = 'data' | 'size-line' | 'data-end' | 'trailers' | 'complete'

export class BodyDecoder {
  readonly #framing: BodyFraming
  #state: DecoderState
  /** Bytes of content that are still to come in this chunk or body. */
  #left: number
  #line = ''
  #trailerBytes = 0

  constructor(framing: BodyFraming) {
    this.#framing = framing
    this.#left = framing.kind === 'length' ? framing.bytes : framing.kind === 'until-close' ? Infinity : 0
    this.#state = framing.kind === 'chunked' ? 'size-line' : this.#left > 0 ? 'data' : 'complete'
  }

  get isComplete(): boolean {
    return this.#state === 'complete'
  }

  /**
   * Gives the pieces of content in `bytes`, as views, to `emit`, and returns how many bytes belong to this body. Throws
   * `malformed`, also when what came before in the same call was fine and was given.
   */
  push(bytes: Buffer, emit: (piece: Buffer) => void): number {
    let at = 0
    while (at < bytes.length && this.#state !== 'complete') {
      if (this.#state === 'data') {
        const piece = bytes.subarray(at, at + Math.min(this.#left, bytes.length - at))
        at += piece.length
        this.#left -= piece.length
        if (this.#left === 0) this.#state = this.#framing.kind === 'chunked' ? 'data-end' : 'complete'
        emit(piece)
      } else at = this.#pushLine(bytes, at)
    }
    return at
  }

  /** The other side sends no more. Throws `malformed` when the body is not whole. */
  end(): void {
    if (this.#framing.kind === 'until-close') this.#state = 'complete'
    if (!this.isComplete) malformed('HTTP body', 'all of it')
  }

  #pushLine(bytes: Buffer, at: number): number {
    const lineFeed = bytes.indexOf(LF, at)
    const end = lineFeed === -1 ? bytes.length : lineFeed + 1
    this.#line += bytes.toString('latin1', at, end)
    if (this.#line.length > MAX_LINE_BYTES)
      malformed('chunked body', `lines of up to ${MAX_LINE_BYTES} bytes`)
    if (lineFeed === -1) return end
    const line = this.#line
    this.#line = ''
    if (line.charCodeAt(line.length - 2) !== CR) malformed('chunked body', 'CR before each LF')
    this.#endLine(line.slice(0, -2))
    return end
  }

  #endLine(line: string): void {
    if (this.#state === 'data-end') {
      if (line !== '') malformed('chunked body', 'a line end behind each chunk')
      this.#state = 'size-line'
    } else if (this.#state === 'trailers') {
      this.#trailerBytes += line.length
      if (this.#trailerBytes > MAX_TRAILER_BYTES) malformed('chunked body', 'shorter trailers')
      // Trailers are dropped (RFC 9110 6.5.1): they could only say anew what the head has said.
      if (line === '') this.#state = 'complete'
    } else {
      const size = CHUNK_SIZE.exec(line)?.[1]
      if (size === undefined) malformed('chunked body', 'a chunk size')
      this.#left = Number(`0x${size}`)
      this.#state = this.#left === 0 ? 'trailers' : 'data'
    }
  }
}

const LINE_END = Buffer.from('\r\n')
/** The end of a chunked body, without trailers. */
export const LAST_CHUNK: Buffer = Buffer.from('0\r\n\r\n')

/** One chunk of a chunked body. An empty piece would end the body and must not be given. */
export function encodeChunk(piece: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`, 'latin1'), piece, LINE_END])
}
