/**
 * SOCKS5 as an application speaks it to us (RFC 1928, RFC 1929, and Tor's socks-extensions): methods 0 and 2,
 * CONNECT, RESOLVE, RESOLVE_PTR. Pure and incremental: bytes go in, replies and at last one request come out. Every
 * answer is C tor's, byte for byte.
 */
import { isIP } from 'node:net'
import type { ResolvedName } from '../client/client-port.ts'
import { IPV4_BYTES, IPV6_BYTES, formatIp, parseIp } from '../util/ip-address.ts'
import {
  type AppRequest,
  type HandshakeParser,
  type HandshakeStep,
  NEED_MORE,
  type RequestReplies,
} from './app-request.ts'
import { HandshakeBuffer } from '../util/handshake-buffer.ts'
import { extendedReplyFor, SOCKS5_REPLY, type Socks5Reply, socks5ReplyFor } from './reply-codes.ts'
import { type Credentials, NO_CREDENTIALS } from './request-isolation.ts'

export const SOCKS5_VERSION = 5

const METHOD_NONE = 0
const METHOD_USER_PASSWORD = 2
const METHOD_UNACCEPTABLE = 0xff
const PREFERS_AUTH = [METHOD_USER_PASSWORD, METHOD_NONE]
const PREFERS_NO_AUTH = [METHOD_NONE, METHOD_USER_PASSWORD]
/** RFC 1929: the version of the sub-negotiation, not of SOCKS. */
const AUTH_VERSION = 1
const AUTH_SUCCEEDED = 0

const COMMAND_CONNECT = 1
const COMMAND_BIND = 2
const COMMAND_UDP_ASSOCIATE = 3
/** socks-extensions 2. */
const COMMAND_RESOLVE = 0xf0
const COMMAND_RESOLVE_PTR = 0xf1

const ADDRESS_NONE = 0
const ADDRESS_IPV4 = 1
const ADDRESS_NAME = 3
const ADDRESS_IPV6 = 4

/** Proposal 351: a user name that begins so says in its next byte what the rest of it and the password mean. */
const EXTENDED_USERNAME = '<torS0X>'
/** Format 0: the password isolates, and the name ends here. */
const EXTENDED_ISOLATION = `${EXTENDED_USERNAME}0`

/** The flags of a listener that change how SOCKS5 is spoken. */
export interface Socks5Options {
  /** ExtendedErrors. */
  readonly extendedErrors: boolean
  /** PreferSOCKSNoAuth. */
  readonly prefersNoAuth: boolean
}

type State =
  | { readonly kind: 'methods' }
  | { readonly kind: 'auth' }
  | { readonly kind: 'request'; readonly credentials: Credentials }

export class Socks5Parser implements HandshakeParser {
  readonly #buffer: HandshakeBuffer
  readonly #options: Socks5Options
  #state: State = { kind: 'methods' }

  /** `limitBytes` bounds the whole handshake with the bytes behind it. */
  constructor(limitBytes: number, options: Socks5Options) {
    this.#options = options
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

  /** VER NMETHODS METHODS. User and password are preferred where offered, unless the flag says no: they isolate. */
  #readMethods(): HandshakeStep {
    const { bytes } = this.#buffer
    // Not taken apart as a list: that walks a buffer by its iterator, at ten times the price.
    const version = bytes[0]
    const count = bytes[1]
    if (version === undefined) return NEED_MORE
    if (version !== SOCKS5_VERSION) return refuseMethods('not SOCKS version 5')
    if (count === undefined || bytes.length < 2 + count) return NEED_MORE
    if (count === 0) return { kind: 'refused', bytes: Buffer.alloc(0), reason: 'no authentication method' }
    const method = this.#chooseMethod(this.#buffer.consume(2 + count).subarray(2))
    if (method === undefined) return refuseMethods('no authentication method that we have')
    this.#state = method === METHOD_NONE ? { kind: 'request', credentials: NO_CREDENTIALS } : { kind: 'auth' }
    return method === METHOD_NONE ? CHOSE_NO_METHOD : CHOSE_USER_PASSWORD
  }

  #chooseMethod(offered: Buffer): number | undefined {
    const preferred = this.#options.prefersNoAuth ? PREFERS_NO_AUTH : PREFERS_AUTH
    return preferred.find((method) => offered.includes(method))
  }

  /** RFC 1929: VER ULEN UNAME PLEN PASSWD. */
  #readAuth(): HandshakeStep {
    const { bytes } = this.#buffer
    const version = bytes[0]
    const nameLength = bytes[1]
    if (version === undefined) return NEED_MORE
    if (version !== AUTH_VERSION) return refuseAuth('unknown version of user and password')
    if (nameLength === undefined) return NEED_MORE
    const passwordLength = bytes[2 + nameLength]
    if (passwordLength === undefined || bytes.length < 3 + nameLength + passwordLength) return NEED_MORE
    const message = this.#buffer.consume(3 + nameLength + passwordLength)
    const username = message.toString('latin1', 2, 2 + nameLength)
    const password = message.toString('latin1', 3 + nameLength)
    const credentials = readCredentials(username, password)
    if (credentials === undefined) return refuseAuth('an extended user name of a format that we do not have')
    this.#state = { kind: 'request', credentials }
    return AUTHENTICATED
  }

  /** VER CMD RSV ATYP DST.ADDR DST.PORT. */
  #readRequest(credentials: Credentials): HandshakeStep {
    const { bytes } = this.#buffer
    const version = bytes[0]
    const command = bytes[1]
    const addressType = bytes[3]
    if (version === undefined) return NEED_MORE
    // socks-extensions 1.1: some clients send user and password although none were asked for.
    if (version === AUTH_VERSION && credentials.kind === 'none') return this.#readAuth()
    if (version !== SOCKS5_VERSION) return refuseRequest(SOCKS5_REPLY.generalFailure, 'not SOCKS version 5')
    if (command === undefined || addressType === undefined) return NEED_MORE
    const wanted = COMMANDS.get(command)
    if (wanted === undefined) {
      const isStandard = command === COMMAND_BIND || command === COMMAND_UDP_ASSOCIATE
      const reply = isStandard ? SOCKS5_REPLY.commandNotSupported : SOCKS5_REPLY.generalFailure
      return refuseRequest(reply, `SOCKS5 command ${command} is not supported`)
    }
    const length = addressLength(addressType, bytes)
    if (length === 'unknown') {
      return refuseRequest(SOCKS5_REPLY.generalFailure, `SOCKS5 address type ${addressType}`)
    }
    if (length === undefined || bytes.length < 4 + length + 2) return NEED_MORE
    return this.#finish(wanted, this.#buffer.consume(4 + length + 2), credentials)
  }

  #finish(command: AppRequest['command'], message: Buffer, credentials: Credentials): HandshakeStep {
    const isName = message[3] === ADDRESS_NAME
    const address = message.subarray(4, -2)
    const host = isName ? address.toString('latin1', 1) : formatIp(address)
    if (command === 'resolve-address' && isIP(host) === 0) {
      return refuseRequest(SOCKS5_REPLY.addressTypeNotSupported, 'RESOLVE_PTR without an address')
    }
    const request: AppRequest = {
      command,
      protocol: 'socks5',
      host,
      port: message.readUInt16BE(message.length - 2),
      namesAddress: !isName && command !== 'resolve-address',
      credentials,
      replies: repliesTo(command, host, this.#options.extendedErrors),
    }
    return { kind: 'request', request, rest: this.#buffer.takeRest() }
  }
}

const COMMANDS: ReadonlyMap<number, AppRequest['command']> = new Map([
  [COMMAND_CONNECT, 'connect'],
  [COMMAND_RESOLVE, 'resolve'],
  [COMMAND_RESOLVE_PTR, 'resolve-address'],
])

/**
 * Legacy names and passwords isolate as a pair; the extended form is a kind of its own, so that the two never share.
 * Undefined for an extended name of format 1 (an RPC object, which we do not have), another format, or a longer name.
 */
function readCredentials(username: string, password: string): Credentials | undefined {
  if (!username.startsWith(EXTENDED_USERNAME)) return { kind: 'socks5', username, password }
  return username === EXTENDED_ISOLATION ? { kind: 'socks5-extended', isolation: password } : undefined
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

/** C tor sends a whole reply here; its second byte is the failed status of RFC 1929 as well. */
function refuseAuth(reason: string): HandshakeStep {
  return refuseRequest(SOCKS5_REPLY.generalFailure, reason)
}

function refuseRequest(reply: Socks5Reply, reason: string): HandshakeStep {
  return { kind: 'refused', bytes: encodeSocks5Reply(reply), reason }
}

/** VER REP RSV ATYP BND.ADDR BND.PORT; without an address the bound one is 0.0.0.0:0, as C tor sends it. */
export function encodeSocks5Reply(
  reply: Socks5Reply,
  address: Uint8Array = Buffer.alloc(IPV4_BYTES),
): Buffer {
  return encodeReply(reply, address.length === IPV4_BYTES ? ADDRESS_IPV4 : ADDRESS_IPV6, address)
}

function encodeReply(reply: Socks5Reply, addressType: number, address: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([SOCKS5_VERSION, reply, 0, addressType]), address, Buffer.alloc(2)])
}

/** The replies that every connection gets, made once. */
const CHOSE_NO_METHOD = replyStep(SOCKS5_VERSION, METHOD_NONE)
const CHOSE_USER_PASSWORD = replyStep(SOCKS5_VERSION, METHOD_USER_PASSWORD)
const AUTHENTICATED = replyStep(AUTH_VERSION, AUTH_SUCCEEDED)
const CONNECTED = encodeSocks5Reply(SOCKS5_REPLY.succeeded)

function replyStep(...bytes: readonly number[]): HandshakeStep {
  return { kind: 'reply', bytes: Buffer.from(bytes) }
}

/** C tor's answer to any look-up that failed: "host unreachable", and no address at all. */
const LOOK_UP_FAILED = encodeReply(SOCKS5_REPLY.hostUnreachable, ADDRESS_NONE, Buffer.alloc(IPV4_BYTES))

function repliesTo(command: AppRequest['command'], host: string, isExtended: boolean): RequestReplies {
  return {
    connected: () => CONNECTED,
    resolved([first]) {
      return first === undefined
        ? undefined
        : encodeSocks5Reply(SOCKS5_REPLY.succeeded, parseIp(first.address))
    },
    named: encodeName,
    failed({ kind }) {
      if (command !== 'connect') return LOOK_UP_FAILED
      const extended = isExtended ? extendedReplyFor(kind, host) : undefined
      return encodeSocks5Reply(extended ?? socks5ReplyFor(kind))
    },
  }
}

/** The first name that fits: its length is one byte. */
function encodeName(names: readonly ResolvedName[]): Buffer | undefined {
  const name = names.map((found) => Buffer.from(found.name, 'latin1')).find(({ length }) => length <= 0xff)
  if (name === undefined) return undefined
  return encodeReply(SOCKS5_REPLY.succeeded, ADDRESS_NAME, Buffer.concat([Buffer.from([name.length]), name]))
}
