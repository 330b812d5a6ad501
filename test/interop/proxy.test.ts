/** The front doors as applications see them: protocols, reply codes, names, and applications that misbehave. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { curl } from './support/curl.ts'
import { useFixture, viaSocks } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { localAddressesOf } from './support/relay-view.ts'
import { roundTrip } from './support/round-trip.ts'
import {
  connectHttp,
  connectSocks4a,
  connectSocks5,
  dial,
  requestCommand,
  resolveName,
  sendRaw,
} from './support/socks-client.ts'
import { startEchoServer, type TestServer } from './support/test-servers.ts'
import { REFUSED_BY_POLICY } from './support/tor-network.ts'
import { sleep, waitFor, within } from './support/waiting.ts'

const fixture = useFixture()
let echo: TestServer
let echo6: TestServer
let closedPort: number

beforeAll(async () => {
  echo = await startEchoServer()
  echo6 = await startEchoServer('::1')
  closedPort = (await findFreePorts(1))[0] ?? 1
})

afterAll(async () => {
  await echo.close()
  await echo6.close()
})

describe('applications reach their destination', () => {
  test('by SOCKS5 and an address', async () => {
    const { client, web } = fixture()
    const url = `http://127.0.0.1:${web.port}/body/5`
    const result = await curl('--socks5', `127.0.0.1:${client.socksPort}`, '--output', '/dev/null', url)
    expect(result).toMatchObject({ exitCode: 0, errors: '' })
  })

  test('by SOCKS5 and a name, which the exit resolves', async () => {
    const { client, web } = fixture()
    const result = await curl(...viaSocks(client), `http://ok.test:${web.port}/`)
    expect(result.exitCode).toBe(0)
    expect(result.body).toBe('hello')
  })

  test('by SOCKS4a', async () => {
    const { client, web } = fixture()
    const result = await curl('--socks4a', `127.0.0.1:${client.socksPort}`, `http://ok.test:${web.port}/`)
    expect(result).toMatchObject({ exitCode: 0, errors: '' })
    expect(result.body).toBe('hello')
  })

  test('by HTTP CONNECT', async () => {
    const { client, web } = fixture()
    const options = ['--proxytunnel', '--proxy', `http://127.0.0.1:${client.httpPort}`]
    const result = await curl(...options, `http://ok.test:${web.port}/`)
    expect(result).toMatchObject({ exitCode: 0, errors: '' })
    expect(result.body).toBe('hello')
  })

  test('with data sent along before the reply has come', async () => {
    const { client } = fixture()
    const target = Buffer.concat([Buffer.of(5, 1, 0, 3, 7), Buffer.from('ok.test')])
    const port = Buffer.of(echo.port >> 8, echo.port & 0xff)
    const socket = await dial(client.socksPort)
    const chunks: Buffer[] = []
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.write(Buffer.concat([Buffer.of(5, 1, 0), target, port, Buffer.from('early')]))
    await waitFor(
      'the early data to come back',
      10_000,
      () => Buffer.concat(chunks).includes('early') || undefined,
    )
    socket.destroy()
    expect(Buffer.concat(chunks).subarray(0, 4)).toEqual(Buffer.of(5, 0, 5, 0))
  })

  test('at an IPv6 address that a name stands for', async () => {
    const { client } = fixture()
    const reply = await connectSocks5(client.socksPort, 'six.test', echo6.port)
    expect(reply.code).toBe(0)
    await roundTrip(reply.socket)
    reply.close()
  })
})

describe('names are resolved through the network', () => {
  test('to their IPv4 address', async () => {
    const reply = await resolveName(fixture().client.socksPort, 'far.test')
    expect(reply).toMatchObject({ code: 0, address: '203.0.113.7' })
  })

  test('to their IPv6 address when they have no other', async () => {
    const reply = await resolveName(fixture().client.socksPort, 'six.test')
    expect(reply).toMatchObject({ code: 0, address: '00000000000000000000000000000001' })
  })

  test('and reply 4 says that a name does not exist', async () => {
    const reply = await resolveName(fixture().client.socksPort, 'nx.test')
    expect(reply.code).toBe(4)
  })

  test('while the client itself holds no UDP socket that could ask anybody', async () => {
    const { client } = fixture()
    const answers = ['ok.test', 'far.test', 'six.test'].map((name) => resolveName(client.socksPort, name))
    const seen: string[] = []
    for (let look = 0; look < 20; look++) {
      seen.push(...localAddressesOf(client.pid, 'udp'), ...localAddressesOf(client.pid, 'udp6'))
      await sleep(2)
    }
    await Promise.all(answers)
    expect(seen).toEqual([])
  })
})

describe('a SOCKS5 reply says what went wrong', () => {
  // C tor's exits learn of a refusal only after they have lost its cause, and say MISC; 5 is for exits that know it.
  test('1 or 5, and soon, when the destination refuses the connection', async () => {
    const asked = connectSocks5(fixture().client.socksPort, '127.0.0.1', closedPort)
    const reply = await within('the refusal', 20_000, asked)
    reply.close()
    expect([1, 5]).toContain(reply.code)
  })

  test('4 when the name does not exist', async () => {
    const reply = await connectSocks5(fixture().client.socksPort, 'nx.test', 80)
    reply.close()
    expect(reply.code).toBe(4)
  })

  test('2 when every exit policy forbids the destination', async () => {
    const asked = connectSocks5(fixture().client.socksPort, REFUSED_BY_POLICY, 80)
    const reply = await within('the refusal', 20_000, asked)
    reply.close()
    expect(reply.code).toBe(2)
  })

  test.each([
    ['BIND', 2],
    ['UDP ASSOCIATE', 3],
  ])('7 when the command is %s', async (_name, command) => {
    expect(await requestCommand(fixture().client.socksPort, command)).toBe(7)
  })

  test('255 when no offered authentication method is known', async () => {
    const answer = await sendRaw(fixture().client.socksPort, Buffer.of(5, 1, 1))
    expect(answer).toEqual(Buffer.of(5, 0xff))
  })

  test('91, in SOCKS4, when the destination refuses', async () => {
    const reply = await connectSocks4a(fixture().client.socksPort, 'ok.test', closedPort)
    reply.close()
    expect(reply.code).toBe(91)
  })
})

describe('HTTP CONNECT', () => {
  test('answers a refused destination with a status that is no success', async () => {
    const reply = await connectHttp(fixture().client.httpPort, `127.0.0.1:${closedPort}`)
    reply.socket.destroy()
    expect(reply.status).toBeGreaterThanOrEqual(400)
  })

  test.each(['GET http://ok.test/ HTTP/1.1', 'GET / HTTP/1.1', 'CONNECT ok.test HTTP/1.1', 'CONNECT'])(
    'refuses "%s", which is no CONNECT to a host and port',
    async (line) => {
      const answer = await sendRaw(fixture().client.httpPort, Buffer.from(`${line}\r\nHost: ok.test\r\n\r\n`))
      expect(answer.toString('latin1')).not.toMatch(/^HTTP\/1\.[01] 2/)
    },
  )
})

describe('applications that misbehave', () => {
  test.each([
    ['an HTTP request on the SOCKS port', Buffer.from('GET / HTTP/1.1\r\nHost: ok.test\r\n\r\n')],
    ['an unknown version', Buffer.of(9, 9, 9, 9)],
    ['an empty name', Buffer.of(5, 1, 0, 5, 1, 0, 3, 0, 0, 80)],
    ['an unknown address type', Buffer.of(5, 1, 0, 5, 1, 0, 9, 1, 1, 1, 1, 0, 80)],
    ['a name with a NUL', Buffer.of(5, 1, 0, 5, 1, 0, 3, 3, 0x61, 0, 0x62, 0, 80)],
  ])('are turned away after %s, and others are served as before', async (_what, bytes) => {
    const { client, web } = fixture()
    await sendRaw(client.socksPort, bytes)
    const result = await curl(...viaSocks(client), `http://ok.test:${web.port}/`)
    expect(result.exitCode).toBe(0)
  })

  test('cannot keep others waiting by connecting and saying nothing', async () => {
    const { client, web } = fixture()
    const silent = await Promise.all(Array.from({ length: 100 }, () => dial(client.socksPort)))
    const result = await curl(...viaSocks(client), `http://ok.test:${web.port}/`)
    for (const socket of silent) socket.destroy()
    expect(result.exitCode).toBe(0)
  })

  test('can hang up in the middle of a download without harm to their circuit', async () => {
    const { client, web } = fixture()
    for (let round = 0; round < 5; round++) {
      const reply = await connectSocks5(client.socksPort, '127.0.0.1', web.port, {
        user: 'hangup',
        password: 'x',
      })
      reply.socket.write('GET /body/20000000 HTTP/1.0\r\n\r\n')
      await new Promise((resolve) => {
        reply.socket.once('data', resolve)
      })
      reply.socket.resetAndDestroy()
    }
    const result = await curl(...viaSocks(client, 'hangup'), `http://127.0.0.1:${web.port}/`)
    expect(result.exitCode).toBe(0)
  })

  test('can leave before their connection is made', async () => {
    const { client, web } = fixture()
    for (let round = 0; round < 20; round++) {
      const socket = await dial(client.socksPort)
      socket.write(Buffer.of(5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, echo.port >> 8, echo.port & 0xff))
      socket.resetAndDestroy()
    }
    const result = await curl(...viaSocks(client), `http://ok.test:${web.port}/`)
    expect(result.exitCode).toBe(0)
  })
})
