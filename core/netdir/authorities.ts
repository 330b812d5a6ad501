/** The directory authorities: the only trust roots of the network, built in or given as `DirAuthority` lines. */
import { type RsaIdentity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import type { Endpoint } from '../linkspec/relay-target.ts'
import builtIn from './authorities.json' with { type: 'json' }
import {
  badOption,
  parseFingerprint,
  parseIpv4Endpoint,
  parseIpv6Endpoint,
  parsePort,
  parseWeight,
  splitSetting,
  splitWords,
} from './dir-line.ts'

export interface Authority {
  readonly nickname: string
  /** Fingerprint of the identity key that signs its certificates; undefined for a bridge authority. */
  readonly v3Identity: RsaIdentity | undefined
  /** The identity of its relay. */
  readonly rsaIdentity: RsaIdentity
  /** Where its relay listens (ORPort), IPv4 first; empty when the line names no ORPort. */
  readonly endpoints: readonly Endpoint[]
  readonly isBridgeAuthority: boolean
}

export const DEFAULT_AUTHORITIES: readonly Authority[] = builtIn.authorities.map((entry) => ({
  nickname: entry.nickname,
  v3Identity: entry.v3Identity === null ? undefined : parseRsaIdentity(entry.v3Identity),
  rsaIdentity: parseRsaIdentity(entry.rsaIdentity),
  endpoints: entry.endpoints,
  isBridgeAuthority: entry.isBridgeAuthority,
}))

/** The identities whose signatures make a consensus: more than half of them are needed. */
export function trustedV3Identities(authorities: readonly Authority[]): RsaIdentity[] {
  const ids = new Set<RsaIdentity>()
  for (const { v3Identity } of authorities) if (v3Identity !== undefined) ids.add(v3Identity)
  return [...ids]
}

const OPTION = 'DirAuthority'

/**
 * Parses the value of C tor's `DirAuthority` option: `[nickname] [flags] ipv4:dirport fingerprint`, where flags are
 * `orport=`, `v3ident=`, `ipv6=[..]:port`, `weight=`, `bridge`, and some that mean nothing to a client.
 * Throws `bad-config`.
 */
export function parseDirAuthority(text: string): Authority {
  const words = splitWords(OPTION, text)
  // The nickname is the only word that may come before flags and address, and it has neither "=" nor ":".
  const nickname = isNickname(words[0]) ? (words.shift() ?? '') : 'unnamed'
  const flags = new AuthorityFlags()
  while (words[0] !== undefined && !words[0].startsWith('[') && !/^[0-9.]+:/.test(words[0])) {
    flags.read(words.shift() ?? '')
  }
  const address = words.shift()
  if (address === undefined) badOption(OPTION, 'an address as IPv4:port', text)
  const { host } = parseIpv4Endpoint(OPTION, address, 0)
  const endpoints = flags.orPort === undefined ? [] : [{ host, port: flags.orPort }]
  if (flags.ipv6 !== undefined) endpoints.push(flags.ipv6)
  return {
    nickname,
    v3Identity: flags.v3Identity,
    rsaIdentity: parseFingerprint(OPTION, words),
    endpoints,
    isBridgeAuthority: flags.isBridge,
  }
}

class AuthorityFlags {
  orPort: number | undefined
  v3Identity: RsaIdentity | undefined
  ipv6: Endpoint | undefined
  isBridge = false

  read(word: string): void {
    const { name, value } = splitSetting(word)
    if (name === 'orport') this.orPort = parsePort(OPTION, value, 1)
    else if (name === 'v3ident') this.v3Identity = parseFingerprint(OPTION, [value])
    else if (name === 'ipv6') this.ipv6 = parseIpv6Endpoint(OPTION, value)
    else if (name === 'weight') parseWeight(OPTION, value)
    else if (name === 'bridge') this.isBridge = true
    else if (!IGNORED_FLAGS.has(name)) badOption(OPTION, 'a flag or an address as IPv4:port', word)
  }
}

/** Flags of C tor that a client has no use for: old directory versions, and where authorities upload and vote. */
const IGNORED_FLAGS = new Set(['v1', 'v2', 'no-v2', 'hs', 'no-hs', 'upload', 'download', 'vote', 'directory'])

function isNickname(word: string | undefined): boolean {
  if (word === undefined || !/^[A-Za-z0-9]{1,19}$/.test(word)) return false
  return word.toLowerCase() !== 'bridge' && !IGNORED_FLAGS.has(word.toLowerCase())
}
