/** Where applications come in, and what they may ask for. */
import { type AddressPolicy, parseAddressPolicy } from '../../util/address-policy.ts'
import { list, noPort, single } from './option.ts'
import { dnsPort, httpPort, type PortSetting, socksPort } from './port.ts'
import { boolean, duration, portList, verbatim, SECOND_MS } from './values.ts'

const NO_TRANSPARENT_PROXY = 'there is no transparent proxy: programs come in by SOCKS or HTTP'

/** Read once for its errors; the lines of all are one policy, which `toClientConfig` and the doors read again. */
const policyLine = verbatim((text, option): string => {
  parseAddressPolicy([text], option)
  return text
})

export const FRONT_DOOR_OPTIONS = {
  socksPort: list<PortSetting>('SocksPort', socksPort, 'Where applications come in with SOCKS'),
  httpTunnelPort: list<PortSetting>('HTTPTunnelPort', httpPort, 'Where they come in as to an HTTP proxy'),
  extraSocksPort: list<PortSetting>('__SocksPort', socksPort, 'As SocksPort, and beside it'),
  extraHttpTunnelPort: list<PortSetting>('__HTTPTunnelPort', httpPort, 'As HTTPTunnelPort, and beside it'),
  dnsPort: list<PortSetting>('DNSPort', dnsPort, 'Where they look names up by the DNS'),
  extraDnsPort: list<PortSetting>('__DNSPort', dnsPort, 'As DNSPort, and beside it'),
  transPort: noPort('TransPort', NO_TRANSPARENT_PROXY),
  natdPort: noPort('NATDPort', NO_TRANSPARENT_PROXY),
  socksPolicy: list<string>('SocksPolicy', policyLine, 'Which applications, by their address, may come in'),
  socksTimeout: single(
    'SocksTimeout',
    duration({ leastMs: SECOND_MS, isStrict: false }),
    '120',
    'How long a request may wait',
  ),
  safeSocks: single(
    'SafeSocks',
    boolean,
    '0',
    'Refuses applications that come with an IP address: they may have looked the name up outside of Tor',
  ),
  testSocks: single(
    'TestSocks',
    boolean,
    '0',
    'Logs of each request whether it came with a name or an IP address',
  ),
  warnPlaintextPorts: single(
    'WarnPlaintextPorts',
    portList,
    '23,109,110,143',
    'Warns of streams to these ports, whose protocols send passwords in the clear',
  ),
  rejectPlaintextPorts: single('RejectPlaintextPorts', portList, '', 'Refuses streams to these ports'),
  clientRejectInternalAddresses: single(
    'ClientRejectInternalAddresses',
    boolean,
    '1',
    'Refuses streams to private addresses',
    { testing: '0' },
  ),
  clientDnsRejectInternalAddresses: single(
    'ClientDNSRejectInternalAddresses',
    boolean,
    '1',
    'Disbelieves exits that answer a look-up with a private address',
    { testing: '0' },
  ),
  unixSocksGroupWritable: single(
    'UnixSocksGroupWritable',
    boolean,
    '0',
    'Lets our group use the unix sockets of SocksPort',
  ),
} as const

/** The policy of all lines together; undefined when there is none. */
export function joinPolicy(lines: readonly string[] | undefined, option: string): AddressPolicy | undefined {
  return lines === undefined ? undefined : parseAddressPolicy(lines, option)
}
