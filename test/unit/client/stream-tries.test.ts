import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AssignedCircuit } from '../../../core/circuit-manager/circuit-manager.ts'
import { NO_ISOLATION } from '../../../core/circuit-manager/isolation.ts'
import type { ExitUsage } from '../../../core/circuit-manager/pooled-circuit.ts'
import { tryOnCircuits } from '../../../core/client/stream-tries.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { TorError } from '../../../core/util/errors.ts'
import { silentLogger } from '../../../core/util/log.ts'
import {
  BEGIN_TARGET,
  openCircuitOn,
  type OpenChannel,
  openLink,
  STREAM_DEPS,
} from '../../network/client-side.ts'
import { EventLog } from '../../network/event-log.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { type FakeStream, unanswered } from '../../network/fake-stream.ts'
import { fakeIdentity } from '../../support/fake-net-dir.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const USAGE: ExitUsage = { isolation: NO_ISOLATION, family: undefined, port: 80 }
const EARLY_TRY_MS = 10_000
const LATE_TRY_MS = 15_000

let network: FakeNetwork
let open: OpenChannel
let clock: ManualClock
let streams: EventLog<FakeStream>
/** The exits that each try was not to use, and those that were retired. */
let excluded: (readonly RsaIdentity[])[]
let retired: RsaIdentity[]
let exits: number

beforeEach(async () => {
  network = await FakeNetwork.start({ relays: 2 })
  streams = new EventLog()
  network.script.service = (stream) => streams.push(stream)
  open = await openLink(network)
  clock = manualClock()
  excluded = []
  retired = []
  exits = 10
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

/** Each try gets a circuit of its own, as if to another exit. */
async function assign(_usage: ExitUsage, without: ReadonlySet<RsaIdentity>): Promise<AssignedCircuit> {
  excluded.push([...without])
  const exit = fakeIdentity(excluded.length)
  if (excluded.length > exits) throw new TorError('no-path', 'no exit is left')
  const { circuit } = await openCircuitOn(open, { hops: 2 })
  return { circuit, exit, mayExitOverIpv6: () => false, retire: () => retired.push(exit) }
}

function openAnywhere(signal = new AbortController().signal): Promise<DataStream> {
  const parts = { circuits: { assign }, clock, log: silentLogger }
  return tryOnCircuits(parts, USAGE, signal, ({ circuit }, inner) =>
    DataStream.open(circuit, BEGIN_TARGET, STREAM_DEPS, { signal: inner }),
  )
}

/** Every exit answers BEGIN with the next of these END reasons, then with CONNECTED. */
function answerWith(...reasons: readonly number[]): void {
  const left = [...reasons]
  network.script.service = (stream) => {
    streams.push(stream)
    const reason = left.shift()
    if (reason === undefined) stream.connect()
    else stream.abort(Buffer.of(reason))
  }
}

describe('a stream that an exit does not open', () => {
  for (const [name, reason, isRetired] of [
    ['its policy', 4, true],
    ['a name that it cannot resolve', 2, false],
    ['a timeout', 7, false],
    ['no route', 8, false],
    ['no reason that it gives', 1, false],
    ['a reason that we do not know', 99, false],
    ['hibernation', 9, true],
    ['a lack of resources', 11, true],
    ['a protocol violation that it saw', 13, true],
  ] as const) {
    it(`is opened at another exit after ${name}`, async () => {
      answerWith(reason)
      const stream = await openAnywhere()
      expect(excluded).toEqual([[], [fakeIdentity(1)]])
      expect(retired).toEqual(isRetired ? [fakeIdentity(1)] : [])
      stream.destroy()
    })
  }

  for (const [name, reason, kind] of [
    ['refuses', 3, 'connection-refused'],
    ['resets', 12, 'connection-reset'],
    ['closes', 6, 'connection-reset'],
  ] as const) {
    it(`is not tried again when the destination ${name}`, async () => {
      answerWith(reason)
      await expect(openAnywhere()).rejects.toMatchObject({ kind })
      expect(excluded.length).toBe(1)
    })
  }

  it('is given up after three exits, with what the last one said', async () => {
    answerWith(2, 4, 8, 1)
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'host-unreachable' })
    expect(excluded).toEqual([[], [fakeIdentity(1)], [fakeIdentity(1), fakeIdentity(2)]])
  })

  it('fails as the last exit said when there is no further exit', async () => {
    exits = 1
    answerWith(2)
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'resolve-failed' })
  })

  it('fails for want of a path when there never was an exit', async () => {
    exits = 0
    await expect(openAnywhere()).rejects.toMatchObject({ kind: 'no-path' })
  })

  it('is tried elsewhere after 10 s, then 10 s, then 15 s without an answer', async () => {
    network.script.service = (stream) => {
      unanswered(stream)
      streams.push(stream)
    }
    const failed = expect(openAnywhere()).rejects.toMatchObject({ kind: 'timeout' })
    const waits = [EARLY_TRY_MS, EARLY_TRY_MS, LATE_TRY_MS]
    for (const waitMs of waits) {
      const stream = await streams.take()
      clock.advance(waitMs - 1)
      expect(excluded.length).toBe(streams.all.length)
      clock.advance(1)
      await stream.ended
    }
    await failed
    expect(retired.length).toBe(3)
  })

  it('is tried elsewhere when the circuit is destroyed', async () => {
    network.script.service = (stream) => {
      if (streams.all.length === 0) stream.circuit.destroy(9)
      else stream.connect()
      streams.push(stream)
    }
    const stream = await openAnywhere()
    expect(excluded.length).toBe(2)
    stream.destroy()
  })

  it('is tried elsewhere when the exit breaks the protocol', async () => {
    network.script.service = (stream) => {
      if (streams.all.length === 0) stream.circuit.send(1, 99, stream.id)
      else stream.connect()
      streams.push(stream)
    }
    const stream = await openAnywhere()
    expect(excluded.length).toBe(2)
    stream.destroy()
  })

  it('is not tried again after it was open, whatever happens', async () => {
    answerWith()
    const stream = await openAnywhere()
    const exit = await streams.take()
    exit.abort(Buffer.of(4))
    await stream.closed
    expect(excluded.length).toBe(1)
  })

  it('ends at the signal', async () => {
    const controller = new AbortController()
    const opening = openAnywhere(controller.signal)
    const stream = await streams.take()
    controller.abort()
    await expect(opening).rejects.toMatchObject({ kind: 'aborted' })
    await stream.ended
    expect(excluded.length).toBe(1)
  })
})
