/** Which relays stand together in a path, and what a user's own choice of relays does, on real relays. */
import type { Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest'
import { ClientProcess, createClientHome, startClient } from '../support/client-process.ts'
import { expectNoProtocolWarnings } from '../support/fixture.ts'
import { findExitOfStream } from '../support/relay-view.ts'
import { connectSocks5 } from '../support/socks-client.ts'
import { startEchoServer, startEchoServerOn, type TestServer } from '../support/test-servers.ts'
import { clientLines } from '../support/tor-network.ts'
import { RARE_PORT, writeGeoIpFile } from '../support/varied-network.ts'
import { pathsOf } from '../support/paths-of.ts'

expectNoProtocolWarnings()

const network = inject('network')
const lines = [...clientLines(network), 'EnforceDistinctSubnets 1']
const clients: ClientProcess[] = []
const sockets: Socket[] = []
let echo: TestServer
let geoIp: string

beforeAll(async () => {
  echo = await startEchoServer()
  geoIp = writeGeoIpFile(network.directory)
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  for (const client of clients.splice(0)) {
    await client.end('SIGKILL')
    client.home.remove()
  }
})

afterAll(() => echo.close())

async function start(...extra: string[]): Promise<ClientProcess> {
  const client = await startClient([...lines, `GeoIPFile ${geoIp}`, ...extra])
  clients.push(client)
  return client
}

/** Opens a stream of its own isolation; gives SOCKS's answer and, when connected, the exit's nickname. */
async function exitFor(client: ClientProcess, user: string, server = echo): Promise<string> {
  const reply = await connectSocks5(client.socksPort, '127.0.0.1', server.port, { user, password: 'x' })
  sockets.push(reply.socket)
  if (reply.code !== 0) return `refused ${reply.code}`
  const { nickname } = await findExitOfStream(network, server.port)
  reply.close()
  return nickname
}

async function exitsFor(client: ClientProcess, count: number): Promise<Set<string>> {
  const exits = new Set<string>()
  for (let n = 0; n < count; n++) exits.add(await exitFor(client, `user-${n}`))
  return exits
}

describe('paths on real relays', () => {
  test('never hold two relays of one network of addresses or one family', async () => {
    const paths = await pathsOf(network, { enforceDistinctSubnets: true }, 40)
    expect(paths).toHaveLength(40)
    const sameNetwork = new Set(['relay1', 'relay2', 'exit1'])
    const family = new Set(['relay3', 'exit2'])
    for (const path of paths) {
      expect(path.filter((name) => sameNetwork.has(name)).length, path.join(' ')).toBeLessThanOrEqual(1)
      expect(path.filter((name) => family.has(name)).length, path.join(' ')).toBeLessThanOrEqual(1)
      expect(path.filter((name) => name.startsWith('authority')).length).toBeLessThanOrEqual(1)
    }
  })

  test('end at the one exit whose policy has the port', async () => {
    const rare = await startEchoServerOn(RARE_PORT)
    try {
      const client = await start()
      for (let n = 0; n < 6; n++) expect(await exitFor(client, `rare-${n}`, rare)).toBe('exit3')
    } finally {
      await rare.close()
    }
  })
})

describe("a user's choice of relays", () => {
  test('of an exit country by a country file of their own is kept for every stream', async () => {
    expect(await exitsFor(await start('ExitNodes {de}'), 6)).toEqual(new Set(['exit2']))
  })

  test('of a country without exits is refused in words, and nothing goes out another way', async () => {
    const home = await createClientHome([...lines, `GeoIPFile ${geoIp}`, 'ExitNodes {jp}'])
    const client = new ClientProcess(home)
    clients.push(client)
    await client.bootstrapped()
    expect((await connectSocks5(client.socksPort, '127.0.0.1', echo.port)).code).toBe(1)
    await client.waitForLog(/A request was refused: ExitNodes names no relay/, 10_000)
  })

  test('to exclude exits by fingerprint and country leaves the others', async () => {
    const exit1 = network.nodes.find(({ nickname }) => nickname === 'exit1')
    const client = await start(`ExcludeExitNodes {fr},$${exit1?.fingerprint ?? ''}`)
    expect(await exitsFor(client, 6)).toEqual(new Set(['exit2']))
  })

  test('to exclude an address range keeps its relays out of every place of the path', async () => {
    const client = await start('ExcludeNodes 127.10.0.0/16', 'StrictNodes 1')
    const exits = await exitsFor(client, 8)
    expect(exits.has('exit1')).toBe(false)
  })

  test('of a family by country keeps its members apart', async () => {
    const paths = await pathsOf(
      network,
      { nodeFamilies: ['127.20.0.0/16,127.40.0.0/16'], enforceDistinctSubnets: true },
      30,
    )
    for (const path of paths) expect(path.includes('relay3') && path.includes('exit3')).toBe(false)
  })
})
