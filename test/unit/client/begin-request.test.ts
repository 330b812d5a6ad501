import { describe, expect, it } from 'vitest'
import { NO_ISOLATION, isolationKey } from '../../../core/circuit-manager/isolation.ts'
import { beginMessage, checkTarget, exitUsage } from '../../../core/client/begin-request.ts'
import { parseStreamHost, parseStreamTarget } from '../../../core/client/stream-target.ts'

const refused: unknown = expect.objectContaining({ kind: 'bad-target' })

describe('the target of a stream', () => {
  for (const [host, expected, kind] of [
    ['Example.COM', 'example.com', 'name'],
    ['example.com.', 'example.com', 'name'],
    ['under_score.example', 'under_score.example', 'name'],
    ['192.0.2.1', '192.0.2.1', 'ipv4'],
    ['2001:DB8::1', '2001:db8::1', 'ipv6'],
    ['[2001:db8::1]', '2001:db8::1', 'ipv6'],
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
    'user@example.com',
    'a/b',
  ]) {
    it(`may not be ${JSON.stringify(host.slice(0, 30))}`, () => {
      expect(() => parseStreamHost(host)).toThrow(refused)
    })
  }

  for (const port of [0, -1, 65_536, 1.5, Number.NaN]) {
    it(`may not have port ${port}`, () => {
      expect(() => parseStreamTarget('example.com', port)).toThrow(refused)
    })
  }
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
      expect(() => checkTarget(target, true)).toThrow(refused)
      expect(() => checkTarget(target, false)).not.toThrow()
    })
  }

  for (const host of ['abc.onion', 'www.example.com.nickname.exit']) {
    it(`is never ${host}`, () => {
      expect(() => checkTarget(parseStreamHost(host), false)).toThrow(refused)
    })
  }

  it('is a name or address of the Internet', () => {
    for (const host of ['example.com', '192.0.2.1', '2001:db8::1', 'exit.example', 'localhost.example']) {
      expect(() => checkTarget(parseStreamHost(host), true)).not.toThrow()
    }
  })
})

describe('BEGIN', () => {
  const assigned = (mayExitOverIpv6: boolean): Parameters<typeof beginMessage>[1] =>
    ({ mayExitOverIpv6: () => mayExitOverIpv6 }) as unknown as Parameters<typeof beginMessage>[1]

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
