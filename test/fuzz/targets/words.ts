/** What people write or paste: bridge lines, addresses, policies, lists of relays, options, whole configurations. */
import { isIP } from 'node:net'
import { AddressMap } from '../../../core/client/address-map.ts'
import { parseStreamHost, parseStreamTarget } from '../../../core/client/stream-target.ts'
import { parseVirtualNetwork } from '../../../core/client/virtual-addresses.ts'
import { parseCommandLine } from '../../../core/daemon/command-line.ts'
import { parseLogRule } from '../../../core/daemon/options/log-rule.ts'
import { parseClientConfig } from '../../../core/daemon/torrc-config.ts'
import { parseTorrc, splitMark } from '../../../core/daemon/torrc-reader.ts'
import { formatBridgeLine, parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import {
  ed25519IdentityBytes,
  ed25519IdentityFromBytes,
  parseEd25519Identity,
  parseRsaIdentity,
  rsaIdentityBytes,
  rsaIdentityFromBytes,
} from '../../../core/linkspec/relay-ids.ts'
import { parseDirAuthority } from '../../../core/netdir/authorities.ts'
import { CountryTable } from '../../../core/netdir/country-table.ts'
import {
  parseFingerprint,
  parseIpv4Endpoint,
  parseIpv6Endpoint,
  parsePort,
  parseWeight,
  splitSetting,
  splitWords,
} from '../../../core/netdir/dir-line.ts'
import { parseFallbackDir } from '../../../core/netdir/fallback-dirs.ts'
import { decodeCountryTable, encodeCountryTable } from '../../../core/netdir/geoip-format.ts'
import { parseGeoIpv4, parseGeoIpv6 } from '../../../core/netdir/geoip-text.ts'
import { parseNodeSet } from '../../../core/netdir/node-set.ts'
import { finishSlices } from '../../../core/netdoc/slices.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { parseAddress, parseAddressPattern } from '../../../core/util/address-range.ts'
import { fromBase64, fromHex } from '../../../core/util/bytes.ts'
import { TorError } from '../../../core/util/errors.ts'
import { isInternetHostName } from '../../../core/util/host-name.ts'
import { formatIp, parseIp } from '../../../core/util/ip-address.ts'
import { isInternalAddress } from '../../../core/util/internal-address.ts'
import { parseReachableAddresses } from '../../../core/util/reachable-addresses.ts'
import { checkBridgeArguments } from '../../../core/transport/pluggable-transport.ts'
import { parseTransportPlugin } from '../../../core/transport/managed/transport-plugin.ts'
import { mustAgree, mustSurviveAsText, outcomeOf } from '../engine/oracles.ts'
import { type FuzzTarget, mustHold } from '../engine/target.ts'

const FINGERPRINT = '0123456789ABCDEF0123456789ABCDEF01234567'
const BRIDGES = [
  `192.0.2.1:443 ${FINGERPRINT}`,
  `obfs4 192.0.2.3:80 ${FINGERPRINT} cert=${'A'.repeat(69)}B iat-mode=0`,
  `webtunnel [2001:db8::1]:443 ${FINGERPRINT} url=https://example.com/path ver=0.0.1`,
  'meek_lite 192.0.2.20:80 url=https://example.net front=a.example,b.example',
  `snowflake 192.0.2.4:80 ${FINGERPRINT} fingerprint=${FINGERPRINT} url=https://example.org/ fronts=a.example,b.example ice=stun:stun.example:3478 max=2`,
  `snowflake 192.0.2.5:80 ampcache=https://cdn.example/ url=https://example.org/ front=www.example`,
]
const HOST_WORDS = [
  'localhost',
  '.onion',
  '.exit',
  '[::1]',
  '127.1',
  '0x7f',
  '::ffff:',
  'xn--',
  '%25',
  '.',
  '..',
]

/** The country of an address by looking at every line. */
function countryPlainly(text: string, value: bigint, parse: (word: string) => bigint): string | undefined {
  let best: { readonly country: string; readonly size: bigint } | undefined
  for (const line of text.split('\n')) {
    const [, low, high, country] = /^([0-9]+),([0-9]+),([a-z0-9]{2})(?:,.*)?$/.exec(line.trim()) ?? []
    if (low === undefined || high === undefined || country === undefined) continue
    const size = parse(high) - parse(low)
    if (value >= parse(low) && value <= parse(high)) best = { country, size }
  }
  return best?.country
}

export const WORD_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'bridge-line',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => BRIDGES,
    words: BRIDGES.flatMap((line) => line.split(' ')),
    run(input) {
      const bridge = parseBridgeLine(input.toString('utf8'))
      mustSurviveAsText(bridge, formatBridgeLine, parseBridgeLine)
      mustHold(isIP(bridge.endpoint.host) !== 0, 'a bridge without an address')
      checkBridgeArguments(bridge)
    },
  },
  {
    name: 'transport-plugin-line',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => [
      'obfs4,webtunnel exec /usr/bin/lyrebird -x',
      'foo socks5 127.0.0.1:1080',
      'a socks4 [::1]:1',
    ],
    run: (input) => parseTransportPlugin(input.toString('utf8')),
  },
  {
    name: 'ip-address',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 100,
    seeds: () => ['192.0.2.1', '2001:db8::1', '::', '::ffff:192.0.2.1', 'fe80::1%eth0', '1:2:3:4:5:6:7:8'],
    run(input) {
      const bytes = parseIp(input.toString('utf8'))
      mustHold(bytes.length === 4 || bytes.length === 16, 'an address of another length')
      mustHold(parseIp(formatIp(bytes)).equals(bytes), 'written and read again it is another one')
      isInternalAddress(formatIp(bytes))
    },
  },
  {
    name: 'ip-address-bytes',
    form: 'binary',
    mayThrow: ['malformed'],
    maxBytes: 20,
    seeds: () => [
      Buffer.alloc(16),
      Buffer.alloc(4, 9),
      Buffer.from('20010db8000000000001000000000001', 'hex'),
    ],
    run(input) {
      const text = formatIp(input)
      mustHold(isIP(text) !== 0 && parseIp(text).equals(input), 'written and read again it is another one')
      const address = parseAddress(text)
      mustHold(address.length === 1 || address.length === 4, 'words')
    },
  },
  {
    name: 'relay-ids',
    form: 'text',
    mayThrow: ['malformed'],
    maxBytes: 100,
    seeds: () => [
      `$${FINGERPRINT}`,
      FINGERPRINT.toLowerCase(),
      'mSKnfR9DdI7tE+kVEvbGuDqOTQnZNcFZUAzRpB5kPlo',
    ],
    run(input) {
      const text = input.toString('utf8')
      if (input.length > 42) {
        const id = parseEd25519Identity(text)
        mustHold(ed25519IdentityFromBytes(ed25519IdentityBytes(id)) === id, 'another identity')
      } else {
        const id = parseRsaIdentity(text)
        mustHold(rsaIdentityFromBytes(rsaIdentityBytes(id)) === id, 'another identity')
      }
    },
  },
  {
    name: 'hex-and-base64',
    form: 'text',
    mayThrow: ['malformed'],
    seeds: () => ['00ff', 'AAEC', 'AA==', 'AAA='],
    run(input) {
      const text = input.toString('utf8')
      const base64 = outcomeOf(() => fromBase64(text).length)
      mustHold(typeof base64 === 'object', 'an outcome')
      mustAgree(fromHex(text).toString('hex'), text.toLowerCase(), 'other bytes than it says')
    },
  },
  {
    name: 'address-pattern',
    form: 'text',
    mayThrow: ['bad-config', 'malformed'],
    seeds: () => [
      'accept 192.0.2.0/24:80-443,reject *:*',
      'reject6 [2001:db8::]/32:1-65535',
      'accept private',
      '10.0.0.0/255.0.0.0:22',
      'accept *4:443',
    ],
    run(input) {
      const text = input.toString('utf8')
      const pattern = parseAddressPattern(text)
      mustHold(pattern === undefined || pattern.leastPort <= pattern.greatestPort, 'ports that are none')
      const policy = parseAddressPolicy([text], 'fuzz', { assumed: 'reject' })
      for (const host of ['192.0.2.7', '2001:db8::1', '::ffff:10.1.2.3', '0.0.0.0'])
        mustHold(typeof policy.accepts(host, 443) === 'boolean', 'a verdict')
      parseReachableAddresses({
        reachableAddresses: [text],
        reachableOrAddresses: [],
        isFascistFirewall: false,
        firewallPorts: [],
      })
    },
  },
  {
    name: 'node-set',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => [`$${FINGERPRINT}~nick, moria1,{de},{??}`, '192.0.2.0/24,[2001:db8::]/32'],
    run: (input) => parseNodeSet(input.toString('utf8'), 'fuzz'),
  },
  {
    name: 'directory-lines',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => [
      `test1 orport=9001 no-v2 v3ident=${FINGERPRINT} ipv6=[2001:db8::1]:9001 192.0.2.1:80 0123 4567 89AB CDEF 0123 4567 89AB CDEF 0123 4567`,
      `192.0.2.1:80 orport=9001 id=${FINGERPRINT} weight=2.5 ipv6=[2001:db8::1]:9001`,
    ],
    run(input) {
      const text = input.toString('utf8')
      const words = splitWords('fuzz', text)
      for (const word of words)
        mustHold(splitSetting(word).name === splitSetting(word).name.toLowerCase(), 'a name')
      for (const read of [
        () => parseDirAuthority(text),
        () => parseFallbackDir(text),
        () => parsePort('fuzz', text, 0),
        () => parseIpv4Endpoint('fuzz', text, 0),
        () => parseIpv6Endpoint('fuzz', text),
        () => parseFingerprint('fuzz', words),
        () => parseWeight('fuzz', text),
      ]) {
        try {
          read()
        } catch (error) {
          if (!(error instanceof TorError && error.kind === 'bad-config')) throw error
        }
      }
    },
  },
  {
    name: 'stream-target',
    form: 'text',
    mayThrow: ['bad-target'],
    maxBytes: 400,
    seeds: () => [
      'www.example.com',
      '[2001:db8::1]',
      '192.0.2.1',
      'Example.COM.',
      'abc.onion',
      'xn--bcher-kva.example',
    ],
    words: HOST_WORDS,
    run(input) {
      const target = parseStreamTarget(input.toString('latin1'), 443)
      mustHold(
        /^[\x21-\x7e]+$/.test(target.host) && target.host === target.host.toLowerCase(),
        'no plain host',
      )
      mustHold(
        (isIP(target.host) !== 0) === (target.kind === 'ipv4' || target.kind === 'ipv6'),
        'another kind',
      )
      mustAgree(
        parseStreamHost(target.host),
        { host: target.host, kind: target.kind },
        'read again it is another',
      )
      isInternetHostName(target.host)
    },
  },
  {
    name: 'address-map',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => [
      '*.example.com *.example.org\na.example b.example',
      '192.0.2.1 c.example\nc.example d.example',
    ],
    words: [...HOST_WORDS, '*.'],
    run(input) {
      const entries = input
        .toString('latin1')
        .split('\n')
        .map((line) => line.split(' '))
        .map(([from = '', to = '']) => ({ from, to }))
      const map = new AddressMap(entries)
      for (const host of ['a.example', 'x.y.example.com', '192.0.2.1']) map.rewriteOnce(host)
    },
  },
  {
    name: 'virtual-network',
    form: 'text',
    mayThrow: ['bad-config'],
    maxBytes: 100,
    seeds: () => ['127.192.0.0/10', '[fe80::]/10'],
    run(input) {
      const text = input.toString('utf8')
      const { bits, prefix } = parseVirtualNetwork(text, text.includes(':') ? 'ipv6' : 'ipv4', 'fuzz')
      mustHold(bits <= prefix.length * 8 - 16, 'a network that is too small')
    },
  },
  {
    name: 'torrc',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => [
      'SocksPort 9050 IsolateDestAddr\n# comment\nLog "notice file /tmp/\\x41\\102"\nExitNodes {de},\\\n {fr}\n+Bridge 192.0.2.1:1\n',
      '%include /etc/tor/*.conf\n/Log\nDataDirectory "/x"\n',
    ],
    run(input) {
      const lines = parseTorrc(input.toString('utf8'), 'fuzz', (pattern) =>
        pattern.length % 2 === 0 ? [{ path: pattern, text: 'A b\n%include xyz\n' }] : [],
      )
      for (const { name } of lines) mustHold(!/[\s#]/.test(splitMark(name).name), 'a name with blanks')
    },
  },
  {
    name: 'client-config',
    form: 'text',
    mayThrow: ['bad-config'],
    unitRuns: 300,
    seeds: () => [
      'ExitNodes {de}\nStrictNodes 1\nMaxCircuitDirtiness 10 minutes\nReachableAddresses *:443\n',
      `UseBridges 1\nBridge ${BRIDGES[1]}\nUpstreamProxy 1\nSocks5Proxy 127.0.0.1:1080\n`,
      'MapAddress a.example b.example\nAutomapHostsOnResolve 1\nVirtualAddrNetworkIPv4 10.0.0.0/10\nTrackHostExits .example.com\n',
      `ClientTransportPlugin foo exec /bin/foo\nDirAuthority x orport=1 v3ident=${FINGERPRINT} 192.0.2.1:1 ${FINGERPRINT}\n`,
      'SocksPort 127.0.0.1:9050 IsolateClientAddr SessionGroup=2\nHTTPTunnelPort auto\nDNSPort [::1]:53\nSocksPolicy accept 127.0.0.0/8\nNumEntryGuards 3\nPathsNeededToBuildCircuits 0.6\nKeepalivePeriod 5 min\n',
    ],
    run: (input) => parseClientConfig(input.toString('utf8'), '/nowhere'),
  },
  {
    name: 'command-line',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => ['-f torrc --SocksPort 9050 --verify-config', '--dump-config short +Log notice /Log --hush'],
    run: (input) => parseCommandLine(input.toString('utf8').split(' ')),
  },
  {
    name: 'log-rule',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => ['notice stdout', '[net, ~circ]info-warn [general]debug file /tmp/x y', 'err'],
    run: (input) => parseLogRule(input.toString('utf8'), 'Log'),
  },
  {
    name: 'geoip-text',
    form: 'text',
    mayThrow: ['bad-config'],
    seeds: () => [
      '16777216,16777471,au\n16777472,16778239,cn\n# comment\n4278190080,4294967295,de\n',
      '2001:200::,2001:200:ffff:ffff:ffff:ffff:ffff:ffff,jp\n2001:db8::,2001:db8::ff,fr\nff00::,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff,de\n',
    ],
    run(input) {
      const text = input.toString('latin1')
      const empty4 = finishSlices(parseGeoIpv4(''))
      const empty6 = finishSlices(parseGeoIpv6(''))
      if (text.includes(':')) {
        const table = new CountryTable(empty4, finishSlices(parseGeoIpv6(text)))
        for (const word of text.split(/[\s,]/, 20)) if (isIP(word) === 6) table.countryOf(word)
        return
      }
      const table = new CountryTable(finishSlices(parseGeoIpv4(text)), empty6)
      for (const [word] of [...text.matchAll(/[0-9]+/g)].slice(0, 8)) {
        const value = Number(word)
        if (value > 0xffffffff) continue
        const expected = countryPlainly(text.toLowerCase(), BigInt(value), BigInt)
        const found = table.countryOfIpv4(value)
        // Codes that stand for no country are left out of the table, and lines with quotes of the plain reader.
        mustHold(
          found === expected || /[?"]/.test(text) || isNoCountry(expected),
          `${word} is in ${expected}, not ${found}`,
        )
      }
    },
  },
  {
    name: 'country-table',
    form: 'binary',
    mayThrow: ['malformed'],
    unitRuns: 200,
    seeds: () => {
      const ipv4 = finishSlices(parseGeoIpv4('16777216,16777471,au\n16777472,16778239,cn\n'))
      const ipv6 = finishSlices(parseGeoIpv6('2001:200::,2001:200:ffff::,au\n'))
      return [encodeCountryTable(new CountryTable(ipv4, { ...ipv6, codes: ipv4.codes }), 'fuzz')]
    },
    run(input) {
      const table = finishSlices(decodeCountryTable(input))
      const segments = table.ipv4.starts.length + table.ipv6.highs.length
      mustHold(segments <= input.length, 'more segments than the file has bytes for')
      table.countryOfIpv4(0x01000001)
      table.countryOf('2001:200::1')
    },
  },
]

const NO_COUNTRIES = new Set('a1 a2 ab an ap cs eu o1 os su uk un zz'.split(' '))

function isNoCountry(code: string | undefined): boolean {
  return code !== undefined && NO_COUNTRIES.has(code)
}
