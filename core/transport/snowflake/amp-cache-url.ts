/** The address by which an AMP cache fetches another one (AMP's "cache URL format"). */
import { domainToASCII, domainToUnicode } from 'node:url'
import { sha256 } from '../../crypto/hash.ts'
import { TorError } from '../../util/errors.ts'

const MAX_LABEL_CHARS = 63
const BASE32_DIGITS = 'abcdefghijklmnopqrstuvwxyz234567'
/** A document, for AMP caches. */
const CONTENT_TYPE = 'c'

/** Throws `bad-config` for addresses that no AMP cache fetches, or that no cache has. */
export function ampCacheUrl(published: URL, cache: URL): URL {
  if (published.port !== '' || published.username !== '' || published.password !== '') {
    throw new TorError('bad-config', 'through an AMP cache, url= has neither a port nor a user')
  }
  if (cache.search !== '' || cache.hash !== '') {
    throw new TorError('bad-config', 'ampcache= has neither a question mark nor a hash')
  }
  const scheme = published.protocol === 'https:' ? '/s' : ''
  const base = cache.pathname.replace(/\/+$/, '')
  const path = `${base}/${CONTENT_TYPE}${scheme}/${published.hostname}${published.pathname}`
  try {
    return new URL(`${cache.protocol}//${domainPrefix(published.hostname)}.${cache.host}${path}`)
  } catch {
    // An IP address, below which there are no names.
    throw new TorError('bad-config', 'ampcache= names its server by a host name')
  }
}

/** The name below the cache's own that stands for a publisher's. */
export function domainPrefix(domain: string): string {
  const readable = domainToUnicode(domain).replaceAll('-', '--').replaceAll('.', '-')
  const isLikePunycode = readable.startsWith('--', 2)
  const prefix = domainToASCII(isLikePunycode ? `0-${readable}-0` : readable)
  return prefix === '' || prefix.length > MAX_LABEL_CHARS ? hashOfDomain(domain) : prefix
}

function hashOfDomain(domain: string): string {
  const hash = sha256(Buffer.from(domain))
  let digits = ''
  let [bits, count] = [0, 0]
  for (const byte of [...hash, 0]) {
    bits = ((bits << 8) | byte) & 0xfff
    count += 8
    for (; count >= 5; count -= 5) digits += BASE32_DIGITS[(bits >> (count - 5)) & 31]
  }
  return digits.slice(0, Math.ceil((hash.length * 8) / 5))
}
