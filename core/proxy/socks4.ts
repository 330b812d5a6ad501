/**
 * SOCKS4 and SOCKS4a as an application speaks them to us: CONNECT and Tor's RESOLVE (socks-extensions 2). Pure and
 * incremental. The user id isolates like a SOCKS5 user name.
 */
import { IPV4_BYTES, formatIp, parseIp } from '../util/ip-address.ts'
import {
  type AppRequest,
  type HandshakeParser,
  type HandshakeStep,
  NEED_MORE,
  type RequestReplies,
} from './app-request.ts'
import { HandshakeBuffer } from '../util/handshake-buffer.ts'
import { SOCKS4_GRANTED, SOCKS4_REJECTED } from './reply-codes.ts'
import { NO_CREDENTIALS } from './request-isolation.ts'

export const SOCKS4_VERSION = 4

const COMMAND_CONNECT = 1
const COMMAND_RESOLVE = 0xf0
/** VN CD DSTPORT DSTIP come before the two texts. */
const HEAD_BYTES = 8
/** The lengths that SOCKS5 can express, which is what C tor holds SOCKS4 to. */
const MAX_TEXT_BYTES = 255

export class Socks4Parser implements HandshakeParser {
  readonly #buffer: HandshakeBuffer

  /** `limitBytes` bounds the whole handshake with the bytes behind it. */
  constructor(limitBytes: number) {
    this.#buffer = new HandshakeBuffer(limitBytes)
  }

  push(bytes: Uint8Array): void {
    this.#buffer.push(bytes)
  }

  next(): HandshakeStep {
    const { bytes } = this.#buffer
    const [version, command] = bytes
    if (version !== undefined && version !== SOCKS4_VERSION) return refuse('not SOCKS version 4')
    if (command !== undefined && command !== COMMAND_CONNECT && command !== COMMAND_RESOLVE) {
      return refuse(`SOCKS4 command ${command} is not supported`)
    }
    if (bytes.length < HEAD_BYTES) return NEED_MORE
    const userId = readText(bytes, HEAD_BYTES)
    if (userId === 'too-long') return refuse('the SOCKS4 user id is too long')
    if (userId === undefined) return NEED_MORE
    const ip = bytes.subarray(4, HEAD_BYTES)
    const name = isSocks4aMark(ip) ? readText(bytes, userId.end) : { text: formatIp(ip), end: userId.end }
    if (name === 'too-long') return refuse('the SOCKS4a name is too long')
    if (name === undefined) return NEED_MORE
    const isName = isSocks4aMark(ip)
    const port = bytes.readUInt16BE(2)
    if (command === COMMAND_CONNECT && (port === 0 || ip.readUInt32BE() === 0)) {
      return refuse('the SOCKS4 port or address is zero')
    }
    const request: AppRequest = {
      command: command === COMMAND_RESOLVE ? 'resolve' : 'connect',
      protocol: 'socks4',
      host: name.text,
      port,
      namesAddress: !isName,
      credentials: userId.text === '' ? NO_CREDENTIALS : { kind: 'socks4', userId: userId.text },
      replies: SOCKS4_REPLIES,
    }
    this.#buffer.consume(name.end)
    return { kind: 'request', request, rest: this.#buffer.takeRest() }
  }
}

/** 0.0.0.x with x not zero says that a name follows (SOCKS4a). */
function isSocks4aMark(ip: Buffer): boolean {
  return ip[0] === 0 && ip[1] === 0 && ip[2] === 0 && ip[3] !== 0
}

/** The NUL-terminated text at `start`; undefined while its end has not come. */
function readText(bytes: Buffer, start: number): { text: string; end: number } | 'too-long' | undefined {
  const nul = bytes.indexOf(0, start)
  const length = (nul === -1 ? bytes.length : nul) - start
  if (length > MAX_TEXT_BYTES) return 'too-long'
  return nul === -1 ? undefined : { text: bytes.toString('latin1', start, nul), end: nul + 1 }
}

function refuse(reason: string): HandshakeStep {
  return { kind: 'refused', bytes: encodeSocks4Reply(SOCKS4_REJECTED), reason }
}

/** VN (0 in replies) CD DSTPORT DSTIP. */
export function encodeSocks4Reply(code: number, ip: Uint8Array = Buffer.alloc(IPV4_BYTES)): Buffer {
  return Buffer.concat([Buffer.from([0, code, 0, 0]), ip])
}

const SOCKS4_REPLIES: RequestReplies = {
  connected: () => encodeSocks4Reply(SOCKS4_GRANTED),
  resolved(addresses) {
    const ipv4 = addresses.find((candidate) => candidate.family === 'ipv4')
    return ipv4 === undefined ? undefined : encodeSocks4Reply(SOCKS4_GRANTED, parseIp(ipv4.address))
  },
  // SOCKS4 has no RESOLVE_PTR.
  named: () => undefined,
  failed: () => encodeSocks4Reply(SOCKS4_REJECTED),
}
