import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Tunnel } from '../../../core/circuit/tunnel.ts'
import type { NetDir } from '../../../core/netdir/net-dir.ts'
import { DataStream } from '../../../core/stream/data-stream.ts'
import { CircuitRig, DIRTINESS_MS, NO_EXITS, rigDirectory, settle, usage } from '../../network/circuit-rig.ts'
import { STREAM_DEPS } from '../../network/client-side.ts'

const SWEEP_MS = 10_000
const UNUSED_MS = 1_800_000

let netDir: NetDir
let rig: CircuitRig

beforeAll(() => {
  netDir = rigDirectory()
})

beforeEach(async () => {
  rig = await CircuitRig.start(netDir)
})

afterEach(() => rig.close())

describe('the age of circuits', () => {
  it('ends their use after the first use and the dirtiness, and their life with the last stream', async () => {
    const { circuit } = await rig.assign('a')
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    rig.clock.advance(DIRTINESS_MS - SWEEP_MS)
    expect((await rig.assign('a')).circuit).toBe(circuit)
    rig.clock.advance(3 * SWEEP_MS)
    expect((await rig.assign('a')).circuit).not.toBe(circuit)
    expect(circuit.isOpen).toBe(true)
    stream.destroy()
    rig.clock.advance(SWEEP_MS)
    expect((await circuit.closed).kind).toBe('closed')
  })

  it('is looked at when a stream asks, not only when all circuits are looked through', async () => {
    rig.settings = { ...rig.settings, maxCircuitDirtinessMs: 1.5 * SWEEP_MS }
    const { circuit } = await rig.assign('a')
    rig.clock.advance(1.5 * SWEEP_MS - 1)
    expect((await rig.assign('a')).circuit).toBe(circuit)
    rig.clock.advance(1)
    await settle()
    expect((await rig.assign('a')).circuit).not.toBe(circuit)
  })

  it('ends a circuit that nobody used after half an hour to an hour, evenly spread', async () => {
    const circuits: Tunnel[] = []
    for (let run = 0; run < 15; run++) {
      rig.startAnew()
      rig.manager.startPreemptive()
      for (const build of rig.builder.builds.all) circuits.push(await build.finish())
      await settle()
      rig.manager.setDormant(true)
    }
    const ages: number[] = []
    rig.clock.advance(UNUSED_MS)
    expect(circuits.length).toBe(30)
    expect(circuits.every(({ isOpen }) => isOpen)).toBe(true)
    for (let age = UNUSED_MS; age < 2 * UNUSED_MS + SWEEP_MS; age += UNUSED_MS / 10) {
      rig.clock.advance(UNUSED_MS / 10)
      ages.push(circuits.filter(({ isOpen }) => isOpen).length)
    }
    expect(ages.at(-1)).toBe(0)
    // Half of them live longer than three quarters of an hour, give or take.
    expect(ages[4]).toBeGreaterThan(7)
    expect(ages[4]).toBeLessThan(23)
  })

  it('ends one whose request gave up before it was built as soon as one that was used', async () => {
    for (let image = 0; image < 30; image++) {
      const controller = new AbortController()
      const abandoned = rig.manager.assign(usage(`image ${image}`), NO_EXITS, controller.signal)
      controller.abort()
      await expect(abandoned).rejects.toMatchObject({ kind: 'aborted' })
    }
    const circuits = await Promise.all(rig.builder.builds.all.map((build) => build.finish()))
    await settle()
    rig.clock.advance(DIRTINESS_MS - SWEEP_MS)
    expect(circuits.every(({ isOpen }) => isOpen)).toBe(true)
    rig.clock.advance(3 * SWEEP_MS)
    expect(circuits.filter(({ isOpen }) => isOpen)).toEqual([])
  })
})

describe('the age of a circuit whose isolation keeps it alive (proposal 368)', () => {
  it('counts from its last stream, not from its first', async () => {
    const kept = { ...usage('a'), keepsAlive: true }
    const asking = rig.manager.assign(kept, NO_EXITS)
    const circuit = await (await rig.builder.builds.take()).finish()
    await asking
    for (let hour = 0; hour < 3; hour++) {
      const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
      rig.clock.advance(3_600_000)
      stream.destroy()
      rig.clock.advance(DIRTINESS_MS - 2 * SWEEP_MS)
      expect((await rig.manager.assign(kept, NO_EXITS)).circuit).toBe(circuit)
    }
    rig.clock.advance(DIRTINESS_MS + 2 * SWEEP_MS)
    expect(circuit.isOpen).toBe(false)
  })

  it('is none while a stream is on it', async () => {
    rig.settings = { ...rig.settings, maxCircuitDirtinessMs: SWEEP_MS / 2 }
    const kept = { ...usage('a'), keepsAlive: true }
    const asking = rig.manager.assign(kept, NO_EXITS)
    const circuit = await (await rig.builder.builds.take()).finish()
    await asking
    const stream = await DataStream.open(circuit, { kind: 'begin-dir' }, STREAM_DEPS)
    rig.clock.advance(2 * SWEEP_MS - 1)
    expect((await rig.manager.assign(kept, NO_EXITS)).circuit).toBe(circuit)
    stream.destroy()
    rig.clock.advance(SWEEP_MS / 2)
    await settle()
    expect((await rig.assign('a')).circuit).not.toBe(circuit)
  })

  it('counts from the first when one of those who share it did not ask for that', async () => {
    const kept = { ...usage('a'), keepsAlive: true }
    const asking = rig.manager.assign(kept, NO_EXITS)
    const circuit = await (await rig.builder.builds.take()).finish()
    await asking
    await rig.manager.assign(usage('a'), NO_EXITS)
    rig.clock.advance(DIRTINESS_MS / 2)
    expect((await rig.manager.assign(kept, NO_EXITS)).circuit).toBe(circuit)
    rig.clock.advance(DIRTINESS_MS / 2 + 2 * SWEEP_MS)
    expect(circuit.isOpen).toBe(false)
  })
})
