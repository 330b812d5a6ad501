import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeRelayMessage } from '../../../core/cell/relay-message-codec.ts'
import { NO_ISOLATION, isolationKey } from '../../../core/circuit-manager/isolation.ts'
import { beginMessage, checkFamilies, checkTarget, exitUsage } from '../../../core/client/begin-request.ts'
import { parseStreamHost, parseStreamTarget } from '../../../core/client/stream-target.ts'
import { isTorError } from '../../../core/util/errors.ts'

const refused: unknown = expect.objectContaining({ kind: 'bad-target' })
const STRICT = { rejectInternalAddresses: true, allowNonRfc953Hostnames: false }
const INTERNAL_ALLOWED = { ...STRICT, rejectInternalAddresses: false }

describe('the target of a stream', () => {
  for (const [host, expected, kind] of [
    ['Example.COM', 'example.com', 'name'],
    ['example.com.', 'example.com', 'name'],
    ['under_score.example', 'under_score.example', 'name'],
    ['192.0.2.1', '192.0.2.1', 'ipv4'],
    ['2001:DB8::1', '2001:db8::1', 'ipv6'],
    ['[2001:db8::1]', '2001:db8::1', 'ipv6'],
    ['2001:DB8:0:0::0:1', '2001:db8::1', 'ipv6'],
    ['abc.onion', 'abc.onion', 'onion'],
    ['a'.repeat(253), 'a'.repeat(253), 'name'],
  ] as const) {
    it(`may be ${host.slice(0, 30)}`, () => {
      expect(parseStreamTarget(host, 80)).toEqual({ host: expected, port: 80, kind })
    })
  }

  for (const host of [
    '',
    '.',
    'a'.repeat(254),
    'two words',
    'nul\0byte',
    'colon:80',
    'line\nfeed',
    'ünïcode.example',
    'fe80::1%eth0',
    '[example.com]',
    'back\\slash',
    '127.1',
    '2130706433',
    '0x7f000001',
    'example.0x7f',
    '..',
    'example..com',
    '.example.com',
  ]) {
    it(`may not be ${JSON.stringify(host.slice(0, 30))}`, () => {
      expect(() => parseStreamHost(host)).toThrow(refused)
    })
  }

  // Without its last dot each would be a name that is refused further on, and that nobody would look for.
  for (const host of ['abc.onion..', 'localhost..', '127.0.0.1..', 'www.example.com.nickname.exit..']) {
    it(`may not hide what it is behind a second dot at its end: ${host}`, () => {
      expect(() => parseStreamHost(host)).toThrow(refused)
    })
  }

  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    it(`may not have port ${port}`, () => {
      expect(() => parseStreamTarget('example.com', port)).toThrow(refused)
    })
  }
})

describe('whatever an application names', () => {
  it('is refused, or reads the same again and can be said in BEGIN', () => {
    const characters = fc.constantFrom(...'aZ09.-_:[]%/@*\\\0 \né'.split(''), 'x', 'ff', '127', '::1', '0x')
    const hosts = fc.oneof(fc.string({ maxLength: 300 }), fc.string({ unit: characters, maxLength: 40 }))
    fc.assert(
      fc.property(fc.oneof(hosts, fc.ipV4(), fc.ipV6(), fc.domain()), fc.nat(65_536), (host, port) => {
        let target: ReturnType<typeof parseStreamTarget>
        try {
          target = parseStreamTarget(host, port)
        } catch (error) {
          expect(isTorError(error, 'bad-target')).toBe(true)
          return
        }
        expect(parseStreamTarget(target.host, port)).toEqual(target)
        const { body } = encodeRelayMessage({ kind: 'begin', host: target.host, port, flags: 7 })
        expect(body.length).toBeLessThanOrEqual(300)
        expect(body.subarray(0, -4).indexOf(0)).toBe(body.length - 5)
      }),
      // The example was found by chance: two dots lost one at each reading.
      { numRuns: 1_000, examples: [['..', 1]] },
    )
  })
})

describe('what may be asked of an exit', () => {
  for (const host of [
    '127.0.0.1',
    '10.0.0.1',
    '::1',
    'localhost',
    'printer.local',
    'a.localhost',
    '0.0.0.0',
    '::ffff:10.0.0.1',
  ]) {
    it(`is not ${host}, unless that is allowed`, () => {
      const target = parseStreamHost(host)
      expect(() => checkTarget(target, STRICT)).toThrow(refused)
      expect(() => checkTarget(target, INTERNAL_ALLOWED)).not.toThrow()
    })
  }

  for (const host of ['abc.onion', 'www.example.com.nickname.exit']) {
    it(`is never ${host}`, () => {
      expect(() => checkTarget(parseStreamHost(host), INTERNAL_ALLOWED)).toThrow(refused)
    })
  }

  for (const host of ['user@example.com', 'a/b', 'a*b.example', '"quoted".example']) {
    it(`is ${host} only where names may hold anything`, () => {
      const target = parseStreamHost(host)
      expect(() => checkTarget(target, STRICT)).toThrow(refused)
      expect(() => checkTarget(target, { ...STRICT, allowNonRfc953Hostnames: true })).not.toThrow()
    })
  }

  it('is a name or address of the Internet', () => {
    for (const host of ['example.com', '192.0.2.1', '2001:db8::1', 'exit.example', 'localhost.example']) {
      expect(() => checkTarget(parseStreamHost(host), STRICT)).not.toThrow()
    }
  })
})

describe('BEGIN', () => {
  const assigned = (mayExitOverIpv6: boolean): Parameters<typeof beginMessage>[1] => ({
    mayExitOverIpv6: () => mayExitOverIpv6,
  })

  it('welcomes IPv6 where the exit’s policy has it', () => {
    const target = parseStreamTarget('Example.com', 443)
    expect(beginMessage(target, assigned(true))).toEqual({
      kind: 'begin',
      host: 'example.com',
      port: 443,
      flags: 5,
    })
    expect(beginMessage(target, assigned(false)).flags).toBe(0)
  })

  for (const [what, families, mayExitOverIpv6, flags] of [
    ['both families', { allowsIpv4: true, allowsIpv6: true, prefersIpv6: false }, true, 1],
    ['both, IPv6 before IPv4', { allowsIpv4: true, allowsIpv6: true, prefersIpv6: true }, true, 5],
    ['both, at an exit without IPv6', { allowsIpv4: true, allowsIpv6: true, prefersIpv6: true }, false, 0],
    ['IPv4 alone', { allowsIpv4: true, allowsIpv6: false, prefersIpv6: true }, true, 0],
    ['IPv6 alone', { allowsIpv4: false, allowsIpv6: true, prefersIpv6: true }, true, 3],
  ] as const) {
    it(`has the flags for ${what}`, () => {
      const target = parseStreamTarget('example.com', 443)
      expect(beginMessage(target, assigned(mayExitOverIpv6), families).flags).toBe(flags)
    })
  }

  it('demands an exit that does IPv6 for a name whose IPv4 addresses are not wanted', () => {
    const families = { allowsIpv4: false, allowsIpv6: true, prefersIpv6: false }
    expect(exitUsage(parseStreamTarget('example.com', 80), NO_ISOLATION, families).family).toBe('ipv6')
  })

  it('is refused for a family that the listener does not allow', () => {
    const check = (host: string, allowsIpv4: boolean, allowsIpv6: boolean) => (): void =>
      checkFamilies(parseStreamHost(host), { allowsIpv4, allowsIpv6, prefersIpv6: false })
    expect(check('192.0.2.1', false, true)).toThrow('IPv4 is not allowed on this listener')
    expect(check('2001:db8::1', true, false)).toThrow('IPv6 is not allowed on this listener')
    expect(check('example.com', false, false)).toThrow('neither IPv4 nor IPv6')
    expect(check('example.com', false, true)).not.toThrow()
    expect(check('abc.onion', false, false)).not.toThrow()
  })

  it('demands an exit for the family that the target has', () => {
    expect(exitUsage(parseStreamTarget('example.com', 80), NO_ISOLATION).family).toBeUndefined()
    expect(exitUsage(parseStreamTarget('192.0.2.1', 80), NO_ISOLATION).family).toBe('ipv4')
    expect(exitUsage(parseStreamTarget('2001:db8::1', 80), NO_ISOLATION).family).toBe('ipv6')
  })
})

describe('isolation keys', () => {
  it('differ whenever their parts do', () => {
    const keys = [
      [],
      [''],
      ['', ''],
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc'],
      ['2:ab,1:c'],
      ['ab,1:c'],
      ['0:'],
      ['\0'],
    ].map(isolationKey)
    expect(new Set(keys).size).toBe(keys.length)
    expect(isolationKey([])).toBe(NO_ISOLATION)
  })
})
