import { afterEach, describe, expect, test } from 'vitest'
import { type ApplicationRules, DEFAULT_APPLICATION_RULES } from '../../../core/proxy/application-rules.ts'
import { DEFAULT_TRAFFIC, type TrafficRules } from '../../../core/proxy/listener-options.ts'
import type { ProxyListener } from '../../../core/proxy/proxy-listener.ts'
import { DEFAULT_ISOLATION } from '../../../core/proxy/request-isolation.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { TorError } from '../../../core/util/errors.ts'
import { formatLogParts, type LogLevel, Logger } from '../../../core/util/log.ts'
import { FakeOpener } from './fake-opener.ts'
import { App, type ListenChanges, listen, until } from './support.ts'

const open: ProxyListener[] = []

afterEach(async () => {
  for (const listener of open.splice(0)) await listener.close()
})

async function start(opener: FakeOpener, changes: ListenChanges = {}): Promise<ProxyListener> {
  const listener = await listen(opener, changes)
  open.push(listener)
  return listener
}

const hexOf = (text: string): string => Buffer.from(text, 'latin1').toString('hex')
const byName = (name: string, port = '0050', command = '01'): string =>
  `050100 05${command}0003 ${name.length.toString(16).padStart(2, '0')} ${hexOf(name)} ${port}`
const BY_IPV4 = '050100 05010001 c0000207 0050'
const BY_IPV6 = '050100 05010004 20010db8000000000000000000000001 0050'
const ONION = `${'a'.repeat(56)}.onion`
const OK = '05000001000000000000'
const NOT_ALLOWED = '05020001000000000000'

/** What a request is answered with, method selection aside. */
async function answer(listener: ProxyListener, request: string): Promise<string> {
  const app = new App(listener)
  app.sendHex(request)
  await until(() => app.received.length >= 12 || app.hasEnded)
  app.socket.destroy()
  return app.received.toString('hex').slice(4)
}

function recordingLogger(): { log: Logger; lines: (level: LogLevel) => string[] } {
  const records: { level: LogLevel; text: string }[] = []
  const log = new Logger(({ level, parts }) => records.push({ level, text: formatLogParts(parts, false) }))
  return {
    log,
    lines: (level) => records.filter((record) => record.level === level).map(({ text }) => text),
  }
}

describe('the flags of a listener', () => {
  const noIpv4 = { families: { allowsIpv4: false, allowsIpv6: true, prefersIpv6: true } }
  const noIpv6 = { families: { allowsIpv4: true, allowsIpv6: false, prefersIpv6: false } }
  const neither = { families: { allowsIpv4: false, allowsIpv6: false, prefersIpv6: false } }

  test.each<[string, Partial<TrafficRules>, string, string]>([
    ['NoIPv4Traffic', noIpv4, BY_IPV4, NOT_ALLOWED],
    ['NoIPv4Traffic, text', noIpv4, byName('192.0.2.7'), NOT_ALLOWED],
    ['NoIPv4Traffic, IPv6', noIpv4, BY_IPV6, OK],
    ['NoIPv4Traffic, name', noIpv4, byName('example.com'), OK],
    ['NoIPv6Traffic', noIpv6, BY_IPV6, NOT_ALLOWED],
    ['neither family, name', neither, byName('example.com'), NOT_ALLOWED],
    ['neither family, onion', neither, byName(ONION), OK],
    ['NoDNSRequest, name', { allowsNames: false }, byName('example.com'), NOT_ALLOWED],
    ['NoDNSRequest, onion', { allowsNames: false }, byName(ONION), OK],
    ['NoDNSRequest, address', { allowsNames: false }, BY_IPV4, OK],
    [
      'NoDNSRequest, look-up',
      { allowsNames: false },
      byName('example.com', '0000', 'f0'),
      '05040000000000000000',
    ],
    [
      'NoDNSRequest, names of an address',
      { allowsNames: false },
      '050100 05f10001 c0000207 0000',
      '05040000000000000000',
    ],
    ['NoOnionTraffic', { allowsOnion: false }, byName(ONION), NOT_ALLOWED],
    ['OnionTrafficOnly, onion', { allowsExit: false }, byName(ONION), OK],
    ['OnionTrafficOnly, name', { allowsExit: false }, byName('example.com'), NOT_ALLOWED],
    ['OnionTrafficOnly, address', { allowsExit: false }, BY_IPV4, NOT_ALLOWED],
  ])('%s', async (_what, flags, request, expected) => {
    const opener = new FakeOpener()
    const listener = await start(opener, { traffic: { ...DEFAULT_TRAFFIC, ...flags } })
    expect(await answer(listener, request)).toBe(expected)
    expect(opener.asked).toHaveLength(expected === OK ? 1 : 0)
  })

  test('tell the client which families an exit may use', async () => {
    const opener = new FakeOpener()
    await answer(await start(opener, { traffic: { ...DEFAULT_TRAFFIC, ...noIpv6 } }), byName('a.example'))
    expect(opener.asked[0]?.options.families).toEqual(noIpv6.families)
  })

  test('hold on the HTTP port too', async () => {
    const opener = new FakeOpener()
    const traffic = { ...DEFAULT_TRAFFIC, allowsNames: false }
    const listener = await start(opener, { protocol: 'http', traffic })
    for (const line of ['CONNECT a.example:23 HTTP/1.1', 'GET http://a.example:23/ HTTP/1.1\r\nHost: a']) {
      const app = new App(listener)
      app.send(`${line}\r\n\r\n`)
      await until(() => app.hasEnded)
      expect(app.received.toString('latin1')).toContain('Tor-Request-Failed: end/ENTRYPOLICY')
    }
    expect(opener.asked).toHaveLength(0)
  })

  test('KeepAliveIsolateSOCKSAuth reaches the client with the credentials', async () => {
    const opener = new FakeOpener()
    const isolation = { ...DEFAULT_ISOLATION, sessionGroup: '1', keepAliveIsolateSocksAuth: true }
    const listener = await start(opener, { isolation })
    await answer(listener, byName('a.example'))
    const app = new App(listener)
    app.sendHex(`050102 0101610162 ${byName('a.example').slice(7)}`)
    await until(() => opener.asked.length === 2)
    app.socket.destroy()
    expect(opener.asked.map(({ options }) => options.isolation?.keepsAlive)).toEqual([false, true])
  })
})

describe('an address that was made up for a name', () => {
  const virtual = (name: string): FakeOpener => {
    const opener = new FakeOpener()
    opener.virtualNames.set('192.0.2.7', name)
    return opener
  }

  test('is as safe as the name to SafeSocks and TestSocks, and nobody is warned', async () => {
    const { log, lines } = recordingLogger()
    const rules = { ...DEFAULT_APPLICATION_RULES, refusesUnsafeSocks: true, reportsSocksSafety: true }
    const listener = await start(virtual('www.a.example'), { rules, log })
    expect(await answer(listener, BY_IPV4)).toBe(OK)
    expect(await answer(listener, BY_IPV6)).toBe(NOT_ALLOWED)
    expect(lines('notice').map((line) => line.includes('is safe'))).toEqual([true, false])
    expect(lines('warn')).toHaveLength(1)
  })

  test('is isolated as the name is: by its site, and by itself', async () => {
    for (const isolateDestAddr of [false, true]) {
      const opener = virtual('www.a.example')
      const isolation = { ...DEFAULT_ISOLATION, sessionGroup: '1', isolateDestAddr }
      const listener = await start(opener, { isolation })
      for (const request of [BY_IPV4, byName('www.a.example'), byName('www.b.example')]) {
        await answer(listener, request)
      }
      const [byAddress, same, other] = opener.asked.map(({ options }) => options.isolation?.key)
      expect(byAddress).toBe(same)
      expect(byAddress).not.toBe(other)
    }
  })

  test.each<[string, Partial<TrafficRules>, string, string]>([
    ['OnionTrafficOnly', { allowsExit: false }, ONION, OK],
    ['OnionTrafficOnly', { allowsExit: false }, 'a.example', NOT_ALLOWED],
    ['NoOnionTraffic', { allowsOnion: false }, ONION, NOT_ALLOWED],
    ['NoDNSRequest', { allowsNames: false }, 'a.example', NOT_ALLOWED],
  ])('%s is held to the name', async (_what, flags, name, expected) => {
    const listener = await start(virtual(name), { traffic: { ...DEFAULT_TRAFFIC, ...flags } })
    expect(await answer(listener, BY_IPV4)).toBe(expected)
  })
})

describe('a host that MapAddress leads elsewhere', () => {
  const noIpv4 = { families: { allowsIpv4: false, allowsIpv6: true, prefersIpv6: true } }

  test.each<[string, Partial<TrafficRules>, string, string, string]>([
    ['NoDNSRequest, to a name', { allowsNames: false }, BY_IPV4, 'a.example', NOT_ALLOWED],
    ['NoDNSRequest, to an address', { allowsNames: false }, byName('a.test'), '198.51.100.1', OK],
    ['NoIPv4Traffic, to IPv4', noIpv4, byName('a.test'), '198.51.100.1', NOT_ALLOWED],
    ['NoIPv4Traffic, to a name', noIpv4, BY_IPV4, 'a.example', OK],
    ['NoOnionTraffic, to an onion service', { allowsOnion: false }, byName('a.test'), ONION, NOT_ALLOWED],
    ['OnionTrafficOnly, to an onion service', { allowsExit: false }, byName('a.test'), ONION, OK],
    ['OnionTrafficOnly, away from one', { allowsExit: false }, byName(ONION), 'a.example', NOT_ALLOWED],
  ])('is held by the flags to where it leads: %s', async (_what, flags, request, to, expected) => {
    const opener = new FakeOpener()
    for (const from of ['192.0.2.7', 'a.test', ONION]) opener.mappedHosts.set(from, to)
    const listener = await start(opener, { traffic: { ...DEFAULT_TRAFFIC, ...flags } })
    expect(await answer(listener, request)).toBe(expected)
    expect(opener.asked).toHaveLength(expected === OK ? 1 : 0)
  })

  test('is looked up only where the flags let look-ups of that host through', async () => {
    const opener = new FakeOpener()
    opener.mappedHosts.set('192.0.2.7', 'a.example')
    const listener = await start(opener, { traffic: { ...DEFAULT_TRAFFIC, allowsNames: false } })
    expect(await answer(listener, byName('192.0.2.7', '0000', 'f0'))).toBe('05040000000000000000')
    expect(opener.resolved).toHaveLength(0)
  })

  test('is no unsafe request of an address: nobody needs to look up what the user mapped', async () => {
    const { log, lines } = recordingLogger()
    const opener = new FakeOpener()
    opener.mappedHosts.set('192.0.2.7', 'a.example')
    const rules = { ...DEFAULT_APPLICATION_RULES, refusesUnsafeSocks: true, reportsSocksSafety: true }
    const listener = await start(opener, { rules, log })
    expect(await answer(listener, BY_IPV4)).toBe(OK)
    expect(await answer(listener, BY_IPV6)).toBe(NOT_ALLOWED)
    expect(lines('notice').map((line) => line.includes('is safe'))).toEqual([true, false])
    expect(lines('warn')).toHaveLength(1)
  })

  test('is handed on as it was asked for: rules of sites hold for both', async () => {
    const opener = new FakeOpener()
    opener.mappedHosts.set('a.test', 'b.example')
    await answer(await start(opener), byName('a.test'))
    expect(opener.asked[0]?.target.host).toBe('a.test')
  })
})

describe('the rules for all applications', () => {
  const withRules = (changes: Partial<ApplicationRules>): { rules: ApplicationRules } => ({
    rules: { ...DEFAULT_APPLICATION_RULES, ...changes },
  })

  test('SocksPolicy lets in and keeps out by address', async () => {
    const opener = new FakeOpener()
    const { log, lines } = recordingLogger()
    const socksPolicy = parseAddressPolicy(['reject 127.0.0.1', 'accept *'], 'SocksPolicy')
    const kept = new App(await start(opener, { ...withRules({ socksPolicy }), log }))
    kept.sendHex(byName('a.example'))
    await until(() => kept.isClosed || kept.hasEnded)
    expect(kept.received).toHaveLength(0)
    expect(lines('info').join()).toContain('[scrubbed]')
    const welcome = parseAddressPolicy(['accept 127.0.0.1', 'reject *'], 'SocksPolicy')
    expect(await answer(await start(opener, withRules({ socksPolicy: welcome })), byName('a.example'))).toBe(
      OK,
    )
  })

  test('SafeSocks refuses requests that name an address, and takes names', async () => {
    const opener = new FakeOpener()
    const listener = await start(opener, withRules({ refusesUnsafeSocks: true }))
    expect(await answer(listener, BY_IPV4)).toBe(NOT_ALLOWED)
    expect(await answer(listener, byName('example.com'))).toBe(OK)
    // A look-up of the name of an address leaks nothing.
    expect(await answer(listener, '050100 05f10001 c0000207 0000')).toMatch(/^05000003/)
    expect(opener.asked).toHaveLength(1)
  })

  test('an application that names addresses is warned of once for each protocol', async () => {
    const { log, lines } = recordingLogger()
    const listener = await start(new FakeOpener(), { log })
    for (const request of [BY_IPV4, BY_IPV4, BY_IPV6]) await answer(listener, request)
    expect(lines('warn')).toHaveLength(1)
    expect(lines('warn')[0]).toContain('socks5')
    expect(lines('warn')[0]).not.toContain('192.0.2.7')
  })

  test('TestSocks says of each request whether it is safe, and not where it goes', async () => {
    const { log, lines } = recordingLogger()
    const listener = await start(new FakeOpener(), { ...withRules({ reportsSocksSafety: true }), log })
    await answer(listener, BY_IPV4)
    await answer(listener, byName('secret.example'))
    expect(lines('notice')).toHaveLength(2)
    expect(lines('notice')[0]).toContain('unsafe')
    expect(lines('notice')[1]).toContain('is safe')
    expect(lines('notice').join()).not.toMatch(/secret|192/)
  })
})

test('a name with a NUL is refused and not cut', async () => {
  const opener = new FakeOpener()
  expect(await answer(await start(opener), byName('a.example\0.evil'))).toBe('05010001000000000000')
  expect(opener.asked).toHaveLength(0)
})

test('credentials are never logged', async () => {
  const { log, lines } = recordingLogger()
  const listener = await start(new FakeOpener(), { log })
  const secret = hexOf('hunter2')
  for (const command of ['01', '09']) {
    const app = new App(listener)
    app.sendHex(`050102 0107${secret}07${secret} 05${command}0003 01 00 0050`)
    await until(() => app.hasEnded)
  }
  const all = (['info', 'notice', 'warn', 'debug'] as const).flatMap(lines)
  expect(all.length).toBeGreaterThan(0)
  expect(all.join()).not.toContain('hunter2')
})

test('five hundred applications at once are all served', async () => {
  const opener = new FakeOpener()
  const listener = await start(opener)
  const apps = Array.from({ length: 500 }, () => new App(listener))
  for (const app of apps) app.sendHex(byName('a.example'))
  await until(() => apps.every((app) => app.received.toString('hex').endsWith(OK)))
  expect(listener.connectionCount).toBe(500)
  for (const app of apps) app.socket.resetAndDestroy()
  await until(() => listener.connectionCount === 0)
})

test('the PTR of an address is looked up, with its own isolation', async () => {
  const opener = new FakeOpener()
  const reply = await answer(await start(opener), '050100 05f10001 c0000207 0000')
  expect(reply).toBe(`05000003 0c ${hexOf('name.example')} 0000`.replaceAll(' ', ''))
  expect(opener.resolved[0]?.host).toBe('192.0.2.7')
  expect(opener.resolved[0]?.options.isolation?.key).toContain('192.0.2.7')
})

describe('a request for which there is no path', () => {
  test('is a reason for one warning in words, and one more for another reason, without the destination', async () => {
    const { log, lines } = recordingLogger()
    const opener = new FakeOpener()
    const listener = await start(opener, { log })
    opener.failure = new TorError('no-path', 'ExitNodes names no relay of the network')
    for (const name of ['one.example', 'two.example']) await answer(listener, byName(name))
    opener.failure = new TorError('no-path', 'no exit relay in fr allows connections to this port')
    await answer(listener, byName('three.example'))
    for (const seconds of [37, 12]) {
      opener.failure = new TorError(
        'no-path',
        `no guard could be reached; the next try is in ${seconds} seconds`,
      )
      await answer(listener, byName('four.example'))
    }
    expect(lines('warn')).toEqual([
      'A request was refused: ExitNodes names no relay of the network',
      'A request was refused: no exit relay in fr allows connections to this port',
      'A request was refused: no guard could be reached; the next try is in 37 seconds',
    ])
    expect(lines('info').join(' ')).not.toContain('example')
  })
})
