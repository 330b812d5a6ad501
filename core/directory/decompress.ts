/**
 * Unpacks directory bodies under limits that hold over all concatenated parts together: a small body must not become
 * a large one. The work is done by node:zlib in its thread pool, so no event-loop turn is long.
 */
import * as zlib from 'node:zlib'
import { abortable, throwIfAborted } from '../util/abort.ts'
import { malformed, TorError } from '../util/errors.ts'
import type { ContentEncoding } from './http-reply.ts'
import { requireWholeZstdFrames } from './zstd-frames.ts'

/** No directory document comes near it; C tor's MAX_DIR_DL_SIZE bounds the same. */
export const MAX_UNPACKED_BYTES = 16 * 1024 * 1024
/** Below this, any ratio is harmless (C tor's CHECK_FOR_COMPRESSION_BOMB_AFTER). */
const BOMB_CHECK_AFTER_BYTES = 5 * 1024 * 1024
/** Directory text packs about 1:5; C tor's MAX_UNCOMPRESSION_FACTOR. */
const MAX_RATIO = 25
/** Each part costs a decoder; nobody sends more parts than documents were asked for. */
const MAX_PARTS = 1_000
/** Fewer trips to the thread pool than with the 16 KiB default; a consensus is 3 MB. */
const OUTPUT_CHUNK_BYTES = 256 * 1024
/** zstd's own recommendation for decoders; a hostile frame header could ask for gigabytes. */
const ZSTD_MAX_WINDOW_LOG = 23

type PartFormat = 'zlib' | 'gzip' | 'raw-deflate' | 'zstd'

interface UnpackedPart {
  readonly output: Buffer
  /** How much of the input the part took. */
  readonly consumedBytes: number
}

type OneShotResult = (error: Error | null, result: unknown) => void
type OneShot = (input: Uint8Array, options: object, callback: OneShotResult) => void

/** node:zlib has zstd from 22.15 on, which the compiler's library types do not know. */
function findZstd(): OneShot | undefined {
  const candidate: unknown = Reflect.get(zlib, 'zstdDecompress')
  if (typeof candidate !== 'function') return undefined
  return (input, options, callback) => {
    Reflect.apply(candidate, undefined, [input, options, callback])
  }
}

const zstdDecompress = findZstd()

/** Whether x-zstd may be offered to relays. */
export const hasZstd = zstdDecompress !== undefined

/** The value of Accept-Encoding for requests over one hop; best first. */
export const ACCEPTED_ENCODINGS = hasZstd ? 'x-zstd, deflate, identity' : 'deflate, identity'

/**
 * Returns the plain body; for `identity` it is the same memory. A body without a named encoding is looked at: caches
 * may leave the header away when the URL ended in `.z`. Throws `malformed` for a body that does not unpack or ends
 * early, `limit` for one that unpacks to too much.
 */
export async function unpackBody(
  body: Buffer,
  encoding: ContentEncoding | undefined,
  signal: AbortSignal,
): Promise<Buffer> {
  if (encoding === 'identity' || body.length === 0) return body
  if (encoding === undefined && sniffFormat(body, 'deflate') === 'raw-deflate') return body
  const maxBytes = Math.min(MAX_UNPACKED_BYTES, Math.max(BOMB_CHECK_AFTER_BYTES, body.length * MAX_RATIO))
  const outputs: Buffer[] = []
  let unpackedBytes = 0
  for (let rest = body; rest.length > 0; ) {
    throwIfAborted(signal)
    if (outputs.length >= MAX_PARTS)
      throw new TorError('limit', 'a packed directory reply has too many parts')
    const format = sniffFormat(rest, encoding ?? 'deflate')
    const part = await abortable(unpackPart(rest, format, maxBytes - unpackedBytes), signal)
    if (part.consumedBytes <= 0) malformed('packed directory reply', 'progress')
    outputs.push(withoutSlack(part.output))
    unpackedBytes += part.output.length
    rest = rest.subarray(part.consumedBytes)
  }
  return outputs.length === 1 && outputs[0] !== undefined ? outputs[0] : Buffer.concat(outputs)
}

/** A part of a byte comes in a whole chunk of output: a thousand of them would hold a quarter of a gigabyte. */
function withoutSlack(output: Buffer): Buffer {
  return output.length * 2 < output.buffer.byteLength ? Buffer.from(output) : output
}

/** "deflate" should be the zlib format (RFC 1950), but gzip and bare deflate are met under that name too. */
function sniffFormat(bytes: Buffer, encoding: ContentEncoding): PartFormat {
  if (encoding === 'x-zstd') return 'zstd'
  const first = bytes[0] ?? 0
  const second = bytes[1] ?? 0
  if (encoding === 'gzip' || (first === 0x1f && second === 0x8b)) return 'gzip'
  const isZlib = (first & 0x0f) === 8 && first >> 4 <= 7 && ((first << 8) | second) % 31 === 0
  return isZlib ? 'zlib' : 'raw-deflate'
}

function unpackPart(input: Buffer, format: PartFormat, maxOutputBytes: number): Promise<UnpackedPart> {
  // zlib takes no limit of zero; one byte too much is still refused, by the check below.
  const options = { info: true, maxOutputLength: maxOutputBytes + 1, chunkSize: OUTPUT_CHUNK_BYTES }
  return new Promise((resolve, reject) => {
    const onResult: OneShotResult = (error, result) => {
      if (error !== null) return reject(explainFailure(error))
      const part = readResult(result)
      if (part === undefined) return reject(new TorError('internal', 'node:zlib gave an unknown result'))
      if (part.output.length > maxOutputBytes) return reject(bombError())
      resolve(part)
    }
    startUnpacking(input, format, options, onResult)
  })
}

function startUnpacking(input: Buffer, format: PartFormat, options: object, onResult: OneShotResult): void {
  switch (format) {
    case 'zlib':
      return zlib.inflate(input, options, onResult)
    case 'gzip':
      return zlib.gunzip(input, options, onResult)
    case 'raw-deflate':
      return zlib.inflateRaw(input, options, onResult)
    case 'zstd': {
      if (zstdDecompress === undefined) malformed('Content-Encoding', 'one that was offered', 'x-zstd')
      requireWholeZstdFrames(input, MAX_PARTS)
      const maxWindow: unknown = Reflect.get(zlib.constants, 'ZSTD_d_windowLogMax')
      const params = typeof maxWindow === 'number' ? { [maxWindow]: ZSTD_MAX_WINDOW_LOG } : {}
      return zstdDecompress(input, { ...options, params }, onResult)
    }
  }
}

/** With `info: true` the result is `{ buffer, engine }`, and the engine counts the input it used. */
function readResult(result: unknown): UnpackedPart | undefined {
  if (typeof result !== 'object' || result === null || !('buffer' in result) || !('engine' in result)) {
    return undefined
  }
  const { buffer, engine } = result
  if (
    !Buffer.isBuffer(buffer) ||
    typeof engine !== 'object' ||
    engine === null ||
    !('bytesWritten' in engine)
  ) {
    return undefined
  }
  return typeof engine.bytesWritten === 'number'
    ? { output: buffer, consumedBytes: engine.bytesWritten }
    : undefined
}

function explainFailure(error: Error): TorError {
  const code: unknown = Reflect.get(error, 'code')
  if (code === 'ERR_BUFFER_TOO_LARGE') return bombError()
  return new TorError('malformed', `packed directory reply: ${error.message}`, {
    cause: error,
    retry: 'elsewhere',
  })
}

function bombError(): TorError {
  return new TorError('limit', 'a packed directory reply unpacks to too much', { retry: 'elsewhere' })
}
