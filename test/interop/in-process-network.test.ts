/**
 * The network in this process, proved by a client that is not ours: C tor's own bootstraps on it and transfers over it.
 * What only our client and our relays agree on would show nothing.
 */
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BRIDGED_NETWORK } from '../network/small-description.ts'
import { canPack } from '../network/directory/reply-packing.ts'
import type { Relay } from '../network/relays/relay.ts'
import { TorInProcess } from '../network/tor-in-process.ts'
import { systemClock } from '../../core/util/clock.ts'
import { type ClientProcess, type ProgramName, startClient } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { viaSocks } from './support/fixture.ts'
import { warningsIn } from './support/protocol-warnings.ts'
import { bodyBlocks, hashOfBody, startWebServer, type TestServer } from './support/test-servers.ts'

const TRANSFER_BYTES = 3_000_000
const PROGRAMS: readonly ProgramName[] = ['tor', 'allium']

let network: TorInProcess
let web: TestServer
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-in-process-'))
  web = await startWebServer()
  network = await TorInProcess.start(BRIDGED_NETWORK, systemClock)
  network.hosts.add('site.test', 80, web.port)
})

afterAll(async () => {
  await network.stop()
  await web.close()
  rmSync(scratch, { recursive: true, force: true })
})

function circuitsWithCongestionControl(): number {
  const exits = network.relays.filter(({ isExit }) => isExit)
  return exits.reduce((sum, { congestedCircuits }) => sum + congestedCircuits, 0)
}

describe.each(PROGRAMS)('on the network in this process, %s as the client', (program) => {
  let client: ClientProcess
  let congestedBefore = 0
  beforeAll(async () => {
    congestedBefore = circuitsWithCongestionControl()
    network.directory.packings.clear()
    client = await startClient(network.clientLines, program)
  })
  afterAll(async () => {
    await client.end()
    client.home.remove()
  })

  it('bootstraps from nothing, without a warning about what it was told', () => {
    expect(warningsIn(client.log)).toEqual([])
  })

  it('downloads what the site sends, byte for byte', async () => {
    const file = join(scratch, 'down')
    const url = `http://site.test/body/${TRANSFER_BYTES}`
    expect(await curl(...viaSocks(client), '--output', file, url)).toMatchObject({ exitCode: 0, errors: '' })
    const hash = createHash('sha256').update(readFileSync(file)).digest('hex')
    expect(hash).toBe(hashOfBody(TRANSFER_BYTES))
  })

  it('uploads what the site reads, byte for byte', async () => {
    const file = join(scratch, 'up')
    await pipeline(Readable.from(bodyBlocks(TRANSFER_BYTES)), createWriteStream(file))
    const upload = ['--header', 'Expect:', '--upload-file', file, 'http://site.test/']
    expect(await curl(...viaSocks(client), ...upload)).toEqual({
      exitCode: 0,
      errors: '',
      body: hashOfBody(TRANSFER_BYTES),
    })
  })

  it('agreed on congestion control with the exits', () => {
    expect(circuitsWithCongestionControl()).toBeGreaterThan(congestedBefore)
  })

  it('is told of a name that nobody has', async () => {
    const answer = await curl(...viaSocks(client), 'http://nobody.test/')
    // 97: the SOCKS proxy said no.
    expect(answer.exitCode).toBe(97)
  })

  it('is sent zstd exactly where this Node packs it', () => {
    expect(network.directory.packings.has('x-zstd')).toBe(canPack('x-zstd'))
  })

  it('has done nothing that the relays complain of', () => {
    expect(network.complaints).toEqual([])
  })
})

describe.each(PROGRAMS)('behind a bridge of the network in this process, %s', (program) => {
  it('starts from nothing, transfers, and connects to the bridge alone', async () => {
    const bridge = relayNamed('bridge1')
    const others = network.relays.filter((relay) => relay !== bridge)
    const before = others.map(({ connections }) => connections)
    const { descriptors } = network.directory.served
    const client = await startClient(
      [...network.clientLines, 'UseBridges 1', `Bridge ${bridge.bridgeLine}`],
      program,
    )
    try {
      const file = join(scratch, `bridged-${program}`)
      const url = `http://site.test/body/${TRANSFER_BYTES}`
      expect(await curl(...viaSocks(client), '--output', file, url)).toMatchObject({
        exitCode: 0,
        errors: '',
      })
      expect(createHash('sha256').update(readFileSync(file)).digest('hex')).toBe(hashOfBody(TRANSFER_BYTES))
      expect(network.directory.served.descriptors).toBeGreaterThan(descriptors)
      expect(others.map(({ connections }) => connections)).toEqual(before)
      expect([network.complaints, warningsIn(client.log)]).toEqual([[], []])
    } finally {
      await client.end()
      client.home.remove()
    }
  })
})

function relayNamed(nickname: string): Relay {
  const relay = network.relays.find(({ description }) => description.nickname === nickname)
  if (relay === undefined) throw new RangeError(`no relay ${nickname}`)
  return relay
}
