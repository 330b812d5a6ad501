/** Fallback directories: stable relays, built in or given as `FallbackDir` lines, to bootstrap from. */
import { type RsaIdentity, parseRsaIdentity } from '../linkspec/relay-ids.ts'
import type { ChannelTarget, Endpoint } from '../linkspec/relay-target.ts'
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
import builtIn from './fallback-dirs.json' with { type: 'json' }

export interface FallbackDir extends ChannelTarget {
  /** Relative chance to be asked; 1 unless said otherwise. */
  readonly weight: number
}

export const DEFAULT_FALLBACK_DIRS: readonly FallbackDir[] = builtIn.fallbacks.map((entry) => ({
  ids: { rsa: parseRsaIdentity(entry.rsaIdentity), ed25519: undefined },
  endpoints: entry.endpoints,
  weight: 1,
}))

const OPTION = 'FallbackDir'

/**
 * Parses the value of C tor's `FallbackDir` option: `ipv4:port orport=port id=fingerprint [weight=number]
 * [ipv6=[address]:port]`. Throws `bad-config`.
 */
export function parseFallbackDir(text: string): FallbackDir {
  const [address = '', ...words] = splitWords(OPTION, text)
  const { host } = parseIpv4Endpoint(OPTION, address, 0)
  let orPort: number | undefined
  let rsa: RsaIdentity | undefined
  let ipv6: Endpoint | undefined
  let weight = 1
  for (const word of words) {
    const { name, value } = splitSetting(word)
    if (name === 'orport') orPort = parsePort(OPTION, value, 1)
    else if (name === 'id') rsa = parseFingerprint(OPTION, [value])
    else if (name === 'ipv6') ipv6 = parseIpv6Endpoint(OPTION, value)
    else if (name === 'weight') weight = parseWeight(OPTION, value)
    else badOption(OPTION, 'orport=, id=, ipv6= or weight=', word)
  }
  if (orPort === undefined) badOption(OPTION, 'orport=port', text)
  if (rsa === undefined) badOption(OPTION, 'id=fingerprint', text)
  const ipv4 = { host, port: orPort }
  return { ids: { rsa, ed25519: undefined }, endpoints: ipv6 === undefined ? [ipv4] : [ipv4, ipv6], weight }
}
