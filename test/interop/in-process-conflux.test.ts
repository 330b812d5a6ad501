/**
 * Exits of the network in this process that join circuits (proposal 329), proved by a client that is not ours: C tor's
 * own links its sets with them and transfers over both legs. Then ours does.
 */
import { createHash } from 'node:crypto'
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CONFLUX_NETWORK } from '../network/small-description.ts'
import type { ConfluxTally } from '../network/relays/conflux/conflux-sets.ts'
import { TorInProcess } from '../network/tor-in-process.ts'
import { systemClock } from '../../core/util/clock.ts'
import { type ClientProcess, type ProgramName, startClient } from './support/client-process.ts'
import { curl } from './support/curl.ts'
import { viaSocks } from './support/fixture.ts'
import { warningsIn } from './support/protocol-warnings.ts'
import { bodyBlocks, hashOfBody, startWebServer, type TestServer } from './support/test-servers.ts'
import { waitFor } from './support/waiting.ts'

const TRANSFER_BYTES = 8_000_000
/** How long a client may take to build and link what it wants ahead of need. */
const LINKED_MS = 30_000
/** Two of each of the three sets that clients keep ready: of fewer all may belong to sets that are not whole. */
const SIX_LEGS = 6
/** What makes a client send on every leg that has room; C tor's exits ask for the least latency instead. */
const THROUGHPUT_UX = 3
const PROGRAMS: readonly ProgramName[] = ['tor', 'allium']

let network: TorInProcess
let web: TestServer
let scratch: string

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'allium-conflux-'))
  web = await startWebServer()
  network = await TorInProcess.start(CONFLUX_NETWORK, systemClock)
  network.hosts.add('site.test', 80, web.port)
  for (const { confluxSets } of network.relays)
    if (confluxSets !== undefined) confluxSets.desiredUx = THROUGHPUT_UX
})

afterAll(async () => {
  await network.stop()
  await web.close()
  rmSync(scratch, { recursive: true, force: true })
})

/** Of all exits. */
function tally(): ConfluxTally {
  const sum = { legs: 0, switchesSent: 0, switchesReceived: 0 }
  for (const { confluxSets } of network.relays) {
    sum.legs += confluxSets?.tally.legs ?? 0
    sum.switchesSent += confluxSets?.tally.switchesSent ?? 0
    sum.switchesReceived += confluxSets?.tally.switchesReceived ?? 0
  }
  return sum
}

describe.each(PROGRAMS)('at exits of this process that join circuits, %s as the client', (program) => {
  let client: ClientProcess
  beforeAll(async () => {
    const before = tally()
    client = await startClient([...network.clientLines, 'ConfluxEnabled 1', 'ProtocolWarnings 1'], program)
    await waitFor('three sets', LINKED_MS, () => (tally().legs >= before.legs + SIX_LEGS ? true : undefined))
  })
  afterAll(async () => {
    await client.end()
    client.home.remove()
  })

  it('downloads what the site sends, byte for byte, over both legs', async () => {
    const before = tally()
    const file = join(scratch, `down-${program}`)
    const url = `http://site.test/body/${TRANSFER_BYTES}`
    expect(await curl(...viaSocks(client), '--output', file, url)).toMatchObject({ exitCode: 0, errors: '' })
    const hash = createHash('sha256').update(readFileSync(file)).digest('hex')
    expect(hash).toBe(hashOfBody(TRANSFER_BYTES))
    expect(tally().switchesSent).toBeGreaterThan(before.switchesSent)
  })

  it('uploads what the site reads, byte for byte, over both legs', async () => {
    const before = tally()
    const file = join(scratch, `up-${program}`)
    await pipeline(Readable.from(bodyBlocks(TRANSFER_BYTES)), createWriteStream(file))
    const upload = ['--header', 'Expect:', '--upload-file', file, 'http://site.test/']
    expect(await curl(...viaSocks(client), ...upload)).toEqual({
      exitCode: 0,
      errors: '',
      body: hashOfBody(TRANSFER_BYTES),
    })
    expect(tally().switchesReceived).toBeGreaterThan(before.switchesReceived)
  })

  it('carries twenty downloads at once, byte for byte', async () => {
    const url = 'http://site.test/body/300000'
    const files = Array.from({ length: 20 }, (_, at) => join(scratch, `many-${program}-${at}`))
    const ends = await Promise.all(files.map((file) => curl(...viaSocks(client), '--output', file, url)))
    expect(ends.filter(({ exitCode }) => exitCode !== 0)).toEqual([])
    const hashes = new Set(files.map((file) => createHash('sha256').update(readFileSync(file)).digest('hex')))
    expect([...hashes]).toEqual([hashOfBody(300_000)])
  })

  it('has done nothing that the relays complain of, and heard nothing that it does', () => {
    expect([network.complaints, warningsIn(client.log)]).toEqual([[], []])
  })
})
