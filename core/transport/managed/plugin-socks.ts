/**
 * What is said to a plugin to reach a bridge, and what its answers mean: SOCKS5 or SOCKS4 with the line's arguments in
 * place of a login (pt-spec 3.5). Pure: bytes in, bytes out.
 */
import { isIPv4 } from 'node:net'
import type { BridgeLine } from '../../linkspec/bridge-line.ts'
import type { Endpoint } from '../../linkspec/relay-target.ts'
import { TorError } from '../../util/errors.ts'
import { parseIp } from '../../util/ip-address.ts'
import type { ProxyHandshake, ProxyStep } from '../proxy-handshake.ts'
import { pluginFailed } from './plugin-handshake.ts'
import { joinSocksArguments, type SocksLogin, splitForSocks5 } from './socks-arguments.ts'

const INCOMPLETE: ProxyStep = { kind: 'incomplete' }

/** Throws `bad-config` for arguments that do not fit. The handshake throws `channel-failed`, without addresses. */
export function startPluginSocks(
  socks: 'socks4' | 'socks5',
  { endpoint, args }: Pick<BridgeLine, 'endpoint' | 'args'>,
): ProxyHandshake {
  const joined = joinSocksArguments(args)
  return socks === 'socks5'
    ? new PluginSocks5(endpoint, splitForSocks5(joined))
    : startPluginSocks4(endpoint, joined)
}

const SOCKS4_ANSWER_BYTES = 8
const SOCKS4_GRANTED = 90

function startPluginSocks4(endpoint: Endpoint, userId: Buffer): ProxyHandshake {
  if (!isIPv4(endpoint.host)) {
    throw new TorError('bad-config', 'the transport plugin takes SOCKS4, which has no IPv6 addresses')
  }
  const head = [Buffer.of(4, 1), portBytes(endpoint), parseIp(endpoint.host)]
  return {
    firstBytes: Buffer.concat([...head, userId, Buffer.of(0)]),
    onAnswer(bytes) {
      if (bytes.length > 0 && bytes[0] !== 0) throw notSocks()
      if (bytes.length < SOCKS4_ANSWER_BYTES) return INCOMPLETE
      if (bytes[1] !== SOCKS4_GRANTED) throw bridgeFailed('could not reach the bridge')
      return { kind: 'done', usedBytes: SOCKS4_ANSWER_BYTES }
    },
  }
}

const NO_LOGIN = 0
const LOGIN = 2
const NO_METHOD = 0xff
const IPV4 = 1
const IPV6 = 4
const ADDRESS_BYTES: ReadonlyMap<number, number> = new Map([
  [IPV4, 4],
  [IPV6, 16],
])
const NAME = 3

/** RFC 1928, as plugins use its codes. */
const REFUSALS: ReadonlyMap<number, string> = new Map([
  [2, 'may not connect to the bridge'],
  [3, 'cannot reach the network of the bridge'],
  [4, 'cannot reach the bridge'],
  [5, 'was refused by the bridge'],
  [6, 'could not reach the bridge in time'],
])

class PluginSocks5 implements ProxyHandshake {
  readonly firstBytes: Buffer
  readonly #endpoint: Endpoint
  readonly #login: SocksLogin | undefined
  #state: 'method' | 'login' | 'connect' = 'method'

  constructor(endpoint: Endpoint, login: SocksLogin | undefined) {
    this.#endpoint = endpoint
    this.#login = login
    this.firstBytes = Buffer.of(5, 1, login === undefined ? NO_LOGIN : LOGIN)
  }

  onAnswer(bytes: Buffer): ProxyStep {
    const version = this.#state === 'login' ? 1 : 5
    if (bytes.length > 0 && bytes[0] !== version) throw notSocks()
    if (bytes.length < 2) return INCOMPLETE
    const [, code = 0] = bytes
    switch (this.#state) {
      case 'method':
        return this.#onMethod(code)
      case 'login':
        if (code !== 0) throw bridgeFailed("does not take the bridge line's arguments")
        return this.#connect()
      case 'connect':
        return onReply(bytes, code)
    }
  }

  #onMethod(method: number): ProxyStep {
    if (method === NO_METHOD) throw bridgeFailed("does not take the bridge line's arguments")
    if (method !== (this.#login === undefined ? NO_LOGIN : LOGIN)) throw notSocks()
    if (this.#login === undefined) return this.#connect()
    const { username, password } = this.#login
    this.#state = 'login'
    const lengths = [Buffer.of(1, username.length), Buffer.of(password.length)] as const
    return { kind: 'send', bytes: Buffer.concat([lengths[0], username, lengths[1], password]), usedBytes: 2 }
  }

  #connect(): ProxyStep {
    this.#state = 'connect'
    const address = parseIp(this.#endpoint.host)
    const head = Buffer.of(5, 1, 0, address.length === 4 ? IPV4 : IPV6)
    return { kind: 'send', bytes: Buffer.concat([head, address, portBytes(this.#endpoint)]), usedBytes: 2 }
  }
}

function onReply(bytes: Buffer, code: number): ProxyStep {
  if (code !== 0) throw bridgeFailed(REFUSALS.get(code) ?? 'could not connect to the bridge')
  const type = bytes[3]
  if (type === undefined) return INCOMPLETE
  const nameBytes = bytes[4]
  if (type === NAME && nameBytes === undefined) return INCOMPLETE
  const addressBytes = type === NAME ? 1 + (nameBytes ?? 0) : ADDRESS_BYTES.get(type)
  if (addressBytes === undefined) throw notSocks()
  const usedBytes = 4 + addressBytes + 2
  return bytes.length < usedBytes ? INCOMPLETE : { kind: 'done', usedBytes }
}

function portBytes({ port }: Endpoint): Buffer {
  return Buffer.of(port >> 8, port & 255)
}

function notSocks(): TorError {
  return pluginFailed('does not speak SOCKS')
}

function bridgeFailed(what: string): TorError {
  return new TorError('channel-failed', `the transport plugin ${what}`, { retry: 'elsewhere' })
}
