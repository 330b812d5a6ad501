/**
 * One answer of a web server (RFC 9112), read from bytes of any chunking into a complete value or refused with what is
 * wrong. Pure. The server, and whoever stands in its place, may say anything: heads and bodies have limits.
 */
import { ByteCollector } from '../../util/byte-collector.ts'
import { isTorError, TorError } from '../../util/errors.ts'
import { BodyDecoder, responseFraming } from '../../util/http-body.ts'
import { headerTokens, HttpHeadReader, parseResponseHead, type ResponseHead } from '../../util/http-head.ts'

/** CDNs add much: cookies, policies, traces. Browsers take a quarter of a megabyte. */
const MAX_HEAD_BYTES = 65_536
/** A head, and what one read brings behind it. */
const MAX_HELD_BYTES = MAX_HEAD_BYTES + 131_072
/** `100 Continue`, `103 Early Hints`: more of them before an answer are a way to keep us reading. */
const MAX_INTERIM_HEADS = 8
const SWITCHING_PROTOCOLS = 101

export interface HttpAnswer {
  readonly status: number
  readonly body: Buffer
  /** Whether the connection may carry another request. */
  readonly mayReuse: boolean
}

export class HttpAnswerReader {
  readonly #method: string
  readonly #maxBodyBytes: number
  readonly #heads = new HttpHeadReader({
    maxHeadBytes: MAX_HEAD_BYTES,
    maxHeldBytes: MAX_HELD_BYTES,
    allowsBareLf: false,
  })
  #interimHeads = 0
  #head: ResponseHead | undefined
  #body: BodyDecoder | undefined
  #isFramed = false
  readonly #bodyBytes = new ByteCollector()
  #bytesBehind = 0

  constructor(method: string, maxBodyBytes: number) {
    this.#method = method
    this.#maxBodyBytes = maxBodyBytes
  }

  /** Bytes of a body are copied. Returns the answer when it is whole. Throws `channel-failed`, in words. */
  push(bytes: Buffer): HttpAnswer | undefined {
    return readable(() => {
      if (this.#body === undefined) this.#pushHead(bytes)
      else this.#pushBody(bytes)
      return this.#body?.isComplete === true ? this.#finish(true) : undefined
    })
  }

  /** The server sends no more. Throws `channel-failed` when the answer is not whole. */
  end(): HttpAnswer {
    return readable(() => {
      if (this.#body === undefined) {
        throw answerFailed(
          this.#heads.isEmpty
            ? 'the web server closed the connection without an answer'
            : 'the web server closed the connection in the middle of its answer',
        )
      }
      this.#body.end()
      return this.#finish(false)
    })
  }

  #pushHead(bytes: Buffer): void {
    this.#heads.push(bytes)
    for (;;) {
      const lines = this.#heads.next()
      if (lines === undefined) return
      const head = parseResponseHead(lines)
      if (head.status === SWITCHING_PROTOCOLS)
        throw answerFailed('the web server changes the protocol unasked')
      if (head.status >= 200) return this.#beginBody(head, isHttp11(lines))
      if (++this.#interimHeads > MAX_INTERIM_HEADS) throw answerFailed('the web server answers without end')
    }
  }

  #beginBody(head: ResponseHead, isHttp11: boolean): void {
    const framing = responseFraming(head, this.#method)
    if (framing.kind === 'length' && framing.bytes > this.#maxBodyBytes) throw tooLong()
    const closes = headerTokens(head.headers, 'connection').includes('close')
    this.#isFramed = isHttp11 && !closes && framing.kind !== 'until-close'
    this.#head = head
    this.#body = new BodyDecoder(framing)
    this.#pushBody(this.#heads.takeRest())
  }

  #pushBody(bytes: Buffer): void {
    const used = this.#body?.push(bytes, (piece) => {
      if (this.#bodyBytes.length + piece.length > this.#maxBodyBytes) throw tooLong()
      this.#bodyBytes.push(piece)
    })
    this.#bytesBehind = bytes.length - (used ?? 0)
  }

  #finish(isOpen: boolean): HttpAnswer {
    return {
      status: this.#head?.status ?? 0,
      body: this.#bodyBytes.take(),
      mayReuse: isOpen && this.#isFramed && this.#bytesBehind === 0,
    }
  }
}

/** The parsers' own errors, as one kind and with the web server named. */
function readable<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (isTorError(error, 'channel-failed')) throw error
    if (!isTorError(error)) throw error
    throw answerFailed(`the web server's answer cannot be read: ${error.message}`, error)
  }
}

function isHttp11(lines: readonly string[]): boolean {
  return lines[0]?.startsWith('HTTP/1.1 ') === true
}

function tooLong(): TorError {
  return answerFailed("the web server's answer is longer than is allowed")
}

function answerFailed(words: string, cause?: unknown): TorError {
  return new TorError('channel-failed', words, { cause, retry: 'elsewhere' })
}
