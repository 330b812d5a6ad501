/**
 * Addresses that a stranger's word may have us send to. More than "not internal", which is C tor's question: here neither
 * groups of machines count, nor IPv6 that is IPv4 in other clothes and leads into somebody's own network after all.
 */
import { isIP } from 'node:net'
import { isInternalAddress } from './internal-address.ts'
import { formatIp, parseIp } from './ip-address.ts'

/** 224.0.0.0/4 is multicast; what is above it is reserved, up to the broadcast address. */
const IPV4_UNICAST_END = 224
/** 2000::/3, the only global unicast there is: ::/96, ::ffff:0:0/96 and NAT64's 64:ff9b::/96 with IPv4 in them are not of it. */
const GLOBAL_UNICAST = 0b001
/** 2001::/32 has two IPv4 addresses in it, and the system's own tunnel would send to them. */
const TEREDO = 0x2001_0000
/** 2002::/16, with the IPv4 address that it leads to behind it. */
const SIX_TO_FOUR = 0x2002

/** Whether this is an IP literal, without a zone, of one machine on the public Internet. */
export function isPublicAddress(address: string): boolean {
  if (isIP(address) === 0 || address.includes('%')) return false
  const bytes = parseIp(address)
  if (isIP(address) === 4) return bytes.readUInt8(0) < IPV4_UNICAST_END && !isInternalAddress(address)
  if (bytes.readUInt32BE(0) === TEREDO) return false
  const prefix = bytes.readUInt16BE(0)
  if (prefix === SIX_TO_FOUR) return isPublicAddress(formatIp(bytes.subarray(2, 6)))
  return prefix >>> 13 === GLOBAL_UNICAST
}
