import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Circuit } from '../../../core/circuit/circuit.ts'
import type { BuildLimits, MissedBuild } from '../../../core/circuit-manager/build-timeout.ts'
import { BuildTimer, type TimedBuild } from '../../../core/circuit-manager/timed-build.ts'
import { CIRCUIT_DEPS, type OpenChannel, openLink } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { type ManualClock, manualClock } from '../../support/manual-clock.ts'

const LIMITS: BuildLimits = { timeoutMs: 1_000, closeMs: 5_000 }
const MAX_MEASURED = 16
const EXTENDED2 = 15

let network: FakeNetwork
let open: OpenChannel
let clock: ManualClock
let timer: BuildTimer
let built: { readonly timeMs: number; readonly wasInTime: boolean }[]
let missed: MissedBuild[]
/** Answers to handshakes that the relays hold back, to be sent by the test. */
let held: (() => void)[]
let isOnlyHope: boolean

beforeEach(async () => {
  network = await FakeNetwork.start({ relays: 4 })
  open = await openLink(network)
  clock = manualClock()
  built = []
  missed = []
  held = []
  isOnlyHope = false
  timer = new BuildTimer({
    clock,
    buildTimeout: {
      limits: () => LIMITS,
      recordBuilt: (timeMs, wasInTime) => built.push({ timeMs, wasInTime }),
      recordTimeout: (what) => missed.push(what),
    },
  })
})

afterEach(async () => {
  open.channel.close()
  expect(network.violations).toEqual([])
  await network.close()
})

/** Relays from this hop on hold their answers back. */
function holdFrom(first: number): void {
  network.script.answerHandshake = (reply, hop, circuit) => {
    if (hop < first) return reply
    const length = Buffer.of(reply.length >> 8, reply.length & 255)
    held.push(() => circuit.send(hop - 1, EXTENDED2, 0, Buffer.concat([length, reply])))
    return undefined
  }
}

function start(limits = LIMITS, signal?: AbortSignal, hops = 3): TimedBuild {
  return timer.start(
    {
      doing: 'building a circuit',
      limits,
      isOnlyHope: () => isOnlyHope,
      receivedBytes: () => open.channel.receivedBytes,
      run: async (inner, onHop) => {
        const circuit = await Circuit.create(open.channel, network.target(0), CIRCUIT_DEPS, inner)
        onHop(1)
        for (let hop = 1; hop < hops; hop++) {
          await circuit.extend(network.target(hop), inner)
          onHop(hop + 1)
        }
        return circuit
      },
    },
    signal,
  )
}

describe('a circuit that is built against the clock', () => {
  it('is measured at its third hop and handed over when it is in time', async () => {
    const { circuit, over } = start(LIMITS, undefined, 4)
    expect((await circuit).hops.length).toBe(4)
    await over
    expect(built).toEqual([{ timeMs: 0, wasInTime: true }])
    clock.advance(100_000)
    expect(missed).toEqual([])
    expect((await circuit).isOpen).toBe(true)
  })

  it('is given up at its timeout, measured on until its limit, and destroyed then', async () => {
    holdFrom(2)
    const { circuit, over } = start()
    const relays = await network.circuits.take()
    await relays.messages.take()
    await relays.messages.take()
    clock.advance(LIMITS.timeoutMs)
    await expect(circuit).rejects.toMatchObject({ kind: 'timeout', retry: 'elsewhere' })
    expect(missed).toEqual([{ hasFirstHop: true, hasHeard: true }])
    expect(open.channel.circuitCount).toBe(1)
    clock.advance(LIMITS.closeMs)
    await over
    expect(await relays.destroyed).toBe(0)
    expect(built).toEqual([])
  })

  it('adds its time also when it is late, and is closed then instead of used', async () => {
    holdFrom(2)
    const { circuit, over } = start()
    const relays = await network.circuits.take()
    await relays.messages.take()
    await relays.messages.take()
    clock.advance(3_000)
    await expect(circuit).rejects.toMatchObject({ kind: 'timeout' })
    for (const answer of held) answer()
    await over
    expect(built).toEqual([{ timeMs: 3_000, wasInTime: false }])
    expect(await relays.destroyed).toBe(0)
  })

  it('is waited for while no other circuit works, and given up as soon as one does', async () => {
    isOnlyHope = true
    holdFrom(2)
    const slow = start()
    const dead = start()
    const relays = [await network.circuits.take(), await network.circuits.take()]
    for (const { messages } of relays) {
      await messages.take()
      await messages.take()
    }
    clock.advance(3_500)
    expect(missed.length).toBe(2)
    held[0]?.()
    expect((await slow.circuit).isOpen).toBe(true)
    expect(built).toEqual([{ timeMs: 3_500, wasInTime: false }])
    isOnlyHope = false
    clock.advance(LIMITS.timeoutMs)
    await expect(dead.circuit).rejects.toMatchObject({ kind: 'timeout' })
    expect(missed.length).toBe(2)
    clock.advance(LIMITS.closeMs)
    await dead.over
  })

  it('has its time once more when this process stood still, whose answers lie unread, and adds nothing then', async () => {
    holdFrom(2)
    const { circuit, over } = start()
    const relays = await network.circuits.take()
    await relays.messages.take()
    await relays.messages.take()
    clock.standStill(100_000)
    expect(missed).toEqual([])
    for (const answer of held) answer()
    expect((await circuit).isOpen).toBe(true)
    await over
    expect(built).toEqual([])
  })

  it('has its time once more only once, and is missed like any other after that', async () => {
    holdFrom(2)
    const { circuit, over } = start()
    const relays = await network.circuits.take()
    await relays.messages.take()
    await relays.messages.take()
    clock.standStill(LIMITS.timeoutMs + 1_000)
    clock.standStill(LIMITS.timeoutMs + 1_000)
    await expect(circuit).rejects.toMatchObject({ kind: 'timeout' })
    expect(missed.length).toBe(1)
    clock.standStill(LIMITS.closeMs)
    clock.standStill(LIMITS.closeMs)
    await over
    expect(await relays.destroyed).toBe(0)
  })

  it('is destroyed at its timeout when nothing can be learned of it', async () => {
    holdFrom(1)
    const { circuit, over } = start({ timeoutMs: 1_000, closeMs: 1_000 })
    const relays = await network.circuits.take()
    await relays.messages.take()
    clock.advance(1_000)
    await expect(circuit).rejects.toMatchObject({ kind: 'timeout' })
    await over
    expect(await relays.destroyed).toBe(0)
  })

  it('counts as silence when nothing at all came over the channel', async () => {
    holdFrom(0)
    const { circuit } = start()
    await network.circuits.take()
    clock.advance(LIMITS.timeoutMs)
    await expect(circuit).rejects.toMatchObject({ kind: 'timeout' })
    expect(missed).toEqual([{ hasFirstHop: false, hasHeard: false }])
  })

  it('is no longer built when its owner goes, however late (41412: cancelled before the first hop)', async () => {
    holdFrom(0)
    const controller = new AbortController()
    const { circuit, over } = start(LIMITS, controller.signal)
    const relays = await network.circuits.take()
    controller.abort()
    await expect(circuit).rejects.toMatchObject({ kind: 'aborted' })
    await over
    expect(await relays.destroyed).toBe(0)
    expect(open.channel.circuitCount).toBe(0)
    expect(missed).toEqual([])
    clock.advance(100_000)
    expect(missed).toEqual([])
  })

  it('is not even begun when its owner is gone already (41412)', async () => {
    const { circuit, over } = start(LIMITS, AbortSignal.abort())
    await expect(circuit).rejects.toMatchObject({ kind: 'aborted' })
    await over
    expect(network.circuits.all.length).toBe(0)
  })

  it('is measured on with fifteen others at most', async () => {
    holdFrom(1)
    const builds = Array.from({ length: MAX_MEASURED + 4 }, () => start())
    for (const _ of builds) await (await network.circuits.take()).messages.take()
    clock.advance(LIMITS.timeoutMs)
    await Promise.allSettled(builds.map(({ circuit }) => circuit))
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(open.channel.circuitCount).toBe(MAX_MEASURED)
    clock.advance(LIMITS.closeMs)
    await Promise.all(builds.map(({ over }) => over))
    expect(open.channel.circuitCount).toBe(0)
  })
})
