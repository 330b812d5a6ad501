/**
 * Conflux sets with C tor's exits: that they link, that both ways' bytes come whole over both legs, whatever one of them
 * does, and that no relay finds anything to complain of.
 */
import { createHash } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import type { Tunnel } from '../../core/circuit/tunnel.ts'
import { DesiredUx } from '../../core/conflux/conflux-params.ts'
import type { ConfluxSet } from '../../core/conflux/conflux-set.ts'
import { systemRandom } from '../../core/crypto/system-random.ts'
import { DataStream } from '../../core/stream/data-stream.ts'
import { TestSink } from '../network/client-side.ts'
import { CuttableProxy } from './support/cuttable-proxy.ts'
import { type ExitEar, listenToExits } from './support/exit-ear.ts'
import { expectNoProtocolWarnings } from './support/fixture.ts'
import { OwnCore } from './support/own-core.ts'
import { bodyBlocks, hashOfBody, startSink, startWebServer, type TestServer } from './support/test-servers.ts'
import { waitFor, within } from './support/waiting.ts'

const BODY_BYTES = 20_000_000
const PATHS = [
  ['relay1', 'relay3', 'exit1'],
  ['relay2', 'exit2', 'exit1'],
] as const
const LIMIT_MS = 60_000
/** On two paths that are alike, each leg brings about half. */
const LEAST_SHARE = 0.1

expectNoProtocolWarnings()

let proxy: CuttableProxy
let core: OwnCore
let web: TestServer
let sink: TestServer
let ear: ExitEar
let set: ConfluxSet

beforeAll(async () => {
  const network = inject('network')
  proxy = await CuttableProxy.start()
  core = await OwnCore.start(network, [`Socks5Proxy 127.0.0.1:${proxy.port}`])
  web = await startWebServer()
  sink = await startSink(BODY_BYTES)
})
afterAll(async () => {
  await core.close()
  proxy.close()
  await web.close()
  await sink.close()
})
beforeEach(async () => {
  ear = await listenToExits(inject('network'))
})
afterEach(() => {
  ear.close()
  set.close()
  proxy.mend()
})

function guardOf(nickname: string): string {
  const node = inject('network').nodes.find((candidate) => candidate.nickname === nickname)
  return `${node?.address}:${node?.orPort}`
}

function open(tunnel: Tunnel, port: number): Promise<DataStream> {
  const begin = { kind: 'begin', host: '127.0.0.1', port, flags: 0 } as const
  return DataStream.open(tunnel, begin, { random: systemRandom, allowInternalAddresses: true })
}

/** SHA-256 of the body that comes down, or the error that ends it. */
async function download(tunnel: Tunnel, bytes = BODY_BYTES): Promise<string> {
  const stream = await open(tunnel, web.port)
  const received = new TestSink()
  stream.setSink(received)
  stream.write(Buffer.from(`GET /body/${bytes} HTTP/1.0\r\n\r\n`))
  const error = await within('a download', LIMIT_MS, received.closed)
  if (error !== undefined) return error.kind
  const answer = received.bytes
  return createHash('sha256')
    .update(answer.subarray(answer.indexOf('\r\n\r\n') + 4))
    .digest('hex')
}

/** What the other end says that it got. */
async function upload(tunnel: Tunnel): Promise<string> {
  const stream = await open(tunnel, sink.port)
  const answer = new TestSink()
  stream.setSink(answer)
  for (const block of bodyBlocks(BODY_BYTES)) {
    const { drains } = answer
    if (!stream.write(block)) await within('room', LIMIT_MS, answer.waitForDrains(drains + 1))
  }
  const error = await within('an upload', LIMIT_MS, answer.closed)
  return error?.kind ?? answer.bytes.toString()
}

/** Each is ended while much of it is under way, and the next is asked for at once. */
async function breakOffDownloads(tunnel: Tunnel): Promise<void> {
  for (let round = 0; round < 20; round++) {
    const stream = await open(tunnel, web.port)
    const received = new TestSink()
    stream.setSink(received)
    stream.write(Buffer.from(`GET /body/${BODY_BYTES} HTTP/1.0\r\n\r\n`))
    await within('the beginning of a body', LIMIT_MS, received.waitForBytes(200_000))
    stream.destroy()
    expect(tunnel.closeError).toBeUndefined()
  }
}

describe('a set of two circuits to one exit', () => {
  test('is linked on both legs, as the exit says', async () => {
    set = await core.link(PATHS)
    const linked = /Successfully linked a conflux relay set/g
    await waitFor('the exit to link', LIMIT_MS, () =>
      (ear.heard.match(linked)?.length ?? 0) >= 2 ? true : undefined,
    )
    await waitFor('the exit to see our answers', LIMIT_MS, () =>
      (ear.heard.match(/Processing a CONFLUX_LINKED_ACK/g)?.length ?? 0) >= 2 ? true : undefined,
    )
  })

  test('brings 20 MB down unchanged, over both legs', async () => {
    set = await core.link(PATHS)
    const carried = (): number[] => PATHS.map(([guard]) => proxy.carriedFrom(guardOf(guard)))
    const before = carried()
    expect(await download(set)).toBe(hashOfBody(BODY_BYTES))
    expect(set.queuedBytes).toBe(0)
    const shares = carried().map((bytes, leg) => (bytes - (before[leg] ?? 0)) / BODY_BYTES)
    expect(Math.min(...shares)).toBeGreaterThan(LEAST_SHARE)
  })

  test('takes 20 MB up unchanged', async () => {
    set = await core.link(PATHS)
    expect(await upload(set)).toBe(hashOfBody(BODY_BYTES))
  })

  test('both ways at once, and in eight streams', async () => {
    set = await core.link(PATHS)
    const bytes = 2_000_000
    const down = Array.from({ length: 8 }, () => download(set, bytes))
    expect(await upload(set)).toBe(hashOfBody(BODY_BYTES))
    expect(await Promise.all(down)).toEqual(down.map(() => hashOfBody(bytes)))
  })

  test('whatever the exit is asked to send for', async () => {
    for (const ux of Object.values(DesiredUx)) {
      set = await core.link(PATHS, ux)
      expect(await download(set, 3_000_000)).toBe(hashOfBody(3_000_000))
      set.close()
    }
  })

  test('of which one leg is slow', async () => {
    proxy.slow(guardOf('relay1'), 150)
    set = await core.link(PATHS)
    expect(await download(set)).toBe(hashOfBody(BODY_BYTES))
    expect(await upload(set)).toBe(hashOfBody(BODY_BYTES))
  })

  test('of which one leg becomes slow, then the other', async () => {
    set = await core.link(PATHS)
    const down = download(set)
    const up = upload(set)
    for (const nickname of ['relay1', 'relay2']) {
      await new Promise((resolve) => setTimeout(resolve, 400))
      proxy.mend()
      proxy.slow(guardOf(nickname), 100)
    }
    expect(await down).toBe(hashOfBody(BODY_BYTES))
    expect(await up).toBe(hashOfBody(BODY_BYTES))
  })

  test('goes on without a leg that neither side has used', async () => {
    proxy.slow(guardOf('relay2'), 100)
    set = await core.link(PATHS)
    const stream = await open(set, web.port)
    const received = new TestSink()
    stream.setSink(received)
    const lost = set.legs[1]?.closed.then(() => {})
    proxy.cut(guardOf('relay2'))
    await within('the end of the leg', LIMIT_MS, lost ?? Promise.resolve())
    expect(set.isOpen).toBe(true)
    stream.write(Buffer.from('GET /body/3000000 HTTP/1.0\r\n\r\n'))
    expect(await within('a download', LIMIT_MS, received.closed)).toBeUndefined()
    expect(received.receivedBytes).toBeGreaterThan(3_000_000)
    expect(set.isOpen).toBe(true)
  })

  test('loses nothing by downloads that are broken off, nor does a circuit that stands alone', async () => {
    proxy.slow(guardOf('relay1'), 50)
    set = await core.link(PATHS)
    const alone = await core.build(...PATHS[0])
    for (const tunnel of [set, alone]) {
      await breakOffDownloads(tunnel)
      expect(await download(tunnel, 3_000_000)).toBe(hashOfBody(3_000_000))
    }
    alone.close()
  })

  test('ends when a leg that was in use ends', async () => {
    set = await core.link(PATHS)
    const down = download(set)
    await new Promise((resolve) => setTimeout(resolve, 300))
    proxy.cut(guardOf('relay1'))
    expect(await down).toBe('channel-failed')
    expect(set.isOpen).toBe(false)
    expect(set.legs.map(({ isOpen }) => isOpen)).toEqual([false, false])
  })
})
