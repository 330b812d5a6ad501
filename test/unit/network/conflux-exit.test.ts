/** Exits of the network in this process against clients that link what may not be linked: they do as C tor's do. */
import { beforeEach, describe, expect, it } from 'vitest'
import type { ConfluxLinkMessage, RelayMessage } from '../../../core/cell/relay-message.ts'
import { CircuitEnd } from '../../network/relays/circuit-end.ts'
import { HostTable } from '../../network/relays/host-table.ts'
import type { NetworkCore } from '../../network/relays/network-core.ts'
import { Relay } from '../../network/relays/relay.ts'
import { CONFLUX_NETWORK } from '../../network/small-description.ts'
import { FaultBook } from '../../network/faults/fault.ts'
import { manualClock } from '../../support/manual-clock.ts'

const INCREMENT = 31
const NONCE = Buffer.alloc(32, 1)
const TAG = Buffer.alloc(20)
const RESOLVE: RelayMessage = { kind: 'resolve', name: 'localhost' }
/** C tor's `cfx_max_legs_set`. */
const MOST_LEGS = 8

interface End {
  readonly end: CircuitEnd
  readonly sent: RelayMessage[]
  isClosed: boolean
}

const clock = manualClock()
let relay: Relay
let complaints: string[]

beforeEach(() => {
  const description = CONFLUX_NETWORK.relays.find(({ exitPorts }) => exitPorts !== undefined)
  if (description === undefined) throw new RangeError('a network without exits')
  relay = new Relay(description)
  complaints = []
})

function openEnd({ hasCongestionControl = true, at = relay } = {}): End {
  const core = {
    clock,
    hosts: new HostTable(),
    faults: new FaultBook(),
    complain: (_relay: Relay, what: string) => void complaints.push(what),
  } as Partial<NetworkCore> as NetworkCore
  const opened: End = {
    sent: [],
    isClosed: false,
    end: new CircuitEnd({
      core,
      relay: at,
      increment: hasCongestionControl ? INCREMENT : undefined,
      isWritable: () => true,
      send: (streamId, message) => {
        opened.sent.push(message)
        opened.end.noteSent(streamId, message.kind, TAG)
      },
      close: () => {
        if (opened.isClosed) return
        opened.isClosed = true
        opened.end.onClosed()
      },
    }),
  }
  return opened
}

const link = (changes: Partial<ConfluxLinkMessage> = {}): ConfluxLinkMessage => ({
  kind: 'conflux-link',
  nonce: NONCE,
  lastSentSequence: 0n,
  lastReceivedSequence: 0n,
  desiredUx: 3,
  ...changes,
})

function openLeg(): End {
  const leg = openEnd()
  leg.end.onMessage(0, link(), TAG)
  return leg
}

const kinds = ({ sent }: End): string[] => sent.map(({ kind }) => kind)

describe('an exit that is asked to link', () => {
  it('answers on each leg with the nonce and its own numbers', () => {
    const legs = [openLeg(), openLeg()]
    for (const { sent } of legs) expect(sent).toEqual([link({ kind: 'conflux-linked', desiredUx: 1 })])
    expect(relay.confluxSets?.count).toBe(1)
  })

  it.each([
    ['without congestion control', () => openEnd({ hasCongestionControl: false }), link()],
    [
      'on a circuit with streams (TROVE-2026-025)',
      () => {
        const used = openEnd()
        used.end.onMessage(7, { kind: 'begin-dir' }, TAG)
        return used
      },
      link(),
    ],
    ['twice on one circuit', openLeg, link()],
    ['once more as another set', openLeg, link({ nonce: Buffer.alloc(32, 2) })],
    ['with more than it has sent', openEnd, link({ lastReceivedSequence: 1n })],
    ['with more than it has received', openEnd, link({ lastSentSequence: 1n })],
  ] as const)('closes the circuit when it is asked %s', (_how, open, message) => {
    const asked = open()
    asked.end.onMessage(0, message, TAG)
    expect(asked.isClosed).toBe(true)
    expect(complaints).toHaveLength(1)
  })

  it('takes as many legs as C tor, and closes the next one alone', () => {
    const legs = Array.from({ length: MOST_LEGS }, openLeg)
    const next = openLeg()
    expect(next.isClosed).toBe(true)
    expect(legs.some(({ isClosed }) => isClosed)).toBe(false)
  })

  it('does not when it does not say that it can', () => {
    const plain = new Relay({ ...relay.description, hasConflux: false })
    const asked = openEnd({ at: plain })
    asked.end.onMessage(0, link(), TAG)
    expect([asked.isClosed, asked.sent]).toEqual([true, []])
  })

  it.each([
    ['LINKED_ACK', { kind: 'conflux-linked-ack' }],
    ['SWITCH', { kind: 'conflux-switch', relativeSequence: 1 }],
  ] as const)('takes no %s on a circuit that is no leg', (_name, message) => {
    const asked = openEnd()
    asked.end.onMessage(0, message, TAG)
    expect(asked.isClosed).toBe(true)
  })
})

describe('the exit of a set', () => {
  it('puts what comes on two legs in the order of its numbers', () => {
    const [first, second] = [openLeg(), openLeg()]
    second.end.onMessage(0, { kind: 'conflux-switch', relativeSequence: 1 }, TAG)
    second.end.onMessage(2, RESOLVE, TAG)
    expect([...kinds(first), ...kinds(second)]).not.toContain('resolved')
    first.end.onMessage(1, RESOLVE, TAG)
    expect([...kinds(first), ...kinds(second)].filter((kind) => kind === 'resolved')).toHaveLength(2)
  })

  it('says how far it was when it goes on with another leg', () => {
    const [first, second] = [openLeg(), openLeg()]
    first.end.onMessage(1, RESOLVE, TAG)
    expect(kinds(first)).toEqual(['conflux-linked', 'resolved'])
    clock.advance(5)
    second.end.onMessage(0, { kind: 'conflux-linked-ack' }, TAG)
    first.end.onMessage(2, RESOLVE, TAG)
    expect(second.sent.slice(1)).toMatchObject([
      { kind: 'conflux-switch', relativeSequence: 1 },
      { kind: 'resolved' },
    ])
  })

  it.each([
    ['a directory request (TROVE-2026-008)', { kind: 'begin-dir' }],
    ['a SWITCH by nothing', { kind: 'conflux-switch', relativeSequence: 0 }],
  ] as const)('closes all legs at %s', (_what, message) => {
    const legs = [openLeg(), openLeg()]
    legs[1]?.end.onMessage(message.kind === 'begin-dir' ? 5 : 0, message, TAG)
    expect(legs.map(({ isClosed }) => isClosed)).toEqual([true, true])
    expect(relay.confluxSets?.count).toBe(0)
  })

  it('keeps the set when a leg ends that was never used, and ends it with one in use', () => {
    const [first, second, third] = [openLeg(), openLeg(), openLeg()]
    first.end.onMessage(1, RESOLVE, TAG)
    third.end.close(0)
    expect([first.isClosed, second.isClosed]).toEqual([false, false])
    first.end.close(0)
    expect(second.isClosed).toBe(true)
    expect(relay.confluxSets?.count).toBe(0)
  })
})
