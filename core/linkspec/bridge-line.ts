/**
 * Bridge lines, as C tor's `Bridge` option has them: `[transport] address[:port] [fingerprint] [key=value ...]`. Read
 * into a complete value or refused with what is wrong, and printed again in one form. Whether there is such a transport
 * is not asked here.
 */
import { isIPv4, isIPv6 } from 'node:net'
import { parseRsaIdentity, type RsaIdentity } from './relay-ids.ts'
import { type Endpoint, formatEndpoint } from './relay-target.ts'
import { TorError } from '../util/errors.ts'
import { isAllZero } from '../util/bytes.ts'
import { formatIp, parseIp } from '../util/ip-address.ts'

export interface BridgeLine {
  /** Undefined for a plain bridge, which TLS is spoken to directly. */
  readonly transport: string | undefined
  /** Some transports take no notice of it; then it is an address of the documentation ranges. */
  readonly endpoint: Endpoint
  /** Without one, whoever answers at the address is believed to be the bridge. */
  readonly fingerprint: RsaIdentity | undefined
  /** For the transport, in the order of the line; a key may come twice. */
  readonly args: readonly (readonly [key: string, value: string])[]
}

/** What is wrong with a line. */
export type BridgeLineFault = 'empty' | 'too-long' | 'bad-address' | 'bad-fingerprint' | 'bad-argument'

export class BridgeLineError extends TorError {
  readonly fault: BridgeLineFault

  constructor(fault: BridgeLineFault, message: string) {
    super('bad-config', message)
    this.fault = fault
  }
}

/** The longest that are handed out, with several front domains, have about 700. */
export const MAX_BRIDGE_LINE_CHARS = 4_096

/** C tor's, where the line says none. */
const DEFAULT_PORT = 443
const MAX_PORT = 65_535
const TRANSPORT_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/
const FINGERPRINT = /^[0-9A-Fa-f]{40}$/
const KEY_VALUE = /^[^=]+=/
/** C tor splits at what its locale calls blank, and our lines may come from anywhere. */
const PRINTABLE = /^[\x20-\x7e\t]*$/

/** Throws `BridgeLineError`. Its words carry no part of the line, which is a secret of the user's. */
export function parseBridgeLine(text: string): BridgeLine {
  if (text.length > MAX_BRIDGE_LINE_CHARS) {
    throw new BridgeLineError('too-long', `a bridge line has at most ${MAX_BRIDGE_LINE_CHARS} characters`)
  }
  if (!PRINTABLE.test(text)) {
    throw new BridgeLineError('bad-argument', 'a bridge line has printable ASCII characters only')
  }
  const words = text.split(/[ \t]+/).filter((word) => word !== '')
  const transport = TRANSPORT_NAME.test(words[0] ?? '') ? words.shift() : undefined
  const address = words.shift()
  if (address === undefined) {
    throw new BridgeLineError('empty', 'a bridge line has an address: IP:port, IPv6 in brackets')
  }
  const endpoint = parseEndpoint(address)
  if (transport !== undefined) return { transport, endpoint, ...readTransportWords(words) }
  // A fingerprint may be written in groups.
  const fingerprint = words.length === 0 ? undefined : parseFingerprint(words.join(''))
  return { transport, endpoint, fingerprint, args: [] }
}

/** The line that says the same; equal bridges have equal lines. */
export function formatBridgeLine({ transport, endpoint, fingerprint, args }: BridgeLine): string {
  const words = [
    transport,
    formatEndpoint(endpoint),
    fingerprint,
    ...args.map(([key, value]) => `${key}=${value}`),
  ]
  return words.filter((word) => word !== undefined).join(' ')
}

function readTransportWords(words: readonly string[]): Pick<BridgeLine, 'fingerprint' | 'args'> {
  const [first] = words
  const hasFingerprint = first !== undefined && !KEY_VALUE.test(first)
  const fingerprint = hasFingerprint ? parseFingerprint(first) : undefined
  return { fingerprint, args: words.slice(hasFingerprint ? 1 : 0).map(parseArgument) }
}

function parseArgument(word: string): readonly [string, string] {
  if (!KEY_VALUE.test(word)) {
    throw new BridgeLineError(
      'bad-argument',
      'what follows the fingerprint of a bridge line are key=value words',
    )
  }
  const equals = word.indexOf('=')
  return [word.slice(0, equals), word.slice(equals + 1)]
}

function parseFingerprint(text: string): RsaIdentity {
  if (!FINGERPRINT.test(text)) {
    throw new BridgeLineError('bad-fingerprint', 'the fingerprint of a bridge line has 40 hex digits')
  }
  return parseRsaIdentity(text)
}

/** An IPv6 address may stand without brackets when no port follows. */
function parseEndpoint(text: string): Endpoint {
  if (isIPv6(text)) return checkedEndpoint(text, DEFAULT_PORT)
  const bracketed = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/.exec(text)
  const plain = /^([0-9.]+)(?::([0-9]{1,5}))?$/.exec(text)
  const [, host = '', port] = bracketed ?? plain ?? []
  if (!(bracketed === null ? isIPv4(host) : isIPv6(host))) throw badAddress()
  return checkedEndpoint(host, port === undefined ? DEFAULT_PORT : Number(port))
}

function checkedEndpoint(host: string, port: number): Endpoint {
  if (host.includes('%') || port < 1 || port > MAX_PORT) throw badAddress()
  const bytes = parseIp(host)
  // Systems take it for this very machine.
  if (isAllZero(bytes)) throw badAddress()
  return { host: formatIp(bytes), port }
}

function badAddress(): BridgeLineError {
  return new BridgeLineError(
    'bad-address',
    'a bridge line has an IP address, IPv6 in brackets, and a port from 1 to 65535; names are never looked up',
  )
}
