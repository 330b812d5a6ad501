import { describe, expect, test } from 'vitest'
import { OPTIONS } from '../../../core/daemon/options/table.ts'
import { Settings } from '../../../core/daemon/settings.ts'
import { parseTorrc } from '../../../core/daemon/torrc-reader.ts'
import { TorError } from '../../../core/util/errors.ts'

const FINGERPRINT = 'D586D18309DED4CD6D57C18FDB97EFA96D330566'
const AUTHORITY = `DirAuthority a orport=5000 v3ident=${FINGERPRINT} 127.0.0.1:7000 ${FINGERPRINT}`

const parse = (text: string, file = 'torrc') => parseTorrc(text, file, () => [])

function verified(...texts: readonly string[]): Settings {
  const settings = Settings.merge(texts.map((text, at) => parse(text, at === 0 ? 'torrc' : `source${at}`)))
  settings.verify()
  return settings
}

describe('values', () => {
  test('names are read in any case', () => {
    expect(verified('cLiEnTuSeIpV6 1').single(OPTIONS.clientUseIpv6)).toBe(true)
  })

  test('older names are read as the newer ones', () => {
    const settings = verified('TestingClientBootstrapConsensusMaxInProgressTries 7')
    expect(settings.single(OPTIONS.bootstrapTries)).toBe(7)
  })

  test.each([
    ['90', 90_000],
    ['90 seconds', 90_000],
    ['1 second', 1_000],
    ['2minutes', 120_000],
    ['1.5 Minutes', 90_000],
    ['1 hour', 3_600_000],
    ['1 day', 86_400_000],
    ['1 week', 604_800_000],
  ])('a duration of %s is %i ms', (text, expected) => {
    expect(verified(`SocksTimeout ${text}`).single(OPTIONS.socksTimeout)).toBe(expected)
  })

  test('a negative fraction leaves it to the consensus', () => {
    expect(
      verified('PathsNeededToBuildCircuits -1').single(OPTIONS.pathsNeededToBuildCircuits),
    ).toBeUndefined()
    expect(verified('PathsNeededToBuildCircuits 0.6').single(OPTIONS.pathsNeededToBuildCircuits)).toBe(0.6)
  })

  test('what C tor has for "off" is accepted for what does not exist here', () => {
    expect(() =>
      verified(
        'ORPort 0\nDirPort 0\nControlPort 0\nDNSPort 0\nTransPort 0\nRunAsDaemon 0\nExitRelay auto\nUseBridges 0\nSandbox 0',
      ),
    ).not.toThrow()
  })

  test('TestingTorNetwork has its own defaults, which a line overrides', () => {
    const plain = verified('')
    expect(plain.single(OPTIONS.enforceDistinctSubnets)).toBe(true)
    expect(plain.single(OPTIONS.clientRejectInternalAddresses)).toBe(true)
    expect(plain.single(OPTIONS.extendAllowPrivateAddresses)).toBe(false)
    const testing = verified(`TestingTorNetwork 1\n${AUTHORITY}\nEnforceDistinctSubnets 1`)
    expect(testing.single(OPTIONS.enforceDistinctSubnets)).toBe(true)
    expect(testing.single(OPTIONS.clientRejectInternalAddresses)).toBe(false)
    expect(testing.single(OPTIONS.extendAllowPrivateAddresses)).toBe(true)
    expect(testing.single(OPTIONS.dirConnectionMaxStall)).toBe(30_000)
  })
})

describe('sources', () => {
  const ports = (...texts: readonly string[]) =>
    verified(...texts)
      .list(OPTIONS.socksPort)
      ?.map(({ address }) => (address?.kind === 'tcp' ? address.endpoint.port : undefined))

  test('all lines of one source count, and a stronger source replaces them', () => {
    expect(ports('SocksPort 1\nSocksPort 2')).toEqual([1, 2])
    expect(ports('SocksPort 1\nSocksPort 2', 'SocksPort 3\nSocksPort 4')).toEqual([3, 4])
  })

  test('a plus adds and a slash takes back', () => {
    expect(ports('SocksPort 1', '+SocksPort 2')).toEqual([1, 2])
    expect(ports('SocksPort 1', '/SocksPort')).toBeUndefined()
    expect(ports('SocksPort 1', 'HTTPTunnelPort 3', '+SocksPort 2')).toEqual([1, 2])
  })

  test('of a plain option the last line counts, with a warning', () => {
    const settings = verified('SafeLogging 0\nSafeLogging relay')
    expect(settings.single(OPTIONS.safeLogging)).toBe('relay')
    expect(settings.warnings).toEqual(['torrc:2: SafeLogging is set more than once: the last value counts'])
  })

  test('of a set of relays all lines count, as in C tor', () => {
    const settings = verified('ExitNodes {de}\nExitNodes\nExitNodes {us}')
    expect(settings.single(OPTIONS.exitNodes).text).toBe('{de},{us}')
    expect(settings.warnings).toEqual(['torrc:2: ExitNodes has no value: the line does nothing'])
    expect(() => verified('ExitNodes {de}\nExitNodes {xyz}')).toThrow('torrc:2: ExitNodes: ')
  })

  test('an option without a value does nothing, with a warning', () => {
    const settings = verified('SocksPort\nSafeLogging')
    expect(settings.list(OPTIONS.socksPort)).toBeUndefined()
    expect(settings.single(OPTIONS.safeLogging)).toBe('1')
    expect(settings.warnings).toEqual([
      'torrc:1: SocksPort has no value: the line does nothing',
      'torrc:2: SafeLogging has no value: the line does nothing',
    ])
  })
})

const RELAYS =
  'is an option of relays and authorities: expected an option of a client, which is all that this program is'
const LATER = 'is an option of C tor that this release does not have: remove it'
const UNKNOWN = 'is not a known option: expected the name of an option, as in the manual of C tor'
const PORT = '0, auto, a port, or an IP address with a port'

describe('a setting that cannot be honoured is one line with its place, its name and what was expected', () => {
  test.each([
    ['Bogus 1', `Bogus ${UNKNOWN}`],
    ['Bo"gus 1', `"Bo\\"gus" ${UNKNOWN}`],
    ['__proto__ 1', `__proto__ ${LATER}`],
    ['constructor 1', `constructor ${UNKNOWN}`],
    ['ORPort 9001', 'ORPort: expected 0 (this program is a client only), got "9001"'],
    ['ExitPolicy reject *:*', `ExitPolicy ${RELAYS}`],
    ['Nickname x', `Nickname ${RELAYS}`],
    ['V3AuthVotingInterval 20', `V3AuthVotingInterval ${RELAYS}`],
    ['BridgeRelay 1', 'BridgeRelay: expected 0 (this program is a client only), got "1"'],
    ['User bob', 'User is not supported: start the program as the user that it should run as'],
    ['ControlPortWriteToFile /x', `ControlPortWriteToFile ${LATER}`],
    ['HiddenServiceDir /x', `HiddenServiceDir ${LATER}`],
    ['ControlPort 9051', 'ControlPort: expected 0 (there is no control port in this release), got "9051"'],
    ['RunAsDaemon 1', 'RunAsDaemon: expected 0 (let a service manager run it in the background), got "1"'],
    ['ClientUseIPv4 true', 'ClientUseIPv4: expected 0 or 1, got "true"'],
    ['ClientPreferIPv6ORPort 2', 'ClientPreferIPv6ORPort: expected 0, 1 or auto, got "2"'],
    ['SafeLogging 2', 'SafeLogging: expected 0, 1 or relay, got "2"'],
    ['HTTPTunnelPort x', `HTTPTunnelPort: expected ${PORT}, got "x"`],
    [
      'SocksTimeout 5 parsecs',
      'SocksTimeout: expected a duration such as "90 seconds" or "2 minutes", got "5 parsecs"',
    ],
    ['SocksTimeout -3', 'SocksTimeout: expected a duration such as "90 seconds" or "2 minutes", got "-3"'],
    [
      'DormantClientTimeout 5',
      'DormantClientTimeout: expected a duration from 600 to 2147483647 seconds, got "5"',
    ],
    [
      'PathsNeededToBuildCircuits half',
      'PathsNeededToBuildCircuits: expected a number from 0.25 to 0.95, or -1, got "half"',
    ],
    ['NumCPUs 1x', 'NumCPUs: expected a whole number from 0 to 2147483647, got "1x"'],
    ['Log loud stdout', 'Log: expected a severity: debug, info, notice, warn or err, got "loud"'],
    ['Log notice syslog', 'Log: "syslog" is not supported: use stdout, stderr or file'],
    ['Log notice file', 'Log: expected a path, got ""'],
    ['DirAuthority x', 'DirAuthority: expected an address as IPv4:port, got "x"'],
    ['FallbackDir x', 'FallbackDir: expected IPv4:port, got "x"'],
    [
      'TestingTorNetwork 1',
      'TestingTorNetwork: expected DirAuthority lines beside it, which name the authorities of the testing network',
    ],
    [
      'TestingDirConnectionMaxStall 10',
      'TestingDirConnectionMaxStall: expected TestingTorNetwork 1 beside it: it is for testing networks only',
    ],
    [
      'ClientUseIPv4 0\nClientUseIPv6 0',
      'ClientUseIPv4: expected 1 while ClientUseIPv6 is 0, or no relay can be reached',
    ],
  ])('%s', (line, message) => {
    expect(() => verified(`# a comment\n${line}\n`)).toThrow(
      new TorError('bad-config', `torrc:2: ${message}`),
    )
  })

  test('a value with control characters cannot break the line', () => {
    expect(() => verified('SocksPort "a\\n\\x1b[2J"')).toThrow(
      `torrc:1: SocksPort: expected ${PORT}, got "a\\n\\u001b[2J"`,
    )
  })
})
