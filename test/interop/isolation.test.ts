/**
 * Streams that must not be linked never share a circuit. The proof is the exits' own: each prints the circuit of every
 * stream that it holds, and every stream goes to a port of its own, so that a stream here is a stream there.
 */
import type { Socket } from 'node:net'
import { afterEach, describe, expect, test } from 'vitest'
import { useFixture } from './support/fixture.ts'
import { connectHttp, connectSocks4a, connectSocks5, type Credentials } from './support/socks-client.ts'
import { startEchoServer, type TestServer } from './support/test-servers.ts'
import { listExitStreams } from './support/tor-node.ts'

const fixture = useFixture()
const servers: TestServer[] = []
const sockets: Socket[] = []

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

type Opener = (port: number) => Promise<Socket>

const basic = (user: string): string => Buffer.from(`${user}:x`).toString('base64')

function socks5(credentials?: Credentials): Opener {
  return async (port) => {
    const reply = await connectSocks5(fixture().client.socksPort, '127.0.0.1', port, credentials)
    expect(reply.code).toBe(0)
    return reply.socket
  }
}

function socks4(userId: string): Opener {
  return async (port) => {
    const reply = await connectSocks4a(fixture().client.socksPort, 'ok.test', port, userId)
    expect(reply.code).toBe(90)
    return reply.socket
  }
}

function http(...headers: string[]): Opener {
  return async (port) => {
    const reply = await connectHttp(fixture().client.httpPort, `127.0.0.1:${port}`, headers)
    expect(reply.status).toBe(200)
    return reply.socket
  }
}

/** Opens one stream for each opener, all held open, and gives the circuits of each as the exits report them. */
async function circuitsOf(openers: readonly Opener[]): Promise<string[][]> {
  const ports: number[] = []
  for (const open of openers) {
    const server = await startEchoServer()
    servers.push(server)
    ports.push(server.port)
    sockets.push(await open(server.port))
  }
  const exits = fixture().network.nodes.filter(({ role }) => role === 'exit')
  const streams = (await Promise.all(exits.map(listExitStreams))).flat()
  return ports.map((port) => {
    const circuits = streams.filter((stream) => stream.port === port).flatMap((stream) => stream.circuits)
    if (circuits.length === 0) throw new Error(`no exit holds a stream to port ${port}`)
    return circuits
  })
}

function countDistinct(circuits: readonly (readonly string[])[]): { circuits: number; named: number } {
  const all = circuits.flat()
  return { circuits: new Set(all).size, named: all.length }
}

describe('streams share no circuit', () => {
  test('when their SOCKS5 user names differ, for any two of twelve', async () => {
    const openers = Array.from({ length: 12 }, (_each, index) =>
      socks5({ user: `user-${index}`, password: 'x' }),
    )
    const found = countDistinct(await circuitsOf(openers))
    expect(found.circuits).toBe(found.named)
  })

  test.each<[string, Opener, Opener]>([
    [
      'their SOCKS5 passwords differ',
      socks5({ user: 'a', password: 'x' }),
      socks5({ user: 'a', password: 'y' }),
    ],
    ['one has credentials and the other none', socks5(), socks5({ user: 'b', password: 'x' })],
    [
      'user and password join to the same text',
      socks5({ user: 'ab', password: 'c' }),
      socks5({ user: 'a', password: 'bc' }),
    ],
    ['one speaks SOCKS4a and the other SOCKS5', socks5(), socks4('')],
    ['their SOCKS4 user ids differ', socks4('one'), socks4('two')],
    ['one uses the HTTP port and the other the SOCKS port', socks5(), http()],
    [
      'their proxy authorizations differ',
      http(`Proxy-Authorization: Basic ${basic('one')}`),
      http(`Proxy-Authorization: Basic ${basic('two')}`),
    ],
  ])('when %s', async (_why, first, second) => {
    const found = countDistinct(await circuitsOf([first, second]))
    expect(found.circuits).toBe(found.named)
  })
})

describe('streams share their circuit', () => {
  test.each<[string, Opener]>([
    ['the same SOCKS5 credentials', socks5({ user: 'same', password: 'x' })],
    ['no credentials', socks5()],
    ['the same SOCKS4 user id', socks4('same')],
    ['the same proxy authorization', http(`Proxy-Authorization: Basic ${basic('same')}`)],
  ])('when they come with %s', async (_what, open) => {
    const [first = [], second = []] = await circuitsOf([open, open])
    expect(first.filter((circuit) => second.includes(circuit))).not.toEqual([])
  })
})
