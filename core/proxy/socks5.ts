/**
 * SOCKS5 as an application speaks it to us (RFC 1928, RFC 1929, and Tor's socks-extensions): methods 0 and 2,
 * CONNECT, RESOLVE. Pure and incremental: bytes go in, replies and at last one request come out.
 */
import type { ResolvedAddress } from '../client/client-port.ts'
import type { ErrorKind } from '../util/errors.ts'
import { IPV4_BYTES, IPV6_BYTES, formatIp, parseIp } from '../util/ip-address.ts'
import { type AppRequest, type HandshakeParser, type HandshakeStep, NEED_MORE } from './app-request.ts'
import { HandshakeBuffer } from './handshake-buffer.ts'
import { SOCKS5_REPLY, type Socks5Reply, socks5ReplyFor } from './reply-codes.ts'
import { type Credentials, NO_CREDENTIALS } from './request-isolation.ts'

export const SOCKS5_VERSION = 5

const METHOD_NONE = 0
const METHOD_USER_PASSWORD = 2
const METHOD_UNACCEPTABLE = 0xff
/** RFC 1929: the version of the sub-negotiation, not of SOCKS. */
const AUTH_VERSION = 1
const AUTH_SUCCEEDED = 0
const AUTH_FAILED = 1

const COMMAND_CONNECT = 1
/** socks-extensions 2. */
const COMMAND_RESOLVE = 0xf0

const ADDRESS_IPV4 = 1
const ADDRESS_NAME = 3
const ADDRESS_IPV6 = 4

/** Usernames of this form carry commands of later protocols (proposal 351); to take one for a plain name would isolate wrongly. */
const EXTENDED_USERNAME = '<torS0X>'

type State =
  | { readonly kind: 'methods' }
  | { readonly kind: 'auth' }
  | { readonly kind: 'request'; readonly credentials: Credentials }

export class Socks5Parser implements HandshakeParser {
  readonly #buffer: HandshakeBuffer
  #state: State = { kind: 'methods' }

  /** `limitBytes` bounds the whole handshake with the bytes behind it. */
  constructor(limitBytes: number) {
    this.#buffer = new HandshakeBuffer(limitBytes)
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes)
  }

  next(): HandshakeStep {
    switch (this.#state.kind) {
      case 'methods':
        return this.#readMethods()
      case 'auth':
        return this.#readAuth()
      case 'request':
        return this.#readRequest(this.#state.credentials)
    }
  }

  /** VER NMETHODS METHODS. User and password are preferred where offered: they isolate. */
  #readMethods(): HandshakeStep {
    const { bytes } = this.#buffer
    const [version, count] = bytes
    if (version === undefined) return NEED_MORE
    if (version !== SOCKS5_VERSION) return refuseMethods('not SOCKS version 5')
    if (count === undefined || bytes.length < 2 + count) return NEED_MORE
    const methods = this.#buffer.consume(2 + count).subarray(2)
    if (methods.includes(METHOD_USER_PASSWORD)) {
      this.#state = { kind: 'auth' }
      return { kind: 'reply', bytes: Buffer.from([SOCKS5_VERSION, METHOD_USER_PASSWORD]) }
    }
    if (methods.includes(METHOD_NONE)) {
      this.#state = { kind: 'request', credentials: NO_CREDENTIALS }
      return { kind: 'reply', bytes: Buffer.from([SOCKS5_VERSION, METHOD_NONE]) }
    }
    return refuseMethods('no authentication method that we have')
  }

  /** RFC 1929: VER ULEN UNAME PLEN PASSWD. */
  #readAuth(): HandshakeStep {
    const { bytes } = this.#buffer
    const [version, nameLength] = bytes
    if (version === undefined) return NEED_MORE
    if (version !== AUTH_VERSION) return refuseAuth('unknown version of user and password')
    if (nameLength === undefined) return NEED_MORE
    const passwordLength = bytes[2 + nameLength]
    if (passwordLength === undefined || bytes.length < 3 + nameLength + passwordLength) return NEED_MORE
    const message = this.#buffer.consume(3 + nameLength + passwordLength)
    const username = message.toString('latin1', 2, 2 + nameLength)
    const password = message.toString('latin1', 3 + nameLength)
    if (username.startsWith(EXTENDED_USERNAME)) return refuseAuth('extended user names are not supported')
    this.#state = { kind: 'request', credentials: { kind: 'socks5', username, password } }
    return { kind: 'reply', bytes: Buffer.from([AUTH_VERSION, AUTH_SUCCEEDED]) }
  }

  /** VER CMD RSV ATYP DST.ADDR DST.PORT. */
  #readRequest(credentials: Credentials): HandshakeStep {
    const { bytes } = this.#buffer
    const [version, command, , addressType] = bytes
    if (version === undefined) return NEED_MORE
    if (version !== SOCKS5_VERSION) return refuseRequest(SOCKS5_REPLY.generalFailure, 'not SOCKS version 5')
    if (command === undefined || addressType === undefined) return NEED_MORE
    const wanted = commandOf(command)
    if (wanted === undefined) {
      return refuseRequest(SOCKS5_REPLY.commandNotSupported, `SOCKS5 command ${command} is not supported`)
    }
    const length = addressLength(addressType, bytes)
    if (length === 'unknown') {
      return refuseRequest(SOCKS5_REPLY.addressTypeNotSupported, `SOCKS5 address type ${addressType}`)
    }
    if (length === undefined || bytes.length < 4 + length + 2) return NEED_MORE
    const message = this.#buffer.consume(4 + length + 2)
    const address = message.subarray(4, 4 + length)
    const request: AppRequest = {
      command: wanted,
      protocol: 'socks5',
      host: addressType === ADDRESS_NAME ? address.toString('latin1', 1) : formatIp(address),
      port: message.readUInt16BE(4 + length),
      credentials,
      replies: SOCKS5_REPLIES,
    }
    return { kind: 'request', request, rest: this.#buffer.takeRest() }
  }
}

function commandOf(command: number): AppRequest['command'] | undefined {
  if (command === COMMAND_CONNECT) return 'connect'
  // BIND (2), UDP ASSOCIATE (3) and RESOLVE_PTR (0xF1) are answered with "command not supported".
  return command === COMMAND_RESOLVE ? 'resolve' : undefined
}

/** Bytes of DST.ADDR, with the length byte of a name; undefined when that byte has not come yet. */
function addressLength(addressType: number, bytes: Buffer): number | 'unknown' | undefined {
  if (addressType === ADDRESS_IPV4) return IPV4_BYTES
  if (addressType === ADDRESS_IPV6) return IPV6_BYTES
  if (addressType !== ADDRESS_NAME) return 'unknown'
  const nameLength = bytes[4]
  return nameLength === undefined ? undefined : 1 + nameLength
}

function refuseMethods(reason: string): HandshakeStep {
  return { kind: 'refused', bytes: Buffer.from([SOCKS5_VERSION, METHOD_UNACCEPTABLE]), reason }
}

function refuseAuth(reason: string): HandshakeStep {
  return { kind: 'refused', bytes: Buffer.from([AUTH_VERSION, AUTH_FAILED]), reason }
}

function refuseRequest(reply: Socks5Reply, reason: string): HandshakeStep {
  return { kind: 'refused', bytes: encodeSocks5Reply(reply), reason }
}

/** VER REP RSV ATYP BND.ADDR BND.PORT; without an address the bound one is 0.0.0.0:0, as C tor sends it. */
export function encodeSocks5Reply(
  reply: Socks5Reply,
  address: Uint8Array = Buffer.alloc(IPV4_BYTES),
): Buffer {
  const addressType = address.length === IPV4_BYTES ? ADDRESS_IPV4 : ADDRESS_IPV6
  return Buffer.concat([Buffer.from([SOCKS5_VERSION, reply, 0, addressType]), address, Buffer.alloc(2)])
}

const SOCKS5_REPLIES = {
  connected: (): Buffer => encodeSocks5Reply(SOCKS5_REPLY.succeeded),
  resolved: (addresses: readonly ResolvedAddress[]): Buffer | undefined => {
    const [first] = addresses
    return first === undefined ? undefined : encodeSocks5Reply(SOCKS5_REPLY.succeeded, parseIp(first.address))
  },
  failed: (kind: ErrorKind): Buffer => encodeSocks5Reply(socks5ReplyFor(kind)),
}
