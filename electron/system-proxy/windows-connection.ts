/**
 * `DefaultConnectionSettings`: the bytes in which WinINET and WinHTTP keep the proxy of the local network beside the
 * four readable values. The flag for automatic detection lies in here alone, and with it on, any network may hand out
 * a proxy script that wins over ours. The layout is not documented, but has not changed since Windows XP: version,
 * counter, flags (each 4 bytes, little-endian), then three texts with their lengths in front, then what we keep as it is.
 */
import * as v from 'valibot'

export const DIRECT_FLAG = 0x01
export const PROXY_FLAG = 0x02
export const SCRIPT_FLAG = 0x04

/** What Internet Explorer 7 and everything after it writes. */
const CURRENT_VERSION = 0x46
const HEADER_BYTES = 12
/** Empty room that the system keeps behind the texts. */
const EMPTY_REST = '00'.repeat(32)
const MAX_TEXT_BYTES = 20_000

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_BYTES))
const connectionSchema = v.strictObject({
  version: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff)),
  flags: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xff)),
  server: text,
  bypass: text,
  script: text,
  /** Hexadecimal. */
  rest: v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{2}){0,4096}$/)),
})
export type ConnectionSettings = v.InferOutput<typeof connectionSchema>

export const NEW_CONNECTION: ConnectionSettings = {
  version: CURRENT_VERSION,
  flags: DIRECT_FLAG,
  server: '',
  bypass: '',
  script: '',
  rest: EMPTY_REST,
}

/** Without the counter, which goes up by itself. Throws a RangeError where the bytes are something else. */
export function parseConnection(bytes: Buffer): ConnectionSettings & { readonly counter: number } {
  let offset = HEADER_BYTES
  const readText = (): string => {
    if (bytes.length < offset + 4) throw new RangeError('connection settings end early')
    const length = bytes.readUInt32LE(offset)
    const end = offset + 4 + length
    if (length > MAX_TEXT_BYTES || end > bytes.length) throw new RangeError('connection settings end early')
    const text = bytes.toString('latin1', offset + 4, end)
    offset = end
    return text
  }
  if (bytes.length < HEADER_BYTES) throw new RangeError('connection settings are too short')
  return {
    version: bytes.readUInt32LE(0),
    counter: bytes.readUInt32LE(4),
    flags: bytes.readUInt32LE(8),
    server: readText(),
    bypass: readText(),
    script: readText(),
    rest: bytes.toString('hex', offset),
  }
}

export function encodeConnection(settings: ConnectionSettings, counter: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(settings.version, 0)
  header.writeUInt32LE(counter >>> 0, 4)
  header.writeUInt32LE(settings.flags, 8)
  const texts = [settings.server, settings.bypass, settings.script].flatMap((each) => {
    const bytes = Buffer.from(each, 'latin1')
    const length = Buffer.alloc(4)
    length.writeUInt32LE(bytes.length)
    return [length, bytes]
  })
  return Buffer.concat([header, ...texts, Buffer.from(settings.rest, 'hex')])
}

/** The text for the journal. */
export function describeConnection(settings: ConnectionSettings): string {
  const { version, flags, server, bypass, script, rest } = settings
  return JSON.stringify({ version, flags, server, bypass, script, rest })
}

/** Undefined where the text is none of ours. */
export function readDescription(description: string): ConnectionSettings | undefined {
  try {
    const parsed = v.safeParse(connectionSchema, JSON.parse(description))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}

/** Only what is in force counts: the system keeps addresses that are turned off, and fills the rest as it likes. */
export function isSameConnection(left: ConnectionSettings, right: ConnectionSettings): boolean {
  if (left.flags !== right.flags) return false
  const isProxySame = left.server === right.server && left.bypass === right.bypass
  if ((left.flags & PROXY_FLAG) !== 0 && !isProxySame) return false
  return (left.flags & SCRIPT_FLAG) === 0 || left.script === right.script
}
