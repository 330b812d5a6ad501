/** Where a stream should go: a checked host and port. Everything that reaches a BEGIN cell has come through here. */
import { isIP } from 'node:net'
import { TorError } from '../util/errors.ts'
import { endsInNumber } from '../util/host-name.ts'
import { formatIp, parseIp } from '../util/ip-address.ts'

export interface StreamHost {
  /** Lower-case ASCII name, or an IP literal without brackets. */
  readonly host: string
  readonly kind: 'name' | 'ipv4' | 'ipv6' | 'onion'
}

export interface StreamTarget extends StreamHost {
  readonly port: number
}

/** tor-spec 6.2 sends `host:port\0` in one cell; names on the Internet end at 253 characters (RFC 1035). */
const MAX_HOST_CHARS = 253
/** What BEGIN can say at all; whether odd characters are let through is said by AllowNonRFC953Hostnames. */
const SAYABLE_NAME = /^[\x21-\x39\x3b-\x5a\x5e-\x7e]+$/
/** No DNS name has one; and one dot too many must not make "abc.onion.." pass for a name that is none of ours. */
const EMPTY_LABEL = /^\.|\.\.|\.$/

/**
 * Checks and normalizes a host and port from an application. Throws `bad-target` for an empty or over-long name, one
 * that is not printable ASCII, one with an empty label, one that ends in a number without being an address, and for a port outside 1..65535.
 */
export function parseStreamTarget(host: string, port: number): StreamTarget {
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new TorError('bad-target', 'port out of range')
  return { ...parseStreamHost(host), port }
}

/** The same for a name alone, as RESOLVE needs it. */
export function parseStreamHost(host: string): StreamHost {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
  const family = isIP(bare)
  if (family === 4) return { host: bare, kind: 'ipv4' }
  // A zone index ("%eth0") means something on this machine only.
  if (family === 6 && !bare.includes('%')) return { host: formatIp(parseIp(bare)), kind: 'ipv6' }
  const name = host.toLowerCase().replace(/\.$/, '')
  if (name.length === 0 || name.length > MAX_HOST_CHARS || !SAYABLE_NAME.test(name)) {
    throw new TorError('bad-target', 'the host is neither an IP address nor a valid name')
  }
  if (EMPTY_LABEL.test(name)) throw new TorError('bad-target', 'the host has nothing between two dots')
  // "127.1" and "0x7f000001" are loopback to many a program, and no name to the DNS.
  if (endsInNumber(name)) throw new TorError('bad-target', 'the host ends in a number and is no IP address')
  return { host: name, kind: name.endsWith('.onion') ? 'onion' : 'name' }
}
