/** Host names: which are taken, and which stand for others. */
import { isIPv4, isIPv6 } from 'node:net'
import { badValue } from '../torrc-line.ts'
import { list, single } from './option.ts'
import { type ValueType, boolean, commaList, verbatim } from './values.ts'

export interface AddressMapping {
  readonly from: string
  readonly to: string
}

const HOST = /^(\*\.)?[a-z0-9_.:[\]-]{1,255}$/i

/** `from to`. C tor takes anything and warns; a rule that cannot work is refused here. */
const mapping = verbatim<AddressMapping>((text, option) => {
  const [from = '', to = '', ...rest] = text.split(/[ \t]+/)
  if (!HOST.test(from) || !HOST.test(to) || rest.length > 0) {
    badValue(option, 'two names or addresses, the asked one and the one in its place', text)
  }
  if (to.startsWith('*.') && !from.startsWith('*.'))
    badValue(option, '*. before both names, or before the first', text)
  return { from: from.toLowerCase(), to: to.toLowerCase() }
})

/** A network whose prefix is at most `mostBits`, so that there is room to give out addresses. */
function network(family: 4 | 6, mostBits: number): ValueType<string> {
  const expected =
    family === 4
      ? `IPv4 address/bits with at most ${mostBits} bits`
      : `IPv6 address/bits with at most ${mostBits} bits`
  return verbatim((text, option) => {
    const [, address = '', bits = ''] = /^(.*)\/([0-9]{1,3})$/.exec(text) ?? []
    const bare = address.replace(/^\[(.*)\]$/, '$1')
    const isAddress = family === 4 ? isIPv4(address) : isIPv6(bare) && !bare.includes('%')
    if (!isAddress || Number(bits) > mostBits) badValue(option, expected, text)
    return text
  })
}

const MAX_IPV4_BITS = 16
const MAX_IPV6_BITS = 104

const suffix = (text: string, option: string): string => {
  if (!/^[a-z0-9_.-]{1,255}$/i.test(text)) badValue(option, 'ends of names with commas between them', text)
  return text.toLowerCase()
}

export const NAME_OPTIONS = {
  automapHostsOnResolve: single(
    'AutomapHostsOnResolve',
    boolean,
    '0',
    'Answers look-ups of names that have no address (AutomapHostsSuffixes) with one that stands for them',
  ),
  automapHostsSuffixes: single(
    'AutomapHostsSuffixes',
    commaList(suffix, (item) => item),
    '.onion,.exit',
    'The ends of such names; a dot alone means all',
  ),
  virtualAddrNetworkIpv4: single(
    'VirtualAddrNetworkIPv4',
    network(4, MAX_IPV4_BITS),
    '127.192.0.0/10',
    'Where such addresses are taken from',
  ),
  virtualAddrNetworkIpv6: single(
    'VirtualAddrNetworkIPv6',
    network(6, MAX_IPV6_BITS),
    '[FE80::]/10',
    'Where such IPv6 addresses are taken from',
  ),
  mapAddress: list<AddressMapping>(
    'MapAddress',
    mapping,
    'Goes to the second host where the first is asked for',
  ),
  allowNonRfc953Hostnames: single(
    'AllowNonRFC953Hostnames',
    boolean,
    '0',
    'Takes names with characters that host names do not have',
  ),
} as const
