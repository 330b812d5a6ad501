/**
 * The list of extensions that travels encrypted in an ntor-v3 handshake, both ways (tor-spec 5.1.4.2 in its newer
 * pages; proposals 332 and 346): a count, then { type, length, body }, ascending by type, each type once.
 */
import { ByteReader } from '../util/byte-reader.ts'
import { ByteWriter } from '../util/byte-writer.ts'
import { malformed, TorError } from '../util/errors.ts'

export interface Extension {
  readonly type: number
  readonly body: Buffer
}

export const ExtensionType = {
  /** Client asks for congestion control; empty. */
  CC_REQUEST: 1,
  /** Relay grants it; one byte, the SENDME increment. */
  CC_RESPONSE: 2,
  /** Client asks for subprotocols; pairs of protocol id and capability. */
  SUBPROTOCOL_REQUEST: 3,
} as const

/** Sorts by type. Throws `internal` on a type that occurs twice: the list is ours. */
export function encodeExtensions(extensions: readonly Extension[]): Buffer {
  const sorted = [...extensions].sort((a, b) => a.type - b.type)
  const writer = new ByteWriter().u8(sorted.length)
  let last = -1
  for (const { type, body } of sorted) {
    if (type === last) throw new TorError('internal', `extension ${type} is in the list twice`)
    last = type
    writer.u8(type).u8(body.length).bytes(body)
  }
  return writer.finish()
}

/** The whole of `bytes` must be one list. The bodies are copies. Throws `malformed`. */
export function decodeExtensions(bytes: Uint8Array): Extension[] {
  const reader = new ByteReader(bytes, 'handshake extensions')
  const count = reader.u8()
  const extensions: Extension[] = []
  let last = -1
  for (let read = 0; read < count; read++) {
    const type = reader.u8()
    if (type <= last) malformed('handshake extensions', 'ascending types, each once', `${type} after ${last}`)
    last = type
    extensions.push({ type, body: reader.take(reader.u8()) })
  }
  reader.end()
  return extensions
}
