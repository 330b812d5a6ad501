/** Addresses that belong to somebody's own machine or network and never to the public Internet. */
import { BlockList, isIP } from 'node:net'
import { parseIp } from './ip-address.ts'

const IPV4_NETWORKS = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const

const internal = new BlockList()
for (const [network, prefix] of IPV4_NETWORKS) internal.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
] as const) {
  internal.addSubnet(network, prefix, 'ipv6')
}

/** Whether an IP literal is unspecified, loopback, private, link-local or carrier-internal; IPv4-mapped ones too. */
export function isInternalAddress(address: string): boolean {
  const family = isIP(address)
  if (family === 0) return false
  return internal.check(address, family === 4 ? 'ipv4' : 'ipv6')
}

const IPV4_RANGES = IPV4_NETWORKS.map(([network, prefix]) => {
  const first = parseIp(network).readUInt32BE(0)
  return { first, last: first + 2 ** (32 - prefix) - 1 }
})

/** The same of an IPv4 address as its big-endian value, for whoever asks about thousands. */
export function isInternalIpv4Value(value: number): boolean {
  return IPV4_RANGES.some(({ first, last }) => first <= value && value <= last)
}
