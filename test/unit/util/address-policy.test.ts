import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { isTorError } from '../../../core/util/errors.ts'
import { type FirewallOptions, parseReachableAddresses } from '../../../core/util/reachable-addresses.ts'

function accepts(rules: string, host: string, port = 443): boolean {
  return parseAddressPolicy([rules], 'SocksPolicy').accepts(host, port)
}

function complaintOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (isTorError(error, 'bad-config')) return error.message
    throw error
  }
  return 'nothing'
}

describe('an address policy', () => {
  it.each([
    ['reject *', '1.2.3.4', false],
    ['reject *', '2001:db8::1', false],
    ['reject *:*', '1.2.3.4', false],
    ['reject *4', '1.2.3.4', false],
    ['reject *4', '2001:db8::1', true],
    ['reject *6:443', '2001:db8::1', false],
    ['reject *6:443', '1.2.3.4', true],
    ['reject6 *', '2001:db8::1', false],
    ['reject6 *:443', '1.2.3.4', true],
    ['reject6 [2001:db8::]/32', '2001:db8::1', false],
    ['reject 1.2.3.4', '1.2.3.4', false],
    ['reject 1.2.3.4', '1.2.3.5', true],
    ['reject 1.2.3.4/32:443', '1.2.3.4', false],
    ['reject 1.2.3.4:80', '1.2.3.4', true],
    ['reject 1.2.99.99/16', '1.2.3.4', false],
    ['reject 1.2.0.0/255.255.0.0:400-500', '1.2.3.4', false],
    ['reject 1.2.0.0/16:400-442', '1.2.3.4', true],
    ['reject 0.0.0.0/0', '255.255.255.255', false],
    ['reject 0.0.0.0/0', '::1', true],
    ['reject 128.0.0.0/1', '200.1.1.1', false],
    ['reject 128.0.0.0/1', '100.1.1.1', true],
    ['reject [2001:db8::1]', '2001:DB8:0::1', false],
    ['reject [2001:db8::]/33:443', '2001:db8:7fff::', false],
    ['reject [2001:db8::]/33', '2001:db8:8000::', true],
    ['reject [::]/0', '2001:db8::1', false],
    ['REJECT  Private:*', '10.1.2.3', false],
    ['reject private', '172.31.255.255', false],
    ['reject private', '172.32.0.0', true],
    ['reject private:*', '192.168.1.1', false],
    ['reject private', 'fe80::1', false],
    ['reject private', '::1', false],
    ['reject private', '2001:db8::1', true],
    ['reject private:1-442', '127.0.0.1', true],
  ])('"%s" gives %s the answer %s', (rules, host, answer) => {
    expect(accepts(rules, host)).toBe(answer)
  })

  it('is decided by the first rule that matches, and accepts what none names', () => {
    const rules = 'accept 10.0.0.1, reject 10.0.0.0/8:80 ,accept 10.0.0.2:*,,reject *:25'
    expect(accepts(rules, '10.0.0.1', 80)).toBe(true)
    expect(accepts(rules, '10.0.0.2', 80)).toBe(false)
    expect(accepts(rules, '10.0.0.2', 25)).toBe(true)
    expect(accepts(rules, '10.0.0.3', 25)).toBe(false)
    expect(accepts(rules, '10.0.0.3', 26)).toBe(true)
  })

  it('reads several lines as one list', () => {
    const policy = parseAddressPolicy(['accept 127.0.0.1', 'reject *'], 'SocksPolicy')
    expect(policy.text).toBe('accept 127.0.0.1,reject *')
    expect([policy.accepts('127.0.0.1', 1), policy.accepts('127.0.0.2', 1)]).toEqual([true, false])
  })

  it('cannot be walked around by writing an IPv4 address as an IPv6 one', () => {
    expect(accepts('reject 10.0.0.0/8', '::ffff:10.1.2.3')).toBe(false)
    expect(accepts('reject *4', '::ffff:a01:203')).toBe(false)
    expect(accepts('reject private', '::ffff:127.0.0.1')).toBe(false)
    expect(accepts('reject [::ffff:10.0.0.0]/104', '10.1.2.3')).toBe(false)
    expect(accepts('reject [::ffff:10.0.0.0]/104', '11.1.2.3')).toBe(true)
  })

  it('holds a network exactly: every address with its leading bits and no other', () => {
    const word = fc.integer({ min: 0, max: 0xffffffff })
    fc.assert(
      fc.property(word, word, fc.integer({ min: 0, max: 32 }), (network, other, bits) => {
        const text = (value: number): string =>
          [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255].join('.')
        const leading = (value: number): string => value.toString(2).padStart(32, '0').slice(0, bits)
        const isInside = leading(network) === leading(other)
        expect(accepts(`reject ${text(network)}/${bits}`, text(other))).toBe(!isInside)
        const v6 = (value: number): string =>
          `2001:${(value >>> 16).toString(16)}:${(value & 65535).toString(16)}::`
        expect(accepts(`reject [${v6(network)}]/${bits + 16}`, v6(other))).toBe(!isInside)
      }),
    )
  })

  it.each([
    '1.2.3.4',
    'accept',
    'allow *',
    'accept 1.2.3',
    'accept 1.2.3.4/33',
    'accept 1.2.3.4/255.0.255.0',
    'accept 1.2.3.4/-1',
    'accept 01.2.3.4',
    'accept */8',
    'accept private/8',
    'accept 1.2.3.4:0',
    'accept 1.2.3.4:65536',
    'accept 1.2.3.4:90-80',
    'accept 1.2.3.4:1e3',
    'accept 1.2.3.4:-80',
    'accept 1.2.3.4:',
    'accept 2001:db8::1',
    'accept [2001:db8::1',
    'accept [2001:db8::1]/129',
    'accept [2001:db8::]/ffff::',
    'accept [fe80::1%eth0]',
    'accept [1.2.3.4]',
    'accept6 1.2.3.4',
    'accept6 *4',
    'accept example.com:80',
    'accept 1.2.3.4 80',
    'accept *7',
    'reject __proto__',
  ])('refuses "%s" in words that name the option and the rule', (rule) => {
    const words = complaintOf(() => parseAddressPolicy([`reject 1.1.1.1, ${rule}`], 'SocksPolicy'))
    expect(words).toContain('SocksPolicy: expected accept or reject, then address')
    expect(words).toContain(`"${rule}"`)
  })

  it('quotes no more than the beginning of a bad rule and takes no endless list', () => {
    const novel = `accept ${'x'.repeat(10_000)}`
    expect(complaintOf(() => parseAddressPolicy([novel], 'SocksPolicy')).length).toBeLessThan(300)
    const list = Array.from({ length: 1_001 }, () => 'accept *')
    expect(complaintOf(() => parseAddressPolicy(list, 'SocksPolicy'))).toContain('more than 1000 rules')
  })
})

describe('what a firewall lets through', () => {
  const NONE: FirewallOptions = {
    reachableAddresses: [],
    reachableOrAddresses: [],
    isFascistFirewall: false,
    firewallPorts: [],
  }

  it('is everything unless an option says otherwise', () => {
    expect(parseReachableAddresses(NONE)).toBeUndefined()
    expect(parseReachableAddresses({ ...NONE, firewallPorts: [443] })).toBeUndefined()
  })

  it('is what ReachableAddresses lists, accept being understood, and nothing else', () => {
    const policy = parseReachableAddresses({
      ...NONE,
      reachableAddresses: ['99.0.0.0/8, reject 18.0.0.0/8:80', 'accept *:80'],
    })
    expect(policy?.accepts('99.1.1.1', 9001)).toBe(true)
    expect(policy?.accepts('18.1.1.1', 80)).toBe(false)
    expect(policy?.accepts('1.1.1.1', 80)).toBe(true)
    expect(policy?.accepts('2001:db8::1', 80)).toBe(true)
    expect(policy?.accepts('1.1.1.1', 443)).toBe(false)
  })

  it('is what ReachableORAddresses lists, whatever the other options say', () => {
    const policy = parseReachableAddresses({
      reachableAddresses: ['*:80'],
      reachableOrAddresses: ['*:443'],
      isFascistFirewall: true,
      firewallPorts: [8443],
    })
    expect([80, 443, 8443].map((port) => policy?.accepts('1.1.1.1', port))).toEqual([false, true, false])
  })

  it('is FirewallPorts, or the ports of the web, behind a fascist firewall', () => {
    const web = parseReachableAddresses({ ...NONE, isFascistFirewall: true })
    expect([80, 443, 9001].map((port) => web?.accepts('1.1.1.1', port))).toEqual([true, true, false])
    const chosen = parseReachableAddresses({ ...NONE, isFascistFirewall: true, firewallPorts: [8080, 22] })
    expect([22, 443, 8080].map((port) => chosen?.accepts('::1', port))).toEqual([true, false, true])
    const both = { ...NONE, isFascistFirewall: true, firewallPorts: [22], reachableAddresses: ['*:80'] }
    expect([22, 80].map((port) => parseReachableAddresses(both)?.accepts('1.1.1.1', port))).toEqual([
      false,
      true,
    ])
  })

  it.each([['reject *'], ['reject *:*'], ['reject 1.1.1.1'], ['reject *:*, accept 1.1.1.1'], ['reject6 *']])(
    'is refused in words when it is nothing: "%s"',
    (rules) => {
      const words = complaintOf(() => parseReachableAddresses({ ...NONE, reachableAddresses: [rules] }))
      expect(words).toBe('ReachableAddresses: every address is rejected')
    },
  )

  it('is refused in words when it cannot be read', () => {
    const bad = { ...NONE, reachableOrAddresses: ['*:http'] }
    expect(complaintOf(() => parseReachableAddresses(bad))).toContain(
      'ReachableORAddresses: expected address',
    )
    const ports = { ...NONE, isFascistFirewall: true, firewallPorts: [70_000] }
    expect(complaintOf(() => parseReachableAddresses(ports))).toContain('FirewallPorts')
  })
})
