/** Which listeners the settings ask for, and what makes two of them the same. */
import { describe, expect, test } from 'vitest'
import { type DoorPlan, planDoors, planRules } from '../../../core/daemon/door-plans.ts'
import { Settings } from '../../../core/daemon/settings.ts'
import { parseTorrc } from '../../../core/daemon/torrc-reader.ts'

const settings = (text: string): Settings => Settings.merge([parseTorrc(text, 'torrc', () => [])])
const plan = (text: string): readonly DoorPlan[] => planDoors(settings(text))
const groupsOf = (plans: readonly DoorPlan[]): string[] =>
  plans.map(({ making }) => making.options.isolation.sessionGroup)

describe('the listeners', () => {
  test('are C tor’s one SOCKS port when nothing is said, and none with 0', () => {
    expect(plan('').map(({ name, address }) => [name, address])).toEqual([
      ['Socks', { kind: 'tcp', endpoint: { host: '127.0.0.1', port: 9050 } }],
    ])
    expect(plan('SocksPort 0')).toEqual([])
  })

  test('are those of every option, with the hidden ones beside them', () => {
    const text = '__SocksPort 9150\nHTTPTunnelPort 8118\n__HTTPTunnelPort 8119\nDNSPort 5353\n__DNSPort 5354'
    expect(
      plan(text).map(({ name, address }) => [name, address.kind === 'tcp' ? address.endpoint.port : 0]),
    ).toEqual([
      ['Socks', 9050],
      ['Socks', 9150],
      ['HTTP tunnel', 8118],
      ['HTTP tunnel', 8119],
      ['DNS', 5353],
      ['DNS', 5354],
    ])
  })

  test('let our group in at unix sockets of SOCKS alone with UnixSocksGroupWritable', () => {
    const text =
      'SocksPort unix:/s\nSocksPort unix:/w WorldWritable\nHTTPTunnelPort unix:/h\nUnixSocksGroupWritable 1'
    expect(plan(text).map(({ address }) => address.kind === 'unix' && address.access)).toEqual([
      'group',
      'world',
      'owner',
    ])
  })
})

describe('the session group of a listener', () => {
  test('is its own, for two on the same address and two protocols on the same port too', () => {
    const groups = groupsOf(
      plan('SocksPort auto\nSocksPort auto\nSocksPort 5353\nHTTPTunnelPort auto\nDNSPort 5353'),
    )
    expect(new Set(groups).size).toBe(5)
  })

  test('is shared by those with the same SessionGroup, across options', () => {
    expect(groupsOf(plan('SocksPort auto SessionGroup=3\nHTTPTunnelPort auto SessionGroup=3'))).toEqual([
      'group 3',
      'group 3',
    ])
  })

  test('stays when other listeners come and go, so that a reload finds it unchanged', () => {
    const [only] = plan('SocksPort 9050')
    const [, second] = plan('SocksPort 9049\nSocksPort 9050\nHTTPTunnelPort auto')
    expect(second?.key).toBe(only?.key)
  })
})

test('a listener is another one with other flags, and the same with other rules', () => {
  const [plain] = plan('SocksPort 9050')
  const keyOf = (text: string) => plan(text)[0]?.key
  expect(keyOf('SocksPort 9050 IsolateDestAddr')).not.toBe(plain?.key)
  expect(keyOf('SocksPort 9050\nSocksTimeout 60\nSafeSocks 1\nSocksPolicy reject *')).toBe(plain?.key)
})

test('the rules for applications are what the options say', () => {
  const rules = planRules(
    settings('SocksPolicy accept 127.0.0.1\nSocksPolicy reject *\nSafeSocks 1\nTestSocks 1\nSocksTimeout 60'),
  )
  expect(rules).toMatchObject({ refusesUnsafeSocks: true, reportsSocksSafety: true, requestLimitMs: 60_000 })
  expect([rules.socksPolicy?.accepts('127.0.0.1', 1), rules.socksPolicy?.accepts('192.0.2.1', 1)]).toEqual([
    true,
    false,
  ])
  expect(planRules(settings('')).socksPolicy).toBeUndefined()
})
