/**
 * The limit over all queues (MaxMemInQueues) in a whole client: an exit sends on many streams at once what nobody reads, and
 * each of them stays within its own limit. The circuit ends before they have filled the memory, and nobody else's does.
 */
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isTorError, Logger, type TorClient } from '../../../core/index.ts'
import type { RelayMessage } from '../../../core/cell/relay-message.ts'
import {
  BODY_SHA256,
  fetchBody,
  guardOf,
  outcomeOf,
  startWholeNetwork,
  TWO_GUARDS,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const MEBIBYTE = 1_048_576
const LIMIT_BYTES = 4 * MEBIBYTE

/** Within the fixed window of a stream, and too little for an XOFF. */
const CELLS_OF_FLOOD = 490
const FLOOD: readonly RelayMessage[] = Array.from({ length: CELLS_OF_FLOOD }, () => ({
  kind: 'data',
  data: Buffer.alloc(498, 'flood'),
}))
const END: RelayMessage = { kind: 'end', reason: 6, address: undefined, ttlSeconds: undefined }

/** Together one and a half times the limit. */
const STREAMS = 26

const ECHO_PORT = 7

let whole: WholeNetwork
let client: TorClient
let echo: Server
let notices: string[]

beforeAll(async () => {
  whole = await startWholeNetwork()
  echo = createServer((socket) => {
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  echo.listen(0, '127.0.0.1')
  await once(echo, 'listening')
  whole.network.hosts.add('echo.test', ECHO_PORT, (echo.address() as AddressInfo).port)
})
beforeEach(async () => {
  notices = []
  const log = new Logger(({ level, parts }) => {
    if (level === 'notice') notices.push(parts.join(''))
  })
  client = await whole.startClient([...TWO_GUARDS, `MaxMemInQueues ${LIMIT_BYTES} bytes`], log)
  await client.bootstrap()
})
afterEach(() => whole.reset())
afterAll(async () => {
  echo.close()
  await whole.stop()
})

interface Flooded {
  /** What each stream ended with; undefined for one that ended as if all were well. */
  readonly errors: (string | undefined)[]
  readBytes: number
}

/** Streams to an exit that floods them, whose application reads only when all is over. */
async function flood(onError: () => void = () => {}): Promise<Flooded> {
  const flooded: Flooded = { errors: [], readBytes: 0 }
  const opening = Array.from({ length: STREAMS }, async () => {
    const stream = await client.connect('site.test', 80, { isolation: 'flooded' })
    stream.once('error', (error) => {
      flooded.errors.push(isTorError(error) ? error.kind : 'other')
      onError()
    })
    stream.once('end', () => flooded.errors.push(undefined))
    return stream
  })
  const opened = await Promise.allSettled(opening)
  await waitForStatus(client, ({ circuits }) => circuits.every(({ sites }) => !sites.includes('site.test')))
  for (const result of opened) {
    if (result.status === 'fulfilled')
      result.value.on('data', (bytes: Buffer) => (flooded.readBytes += bytes.length))
    else flooded.errors.push(isTorError(result.reason) ? result.reason.kind : 'other')
  }
  await expect.poll(() => flooded.errors.length, { timeout: 15_000 }).toBe(STREAMS)
  return flooded
}

describe('an exit that sends on many streams what nobody reads', () => {
  it.each([
    ['where congestion control is agreed on', undefined, FLOOD],
    ['with fixed windows', 'not-granted', FLOOD],
    ['and ends them all in good order', undefined, [...FLOOD, END]],
  ] as const)(
    '%s: its circuit ends at the limit over all queues, and others live on',
    async (_, congestion, said) => {
      if (congestion !== undefined) {
        whole.commit({ relay: 'exit1', does: { at: 'congestion', do: congestion } })
        for (const { id } of client.status.value.circuits) client.closeCircuit(id)
      }
      const guard = guardOf(client)
      const quiet = await client.connect('echo.test', ECHO_PORT, { isolation: 'quiet' })
      // A reader that has something of its own waiting, and for longer than any of the flood.
      quiet.write('first')
      await pause(20)
      whole.commit({
        relay: 'exit1',
        does: { at: 'message', kind: 'connected', do: 'then-say', messages: said },
      })
      const { errors, readBytes } = await flood()
      // The exit had no reason of its own to end it.
      expect(whole.network.complaints).toEqual([])
      expect(new Set(errors)).toEqual(new Set(['limit']))
      expect(readBytes).toBeLessThan(LIMIT_BYTES)
      expect(notices.filter((line) => line.includes('MaxMemInQueues (4.0 MB)'))).toHaveLength(1)
      const [, held = '0'] = /which held ([0-9.]+) MB/.exec(notices.join('\n')) ?? []
      expect(Number(held) * MEBIBYTE).toBeLessThan(1.5 * LIMIT_BYTES)
      whole.network.faults.clear()
      quiet.write(' and last')
      let answer = ''
      quiet.on('data', (bytes: Buffer) => (answer += bytes.toString()))
      await expect.poll(() => answer, { timeout: 15_000 }).toBe('first and last')
      quiet.destroy()
      expect(guardOf(client)).toBe(guard)
      await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
    },
  )

  it('closes nothing from within, whatever those who hear of it ask for at once (TROVE-2026-043)', async () => {
    whole.commit({
      relay: 'exit1',
      does: { at: 'message', kind: 'connected', do: 'then-say', messages: FLOOD },
    })
    const again: Promise<string>[] = []
    const isAsked = (): boolean => again.length > 0
    await flood(() => {
      // From within the closing of the circuit: everything is closed once more, and asked for once more.
      for (const { id } of client.status.value.circuits) client.closeCircuit(id)
      whole.network.faults.clear()
      if (!isAsked()) again.push(outcomeOf(fetchBody(client)))
    })
    expect(await Promise.all(again)).toEqual([BODY_SHA256])
    await expect.poll(() => outcomeOf(fetchBody(client)), { timeout: 15_000 }).toBe(BODY_SHA256)
  })
})
