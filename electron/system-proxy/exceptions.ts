/**
 * Which addresses the system proxy leaves alone, in each system's own format. Only what the person chose stands in the
 * list: an exception that somebody set earlier would be a hole in it, and comes back when the old settings do.
 */
import type { ProxyExceptions } from './proxy-backend.ts'

/** RFC 1918, link-local of both families, unique local addresses. */
const LAN_RANGES = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  'fc00::/7',
  'fe80::/10',
]
const LOOPBACK_RANGES = ['localhost', '127.0.0.0/8', '::1']
const MULTICAST_DNS = '*.local'

/** For gsettings and macOS: names with wildcards, and ranges. */
export function exceptionRanges(exceptions: ProxyExceptions): readonly string[] {
  return [
    ...(exceptions.loopback ? LOOPBACK_RANGES : []),
    ...(exceptions.lan ? [...LAN_RANGES, MULTICAST_DNS] : []),
  ]
}

/** KDE compares the ends of names, so that a wildcard would be taken for a part of the name. */
export function kdeExceptions(exceptions: ProxyExceptions): string {
  return exceptionRanges(exceptions)
    .map((entry) => (entry === MULTICAST_DNS ? '.local' : entry))
    .join(',')
}

function numbered(prefix: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `${prefix}${from + index}.*`)
}

/**
 * WinINET knows wildcards and no ranges; `<local>` are names without a dot. Unique local IPv6 addresses cannot be
 * said, so they go through the proxy, where the core refuses them.
 */
export function windowsExceptions(exceptions: ProxyExceptions): string {
  const loopback = ['localhost', '127.*', '[::1]']
  const lan = [
    '10.*',
    ...numbered('172.', 16, 31),
    '192.168.*',
    '169.254.*',
    '[fe80::*]',
    MULTICAST_DNS,
    '<local>',
  ]
  return [...(exceptions.loopback ? loopback : []), ...(exceptions.lan ? lan : [])].join(';')
}
