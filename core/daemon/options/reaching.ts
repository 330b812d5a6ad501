/** How relays are reached: address families, firewalls, upstream proxies, the channel's padding. */
import { isIP, isIPv6 } from 'node:net'
import { type BridgeLine, BridgeLineError, parseBridgeLine } from '../../linkspec/bridge-line.ts'
import { type AddressPolicy, parseAddressPolicy } from '../../util/address-policy.ts'
import type { Endpoint } from '../../linkspec/relay-target.ts'
import { parseTransportPlugin, type TransportPlugin } from '../../transport/managed/transport-plugin.ts'
import { TorError, toTorError } from '../../util/errors.ts'
import { badValue } from '../torrc-line.ts'
import { list, off, optional, single } from './option.ts'
import { autoBoolean, boolean, duration, portList, type ValueType, verbatim, SECOND_MS } from './values.ts'

const MAX_PORT = 65_535
/** SOCKS5 has one byte for the length of each (RFC 1929). */
const MAX_SOCKS5_WORD_BYTES = 255
/** As C tor. */
const MAX_AUTHENTICATOR_CHARS = 511

/** `address[:port]`. Names are refused: looking one up would tell the network about it. */
function proxyEndpoint(defaultPort: number): ValueType<Endpoint> {
  return verbatim((text, option) => {
    const bracketed = /^\[([^\]]+)\](?::([0-9]{1,5}))?$/.exec(text)
    const plain = /^([0-9.]+)(?::([0-9]{1,5}))?$/.exec(text)
    const [, host = '', portText = String(defaultPort)] = bracketed ?? plain ?? []
    const port = Number(portText)
    const isAddress = bracketed === null ? isIP(host) === 4 : isIPv6(host) && !host.includes('%')
    if (!isAddress || port < 1 || port > MAX_PORT) {
      badValue(option, `an IP address (IPv6 in brackets) and a port; without it ${defaultPort}`, text)
    }
    return { host, port }
  })
}

/** Never shown in a message: it is a secret. */
const secretWord: ValueType<string> = verbatim((text, option) => {
  const { length } = Buffer.from(text)
  if (length < 1 || length > MAX_SOCKS5_WORD_BYTES) {
    throw new TorError('bad-config', `${option}: expected 1 to ${MAX_SOCKS5_WORD_BYTES} bytes, got ${length}`)
  }
  return text
})

const authenticator: ValueType<{ readonly username: string; readonly password: string }> = verbatim(
  (text, option) => {
    const colon = text.indexOf(':')
    if (colon === -1 || text.length > MAX_AUTHENTICATOR_CHARS) {
      throw new TorError(
        'bad-config',
        `${option}: expected user:password of at most ${MAX_AUTHENTICATOR_CHARS} characters`,
      )
    }
    return { username: text.slice(0, colon), password: text.slice(colon + 1) }
  },
)

const bindAddress: ValueType<string> = verbatim((text, option) => {
  const host = text.replace(/^\[(.*)\]$/, '$1')
  if (isIP(host) === 0 || host.includes('%')) badValue(option, 'an IP address', text)
  return host
})

/** Never shown in a message: it is a secret between the user and the bridge's operator. */
const bridgeLine: ValueType<BridgeLine> = verbatim((text, option) => {
  try {
    return parseBridgeLine(text)
  } catch (error) {
    if (!(error instanceof BridgeLineError)) throw error
    throw new TorError('bad-config', `${option}: ${error.message}`)
  }
})

/** Read as C tor does, without quotes: a path with blanks cannot be written. */
const transportPlugin: ValueType<TransportPlugin> = verbatim((text, option) => {
  try {
    return parseTransportPlugin(text)
  } catch (error) {
    throw new TorError('bad-config', `${option}: ${toTorError(error).message}`)
  }
})

/** One line of rules; C tor reads a rule without a first word as "accept". */
const reachableRules = verbatim((text, option): string => {
  parseAddressPolicy([text], option, { assumed: 'accept' })
  return text
})

const hasNoEffect = (why: string) => (): string => `has no effect: ${why}`
const NO_DIR_PORT = 'directory documents come through the relays’ ORPorts'

export const REACHING_OPTIONS = {
  clientUseIpv4: single('ClientUseIPv4', boolean, '1', 'Whether relays are reached by IPv4'),
  clientUseIpv6: single('ClientUseIPv6', boolean, '1', 'Whether relays are reached by IPv6'),
  clientPreferIpv6OrPort: single(
    'ClientPreferIPv6ORPort',
    autoBoolean,
    'auto',
    'Which of the two is tried first; auto prefers IPv4 where it is used',
  ),
  clientPreferIpv6DirPort: single('ClientPreferIPv6DirPort', autoBoolean, 'auto', `Nothing: ${NO_DIR_PORT}`, {
    warn: hasNoEffect(NO_DIR_PORT),
  }),
  reachableAddresses: list(
    'ReachableAddresses',
    reachableRules,
    'The addresses and ports that a firewall lets us reach',
  ),
  reachableOrAddresses: list(
    'ReachableORAddresses',
    reachableRules,
    'The same, and counts before ReachableAddresses',
  ),
  reachableDirAddresses: list('ReachableDirAddresses', reachableRules, `Nothing: ${NO_DIR_PORT}`, {
    warn: hasNoEffect(NO_DIR_PORT),
  }),
  fascistFirewall: single(
    'FascistFirewall',
    boolean,
    '0',
    'Reaches relays on the ports of FirewallPorts only',
  ),
  firewallPorts: single(
    'FirewallPorts',
    portList,
    '',
    'The ports for FascistFirewall; without any 80 and 443',
  ),
  httpsProxy: optional('HTTPSProxy', proxyEndpoint(443), 'An HTTP proxy (CONNECT) between us and the relays'),
  httpsProxyAuthenticator: optional('HTTPSProxyAuthenticator', authenticator, 'Its user:password'),
  socks4Proxy: optional('Socks4Proxy', proxyEndpoint(1080), 'A SOCKS4 proxy between us and the relays'),
  socks5Proxy: optional('Socks5Proxy', proxyEndpoint(1080), 'A SOCKS5 proxy between us and the relays'),
  socks5ProxyUsername: optional('Socks5ProxyUsername', secretWord, 'Its user name'),
  socks5ProxyPassword: optional('Socks5ProxyPassword', secretWord, 'Its password'),
  useBridges: single(
    'UseBridges',
    boolean,
    '0',
    'Connects to the bridges of the Bridge lines, and to nothing else',
  ),
  bridge: list('Bridge', bridgeLine, 'A bridge: [transport] IP[:port] [fingerprint] [key=value ...]'),
  clientTransportPlugin: list(
    'ClientTransportPlugin',
    transportPlugin,
    'Who speaks a transport of bridges: names exec program [args], or name socks5 IP:port',
  ),
  updateBridgesFromAuthority: off('UpdateBridgesFromAuthority', 'each bridge is asked itself'),
  outboundBindAddress: list(
    'OutboundBindAddress',
    bindAddress,
    'The local address of connections, one of each family',
  ),
  outboundBindAddressOr: list(
    'OutboundBindAddressOR',
    bindAddress,
    'The same for connections to relays, and counts before OutboundBindAddress',
  ),
  disableNetwork: single('DisableNetwork', boolean, '0', 'Makes and takes no connection until it is 0 again'),
  connectionPadding: single(
    'ConnectionPadding',
    autoBoolean,
    'auto',
    'Whether channels send padding; auto does where the relay can and the consensus says so',
  ),
  reducedConnectionPadding: single(
    'ReducedConnectionPadding',
    boolean,
    '0',
    'Less of it, for metered connections',
  ),
  keepalivePeriod: single(
    'KeepalivePeriod',
    duration({ leastMs: SECOND_MS }),
    '300',
    'A channel that was silent for so long sends a cell',
  ),
  circuitPadding: off('CircuitPadding', 'there is no padding within circuits in this release', '0'),
  reducedCircuitPadding: single(
    'ReducedCircuitPadding',
    boolean,
    '0',
    'Nothing: there is no padding within circuits',
  ),
} as const

/** Of FirewallPorts, when there are none (C tor's manual). */
const USUAL_FIREWALL_PORTS: readonly number[] = [80, 443]

/** What a firewall lets us reach; undefined is everything. What no rule names is out of reach, as in C tor. */
export function joinReachable(
  lines: readonly string[] | undefined,
  firewallPorts: readonly number[] | undefined,
  option: string,
): AddressPolicy | undefined {
  if (lines !== undefined)
    return parseAddressPolicy(lines, option, { assumed: 'accept', rejectsOthers: true })
  if (firewallPorts === undefined) return undefined
  const ports = firewallPorts.length === 0 ? USUAL_FIREWALL_PORTS : firewallPorts
  const rules = ports.map((port) => `accept *:${port}`)
  return parseAddressPolicy(rules, 'FirewallPorts', { rejectsOthers: true })
}
