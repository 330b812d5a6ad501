/** Nothing of the directory is believed without its authorities' signatures, be it from the network or from our own disk. */
import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, inject, test } from 'vitest'
import { ClientProcess, createClientHome } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { expectNoProtocolWarnings, viaSocks } from './support/fixture.ts'
import { findFreePorts } from './support/free-ports.ts'
import { startWebServer } from './support/test-servers.ts'
import { clientLines } from './support/tor-network.ts'
import { sleep } from './support/waiting.ts'

expectNoProtocolWarnings()
const clients: ClientProcess[] = []

afterEach(async () => {
  const ended = clients.splice(0)
  // Two of them may share a home: no client may write where it is being removed.
  await Promise.all(ended.map((client) => client.end('SIGKILL')))
  for (const { home } of ended) home.remove()
})

async function start(lines: readonly string[], home?: ClientProcess['home']): Promise<ClientProcess> {
  const client = new ClientProcess(home ?? (await createClientHome(lines)))
  clients.push(client)
  return client
}

const hex40 = (digit: string): string => digit.repeat(40)

/** Lines of authorities that nobody has ever seen. */
async function strangers(count: number): Promise<string[]> {
  const ports = await findFreePorts(count * 2)
  return Array.from({ length: count }, (_each, index) => {
    const [orPort, dirPort] = [ports[index * 2], ports[index * 2 + 1]]
    const [v3, id] = [hex40(String(index + 1)), hex40('ABCDEF'.charAt(index))]
    return `DirAuthority stranger${index} orport=${orPort} v3ident=${v3} 127.0.0.1:${dirPort} ${id}`
  })
}

/** Long enough for a client that would accept the directory to have connected several times over. */
const REFUSAL_MS = 10_000

async function expectNeverConnects(client: ClientProcess): Promise<void> {
  await sleep(REFUSAL_MS)
  expect(client.log).not.toMatch(/Bootstrapped (7[5-9]|[89]\d|100)%/)
  const request = await curl(...viaSocks(client), '--max-time', '2', 'http://ok.test/')
  expect(request.exitCode).not.toBe(0)
}

describe('a consensus from the network', () => {
  test('is accepted with the signatures of three of five authorities', async () => {
    const client = await start([...clientLines(inject('network')), ...(await strangers(2))])
    await client.bootstrapped()
  })

  test('is refused with the signatures of three of six, which is only half', async () => {
    const client = await start([
      'Log info stdout',
      ...clientLines(inject('network')),
      ...(await strangers(3)),
    ])
    await expectNeverConnects(client)
    expect(client.log).toMatch(/signature|signed/i)
  })

  test('is refused when none of its signers is an authority of ours', async () => {
    const lines = clientLines(inject('network')).map((line) =>
      line.replace(/v3ident=.{40}/, `v3ident=${hex40('9')}`),
    )
    const oneEach = lines.map((line, index) => line.replace(/v3ident=.{2}/, `v3ident=${10 + index}`))
    await expectNeverConnects(await start(oneEach))
  })

  test('is not even asked for when the authority cannot prove its identity', async () => {
    const lines = clientLines(inject('network')).map((line, index) =>
      line.replace(/[0-9A-F]{40}$/, hex40(String(index))),
    )
    await expectNeverConnects(await start(lines))
  })
})

/** Every file of the data directory, keys and all. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isFile())
}

/** Changes `from` into `to`, of the same length, in every file that has it; gives the files changed. */
function tamper(directory: string, from: string, to: string): string[] {
  return filesOf(directory).filter((path) => {
    const text = readFileSync(path, 'latin1')
    if (!text.includes(from)) return false
    writeFileSync(path, text.replaceAll(from, to), 'latin1')
    return true
  })
}

/** A home whose client has run once and ended in good order. */
async function warmHome(): Promise<ClientProcess['home']> {
  const client = await start(clientLines(inject('network')))
  await client.bootstrapped()
  // The microdescriptors may be written a moment after the client is ready.
  await sleep(1000)
  await client.end()
  return client.home
}

async function expectServiceFrom(home: ClientProcess['home']): Promise<ClientProcess> {
  const client = await start([], home)
  await client.bootstrapped()
  const web = await startWebServer()
  const result = await curl(...viaSocks(client), `http://ok.test:${web.port}/`)
  await web.close()
  expect(result).toMatchObject({ exitCode: 0, errors: '' })
  return client
}

describe('a cache on disk', () => {
  test('with an altered consensus is said to be bad, thrown away and fetched again', async () => {
    const home = await warmHome()
    expect(tamper(home.directory, 'w Bandwidth=1000', 'w Bandwidth=9000')).not.toEqual([])
    const client = await expectServiceFrom(home)
    expect(client.log).toMatch(/\[warn\].*consensus/i)
    await client.end()
    const still = filesOf(home.directory).filter((path) =>
      readFileSync(path, 'latin1').includes('w Bandwidth=9000'),
    )
    expect(still.filter((path) => !/\.(bad|backup|old|broken|corrupt)/.test(path))).toEqual([])
  })

  test('with altered microdescriptors does not give a relay another key', async () => {
    const home = await warmHome()
    expect(tamper(home.directory, 'ntor-onion-key ', 'ntor-onion-kex ')).not.toEqual([])
    await expectServiceFrom(home)
  })

  test('with every file cut in half does not keep the client from starting', async () => {
    const home = await warmHome()
    for (const path of filesOf(home.directory)) truncateSync(path, Math.floor(statSync(path).size / 2))
    await expectServiceFrom(home)
  })
})
