/** Peers: who gets one, and when all of them end. */
import { describe, expect, it } from 'vitest'
import { MAX_PEERS } from '../../../../electron/outside/limits.ts'
import { PeerDesk } from '../../../../electron/outside/peer-desk.ts'
import type { Port } from '../../../../electron/outside/port.ts'
import { manualClock } from '../../../support/manual-clock.ts'
import { pageMaker } from './fake-page.ts'
import { arrived, portPair } from './port-pair.ts'

const WISH = { iceServers: ['stun:192.0.2.1:3478'], label: 'x', keepsLocalCandidates: false }

function setUp({ isOwnNetwork = false } = {}) {
  const clock = manualClock()
  const maker = pageMaker()
  const state = { mayUseUdp: true }
  const desk = new PeerDesk({
    clock,
    openPage: maker.openPage,
    createChannel: () => {
      const [port1, port2] = portPair()
      return { port1, port2 }
    },
    mayUseUdp: () => state.mayUseUdp,
    isOwnNetwork,
  })
  const ports: Port[] = []
  const ends: (string | undefined)[] = []
  const start = (wish = WISH): (() => void) =>
    desk.start(wish, { onPort: (port) => ports.push(port), onEnd: (detail) => ends.push(detail) })
  return { clock, maker, state, desk, ports, ends, start }
}

describe('a peer', () => {
  it('is one port, with an end in the page and one for the core host', async () => {
    const { maker, ports, start } = setUp()
    start()
    await arrived()
    const { keepsLocalCandidates: _, ...wish } = WISH
    expect(maker.pages[0]?.told).toEqual([{ kind: 'peer', id: 1, ...wish }])
    expect(maker.pages[0]?.ports).toHaveLength(1)
    expect(ports).toHaveLength(1)
    expect(ports[0]).not.toBe(maker.pages[0]?.ports[0])
  })

  it('is refused, and no window made, while an upstream proxy is to be used', async () => {
    const { state, maker, ends, start } = setUp()
    state.mayUseUdp = false
    start()
    await arrived()
    expect(ends).toEqual(['WebRTC would go past the upstream proxy'])
    expect(maker.pages).toEqual([])
  })

  it('ends, with the page and its sockets, when an upstream proxy is set meanwhile', async () => {
    const { state, desk, maker, ends, start } = setUp()
    start()
    await arrived()
    desk.onSettings()
    expect(ends).toEqual([])
    state.mayUseUdp = false
    desk.onSettings()
    await arrived()
    expect(ends).toHaveLength(1)
    expect(maker.pages[0]?.isClosed).toBe(true)
  })

  it('is not told addresses of this network, except in a network of our own', () => {
    const real = setUp()
    real.start({ ...WISH, keepsLocalCandidates: true })
    expect(real.ends).toEqual(['addresses of this network are not told to peers'])
    const own = setUp({ isOwnNetwork: true })
    own.start({ ...WISH, keepsLocalCandidates: true })
    expect(own.ends).toEqual([])
  })

  it('is refused when there are too many', () => {
    const { ends, start } = setUp()
    for (let id = 0; id <= MAX_PEERS; id++) start()
    expect(ends).toEqual(['too many WebRTC connections at once'])
  })

  it('makes room when the page says that it is closed, and the page goes with the last one', async () => {
    const { clock, maker, ends, start } = setUp()
    start()
    const end = start()
    await arrived()
    maker.pages[0]?.say({ kind: 'peer-closed', id: 1 })
    maker.pages[0]?.say({ kind: 'peer-closed', id: 1 })
    expect(ends).toEqual([undefined])
    clock.advance(120_000)
    expect(maker.pages[0]?.isClosed).toBe(false)
    end()
    await arrived()
    expect(maker.pages[0]?.told.at(-1)).toEqual({ kind: 'cancel', id: 2 })
    clock.advance(120_000)
    await arrived()
    expect(maker.pages[0]?.isClosed).toBe(true)
  })

  it('ends in words when the page crashes', async () => {
    const { maker, ends, start } = setUp()
    start()
    await arrived()
    maker.pages[0]?.crash()
    expect(ends).toEqual(['the page crashed'])
  })
})
