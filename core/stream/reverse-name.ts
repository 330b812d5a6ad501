/** The name under which the DNS keeps the host names of an IP address (RFC 1035 3.5, RFC 3596 2.5). */
import { IPV4_BYTES, formatIp, IPV6_BYTES, parseIp } from '../util/ip-address.ts'

const IPV4_SUFFIX = '.in-addr.arpa'
const IPV6_SUFFIX = '.ip6.arpa'
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/
const NIBBLE = /^[0-9a-f]$/

/** `192.0.2.1` becomes `1.2.0.192.in-addr.arpa`. Throws `malformed` for what is no IP literal. */
export function reverseNameOf(address: string): string {
  const bytes = parseIp(address)
  if (bytes.length === IPV4_BYTES) return [...bytes].reverse().join('.') + IPV4_SUFFIX
  return bytes.toString('hex').split('').reverse().join('.') + IPV6_SUFFIX
}

/** The address that a complete reverse name stands for, or undefined for any other name. Lower case only. */
export function addressOfReverseName(name: string): string | undefined {
  if (name.endsWith(IPV4_SUFFIX)) {
    const octets = name.slice(0, -IPV4_SUFFIX.length).split('.').reverse()
    const isAddress =
      octets.length === IPV4_BYTES && octets.every((octet) => OCTET.test(octet) && Number(octet) < 256)
    return isAddress ? octets.join('.') : undefined
  }
  if (!name.endsWith(IPV6_SUFFIX)) return undefined
  const nibbles = name.slice(0, -IPV6_SUFFIX.length).split('.').reverse()
  if (nibbles.length !== IPV6_BYTES * 2 || !nibbles.every((nibble) => NIBBLE.test(nibble))) return undefined
  return formatIp(Buffer.from(nibbles.join(''), 'hex'))
}
