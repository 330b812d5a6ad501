/** Where a stream should go: a checked host and port. Everything that reaches a BEGIN cell has come through here. */
import { isIP } from 'node:net'
import { TorError } from '../util/errors.ts'

export interface StreamTarget {
  /** Lower-case ASCII name, or an IP literal without brackets. */
  readonly host: string
  readonly port: number
  readonly kind: 'name' | 'ipv4' | 'ipv6' | 'onion'
}

/** tor-spec 6.2 sends `host:port\0` in one cell; names on the Internet end at 253 characters (RFC 1035). */
const MAX_HOST_CHARS = 253
const HOST_NAME = /^[a-z0-9._-]+$/

/**
 * Checks and normalizes a host and port from an application. Throws `bad-target` for an empty or over-long name, one
 * with characters outside letters, digits, dot, hyphen and underscore, and for a port outside 1..65535.
 */
export function parseStreamTarget(host: string, port: number): StreamTarget {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new TorError('bad-target', 'port out of range')
  return { ...parseStreamHost(host), port }
}

/** The same for a name alone, as RESOLVE needs it. */
export function parseStreamHost(host: string): Pick<StreamTarget, 'host' | 'kind'> {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const family = isIP(bare)
  if (family === 4) return { host: bare, kind: 'ipv4' }
  // A zone index ("%eth0") means something on this machine only.
  if (family === 6 && !bare.includes('%')) return { host: bare.toLowerCase(), kind: 'ipv6' }
  const name = host.toLowerCase().replace(/\.$/, '')
  if (name.length === 0 || name.length > MAX_HOST_CHARS || !HOST_NAME.test(name)) {
    throw new TorError('bad-target', 'the host is neither an IP address nor a valid name')
  }
  return { host: name, kind: name.endsWith('.onion') ? 'onion' : 'name' }
}
