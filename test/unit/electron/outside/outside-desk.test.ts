/** Main's end of the port to the core host: hosts that ask, end, are killed or lie. */
import { describe, expect, it } from 'vitest'
import { type Door, OutsideDesk } from '../../../../electron/outside/outside-desk.ts'
import type { PeerEvents } from '../../../../electron/outside/peer-desk.ts'
import type { WebOutcome } from '../../../../electron/outside/web-desk.ts'
import { arrived, portPair } from './port-pair.ts'
import { webJob } from './samples.ts'

const DOOR = { kind: 'door', port: 4711, secret: 'abcdefghijklmnopqrstuvwxyz' } as const
const PEER = { kind: 'peer', iceServers: [], label: 'x', keepsLocalCandidates: false } as const

function setUp() {
  const happened: string[] = []
  const doors: (Door | undefined)[] = []
  const webs: ((outcome: WebOutcome) => void)[] = []
  const peers: PeerEvents[] = []
  const desk = new OutsideDesk({
    web: {
      start: (_job, settle) => {
        webs.push(settle)
        return () => happened.push('web ended')
      },
      close: () => happened.push('web closed'),
    },
    peers: {
      start: (_wish, events) => {
        peers.push(events)
        return () => happened.push('peer ended')
      },
      close: () => happened.push('peers closed'),
    },
    setDoor: async (door) => void doors.push(door),
    report: (text) => happened.push(text),
  })
  const attach = () => {
    const [host, main] = portPair()
    desk.attach(main)
    return host
  }
  return { desk, happened, doors, webs, peers, attach }
}

describe('a core host', () => {
  it('has its answers by its own numbers', async () => {
    const { attach, webs } = setUp()
    const host = attach()
    host.say({ kind: 'web', id: 7, job: webJob() })
    host.say({ kind: 'web', id: 9, job: webJob() })
    await arrived()
    webs[1]?.({ ok: true, status: 200, body: new Uint8Array(2) })
    webs[0]?.({ ok: false, kind: 'wrong-identity', detail: 'words' })
    await arrived()
    expect(host.heard).toEqual([
      { kind: 'web-answer', id: 9, status: 200, body: new Uint8Array(2) },
      { kind: 'failed', id: 7, error: 'wrong-identity', detail: 'words' },
    ])
  })

  it('is given the port of a peer, and told when it ends', async () => {
    const { attach, peers } = setUp()
    const host = attach()
    const ports: unknown[] = []
    host.on('message', (message: { ports: unknown[] }) => ports.push(...message.ports))
    host.say({ ...PEER, id: 1 })
    await arrived()
    const [port] = portPair()
    peers[0]?.onPort(port)
    peers[0]?.onEnd('the page crashed')
    await arrived()
    expect(host.heard).toEqual([
      { kind: 'peer', id: 1 },
      { kind: 'failed', id: 1, error: 'channel-failed', detail: 'the page crashed' },
    ])
    expect(ports).toEqual([port])
  })

  it('ends what it wants no more', async () => {
    const { attach, happened } = setUp()
    const host = attach()
    host.say({ ...PEER, id: 1 })
    host.say({ kind: 'cancel', id: 1 })
    host.say({ kind: 'cancel', id: 1 })
    await arrived()
    expect(happened).toEqual(['peer ended'])
  })

  it('that is gone takes everything with it: requests, peers, pages and the door', async () => {
    const { attach, happened, doors } = setUp()
    const host = attach()
    host.say(DOOR)
    host.say({ kind: 'web', id: 1, job: webJob() })
    host.say({ ...PEER, id: 2 })
    await arrived()
    host.close()
    await arrived()
    expect(happened).toEqual(['web ended', 'peer ended', 'web closed', 'peers closed'])
    expect(doors.map((door) => door?.port)).toEqual([4711, undefined])
  })

  it('is not told what a host before it had asked for', async () => {
    const { attach, webs } = setUp()
    const first = attach()
    first.say({ kind: 'web', id: 1, job: webJob() })
    await arrived()
    const second = attach()
    webs[0]?.({ ok: true, status: 200, body: new Uint8Array() })
    await arrived()
    expect(second.heard).toEqual([])
    expect(first.isClosed).toBe(true)
  })

  it.each([
    ['what is no request', [{ kind: 'open', url: 'https://x/' }]],
    [
      'a number twice',
      [
        { ...PEER, id: 1 },
        { ...PEER, id: 1 },
      ],
    ],
    ['a door that is not in this machine', [{ ...DOOR, host: '192.0.2.1' }]],
  ])('that says %s is cut off', async (_what, messages) => {
    const { attach, happened } = setUp()
    const host = attach()
    for (const message of messages) host.say(message)
    await arrived()
    expect(happened).toContain('the core host asked for what no core asks; it has no browser engine any more')
    expect(host.isClosed).toBe(true)
  })
})
