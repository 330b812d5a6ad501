import { randomBytes } from 'node:crypto'
import { createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '../../../core/channel/channel.ts'
import { LinkHandshake } from '../../../core/channel/link-handshake.ts'
import { TorError } from '../../../core/util/errors.ts'
import { channelDeps, openChannel, openLink } from '../../network/client-side.ts'
import { EventLog } from '../../network/event-log.ts'
import {
  authChallengeCell,
  certsCell,
  netinfoCell,
  type OpeningCells,
  versionsCell,
} from '../../network/fake-link.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { networkClock } from '../../network/network-clock.ts'
import { rsaCrossCert, signingKeyCert, tlsLinkCert } from '../../network/relay-identity.ts'
import { fixedCell, variableCell } from '../../network/wire.ts'

const OPEN_TIMEOUT_MS = 30_000

let network: FakeNetwork

beforeEach(async () => {
  network = await FakeNetwork.start()
})

afterEach(async () => {
  expect(network.violations).toEqual([])
  await network.close()
})

function opening(change: (cells: OpeningCells) => readonly Buffer[]): void {
  network.script.openLink = change
}

/** The channel does not open, and nothing of it stays. */
async function refusal(): Promise<TorError> {
  const error: unknown = await openChannel(network).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  const connection = await network.connections.take()
  await connection.closed
  if (!(error instanceof TorError)) throw new Error('the channel opened', { cause: error })
  return error
}

describe('the link handshake', () => {
  for (const [offered, agreed] of [
    [[3, 4], 4],
    [[4], 4],
    [[3, 4, 5], 5],
    [[5, 4, 6, 9], 5],
    [[1, 5], 5],
  ] as const) {
    it(`agrees on link ${agreed} with a relay that speaks ${offered.join(', ')}`, async () => {
      opening(({ certs, authChallenge, netinfo }) => [versionsCell(offered), certs, authChallenge, netinfo])
      const { channel } = await openLink(network)
      expect(channel.identity.linkVersion).toBe(agreed)
      expect(channel.ids).toEqual({ rsa: network.relay(0).rsa, ed25519: network.relay(0).ed25519 })
      channel.close()
    })
  }

  it('says nothing about the client but its versions and the address that it dialled', async () => {
    const { channel, link } = await openLink(network)
    const versions = await link.cells.take()
    expect([versions.command, versions.circuitId, versions.body.toString('hex')]).toEqual([7, 0, '00040005'])
    const netinfo = await link.cells.take()
    const expected = Buffer.alloc(509)
    Buffer.of(0, 0, 0, 0, 4, 4, 127, 0, 0, 1, 0).copy(expected)
    expect([netinfo.command, netinfo.circuitId, netinfo.body]).toEqual([8, 0, expected])
    channel.close()
    await link.closed
    expect(link.cells.all.length).toBe(2)
  })

  it('measures how far the relay’s clock is from ours', async () => {
    opening(({ versions, certs, authChallenge }) => [
      versions,
      certs,
      authChallenge,
      netinfoCell(network.nowMs / 1000 + 7200),
    ])
    const { channel } = await openLink(network)
    expect(channel.identity.clockSkewMs).toBe(7_200_000)
    channel.close()
  })

  it('knows no skew of a relay that does not say its time', async () => {
    opening(({ versions, certs, authChallenge }) => [versions, certs, authChallenge, netinfoCell(0)])
    const { channel } = await openLink(network)
    expect(channel.identity.clockSkewMs).toBeUndefined()
    channel.close()
  })

  it('takes cells that come byte by byte', async () => {
    network.script.openLink = ({ versions, certs, authChallenge, netinfo }, link) => {
      const bytes = Buffer.concat([versions, certs, authChallenge, netinfo])
      for (let at = 0; at < bytes.length; at += 7) link.write(bytes.subarray(at, at + 7))
      return []
    }
    const { channel } = await openLink(network)
    expect(channel.isOpen).toBe(true)
    channel.close()
  })

  it('lets padding and AUTHORIZE pass between the cells that matter', async () => {
    const padding = variableCell(0, 128, randomBytes(300))
    const authorize = variableCell(0, 132, randomBytes(20))
    opening(({ versions, certs, authChallenge, netinfo }) =>
      [versions, certs, authChallenge, netinfo].flatMap((cell) => [cell, padding, authorize]),
    )
    const { channel } = await openLink(network)
    expect(channel.isOpen).toBe(true)
    channel.close()
  })

  it('skips padding longer than anything else may be', async () => {
    opening(({ versions, certs, authChallenge, netinfo }) => [
      versions,
      variableCell(0, 128, Buffer.alloc(65_535, 1)),
      certs,
      authChallenge,
      netinfo,
    ])
    const { channel } = await openLink(network)
    expect(channel.isOpen).toBe(true)
    channel.close()
  })

  it('ends at padding without end, which is bounded in bytes and not only in time', async () => {
    opening(({ versions }) => [
      versions,
      ...Array.from({ length: 5 }, () => variableCell(0, 128, Buffer.alloc(65_535))),
    ])
    const { kind, message } = await refusal()
    expect([kind, message]).toEqual(['protocol-violation', 'a link handshake without end'])
  })

  it('gives a relay that says a byte now and then no more time than one that says nothing', async () => {
    opening(() => [])
    const clock = networkClock()
    const opened = openChannel(network, { clock })
    opened.catch(() => {})
    const link = await network.links.take()
    const bytes = versionsCell([4, 5])
    for (let sent = 0; sent < 6; sent++) {
      link.write(bytes.subarray(sent, sent + 1))
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(OPEN_TIMEOUT_MS / 6)
    }
    await expect(opened).rejects.toMatchObject({ kind: 'timeout' })
    await link.closed
  })

  it.each([
    [0, 7_200_000],
    [179_000, 7_200_000 - 179_000],
    [180_000, undefined],
  ])('judges our clock only by a handshake that was not held up: %i ms', (heldUpMs, skewMs) => {
    const clock = networkClock()
    const guard = network.relay(0)
    const handshake = new LinkHandshake({
      expectedIds: { rsa: guard.rsa, ed25519: guard.ed25519 },
      endpoint: { host: '127.0.0.1', port: 1 },
      peerCertificate: guard.tlsCertificate,
      clock,
    })
    handshake.onCell(7, versionsCell([5]).subarray(5))
    handshake.onCell(129, certsCell(network.goodCerts()).subarray(7))
    handshake.onCell(130, authChallengeCell().subarray(7))
    clock.advance(heldUpMs)
    const outcome = handshake.onCell(8, netinfoCell(network.nowMs / 1000 + 7200).subarray(5))
    expect(outcome?.identity.clockSkewMs).toBe(skewMs)
  })

  const outOfOrder: Record<string, (cells: OpeningCells) => readonly Buffer[]> = {
    'CERTS before VERSIONS': ({ certs, versions }) => [certs, versions],
    'AUTH_CHALLENGE before CERTS': ({ versions, authChallenge, certs, netinfo }) => [
      versions,
      authChallenge,
      certs,
      netinfo,
    ],
    'NETINFO before CERTS': ({ versions, netinfo, certs }) => [versions, netinfo, certs],
    'NETINFO without CERTS': ({ versions, authChallenge, netinfo }) => [versions, authChallenge, netinfo],
    'NETINFO without AUTH_CHALLENGE': ({ versions, certs, netinfo }) => [versions, certs, netinfo],
    'CERTS twice': ({ versions, certs, authChallenge, netinfo }) => [
      versions,
      certs,
      certs,
      authChallenge,
      netinfo,
    ],
    'AUTH_CHALLENGE twice': ({ versions, certs, authChallenge, netinfo }) => [
      versions,
      certs,
      authChallenge,
      authChallenge,
      netinfo,
    ],
    'VERSIONS twice': ({ versions, certs, authChallenge, netinfo }) => [
      versions,
      variableCell(0, 7, Buffer.of(0, 4)),
      certs,
      authChallenge,
      netinfo,
    ],
    'padding before VERSIONS': ({ versions, certs }) => [
      Buffer.concat([Buffer.of(0, 0, 128, 0, 1, 0)]),
      versions,
      certs,
    ],
    'a cell that we do not know': ({ versions, certs }) => [
      versions,
      fixedCell(0, 77, Buffer.alloc(0)),
      certs,
    ],
    'a variable-length cell that we do not know': ({ versions, certs }) => [
      versions,
      variableCell(0, 200, Buffer.alloc(3)),
      certs,
    ],
    'a relay cell': ({ versions, certs, authChallenge }) => [
      versions,
      certs,
      authChallenge,
      fixedCell(0x80000001, 3, Buffer.alloc(0)),
    ],
    'fixed-length padding': ({ versions, certs }) => [versions, fixedCell(0, 0, Buffer.alloc(0)), certs],
    'CERTS longer than we accept': ({ versions }) => [versions, variableCell(0, 129, Buffer.alloc(12_289))],
    'no version in common': ({ certs }) => [versionsCell([1, 2, 3, 6]), certs],
    'no version at all': ({ certs }) => [versionsCell([]), certs],
  }
  for (const [what, cells] of Object.entries(outOfOrder)) {
    it(`ends at ${what} (TROVE-2026-006)`, async () => {
      opening(cells)
      expect((await refusal()).kind).toBe('protocol-violation')
    })
  }

  it('ends at VERSIONS of an odd length', async () => {
    opening(() => [variableCell(0, 7, Buffer.of(0, 4, 0))])
    expect((await refusal()).kind).toBe('malformed')
  })

  it('ends at garbage', async () => {
    opening(() => [Buffer.alloc(70_000, 0xff)])
    expect((await refusal()).kind).toBe('protocol-violation')
  })

  for (const [what, cell] of [
    ['CERTS', variableCell(0, 129, Buffer.of(5, 2, 0, 9, 1))],
    ['AUTH_CHALLENGE', variableCell(0, 130, Buffer.alloc(20))],
  ] as const) {
    it(`ends at a ${what} that is cut short`, async () => {
      opening(({ versions, certs, netinfo }) =>
        what === 'CERTS' ? [versions, cell, netinfo] : [versions, certs, cell, netinfo],
      )
      expect((await refusal()).kind).toBe('malformed')
    })
  }

  for (const [what, script] of Object.entries<FakeNetwork['script']>({
    'certificates of another relay': {
      certs: () => {
        const stranger = network.relay(1)
        return network.goodCerts().map(({ type, body }) => {
          if (type === 4) return { type, body: signingKeyCert(stranger, network.nowMs) }
          if (type === 7) return { type, body: rsaCrossCert(network.relay(0), network.nowMs) }
          return { type, body }
        })
      },
    },
    'a certificate for another TLS certificate': {
      certs: (certs, guard) =>
        certs.map(({ type, body }) => ({
          type,
          body: type === 5 ? tlsLinkCert(guard, network.nowMs, { certifiedKey: Buffer.alloc(32, 1) }) : body,
        })),
    },
    'no certificates': { certs: () => [] },
  })) {
    it(`ends at ${what}`, async () => {
      network.script = script
      expect((await refusal()).kind).toBe('wrong-identity')
    })
  }

  it('ends when the relay is good but not the wanted one', async () => {
    const target = { ...network.target(0), ids: network.target(1).ids }
    const endpoint = { host: '127.0.0.1', port: network.port }
    await expect(Channel.open(target, endpoint, channelDeps(), undefined)).rejects.toMatchObject({
      kind: 'wrong-identity',
      retry: 'elsewhere',
    })
    await (await network.connections.take()).closed
  })

  for (const [what, count] of [
    ['VERSIONS', 0],
    ['CERTS', 1],
    ['AUTH_CHALLENGE', 2],
    ['NETINFO', 3],
  ] as const) {
    const saySome = ({ versions, certs, authChallenge }: OpeningCells): readonly Buffer[] =>
      [versions, certs, authChallenge].slice(0, count)

    it(`gives up on a relay that says nothing where ${what} belongs`, async () => {
      opening(saySome)
      const clock = networkClock()
      const opened = openChannel(network, { clock })
      const link = await network.links.take()
      await link.cells.take()
      clock.advance(OPEN_TIMEOUT_MS)
      await expect(opened).rejects.toMatchObject({ kind: 'timeout', retry: 'elsewhere' })
      await link.closed
    })

    it(`leaves no connection when it is aborted where ${what} belongs`, async () => {
      opening(saySome)
      const controller = new AbortController()
      const opened = openChannel(network, { signal: controller.signal })
      const link = await network.links.take()
      await link.cells.take()
      controller.abort()
      await expect(opened).rejects.toMatchObject({ kind: 'aborted' })
      await link.closed
    })

    it(`fails when the relay goes where ${what} belongs`, async () => {
      network.script.openLink = (cells, link) => {
        link.write(...saySome(cells))
        link.close()
        return []
      }
      expect((await refusal()).kind).toBe('channel-failed')
    })
  }

  it('fails when the relay resets the connection', async () => {
    network.script.openLink = (_cells, link) => {
      link.destroy()
      return []
    }
    expect((await refusal()).kind).toBe('channel-failed')
  })

  it('refuses an unreadable certificate list without waiting for more', async () => {
    opening(({ versions }) => [versions, certsCell([{ type: 2, body: Buffer.of(0x30, 0x80) }])])
    expect((await refusal()).kind).toBe('wrong-identity')
  })
})

describe('a relay that does not speak TLS', () => {
  let server: Server
  let port: number
  let sockets: EventLog<Socket>

  beforeEach(async () => {
    sockets = new EventLog()
    server = createServer((socket) => sockets.push(socket.on('error', () => {}).resume()))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    port = address !== null && typeof address === 'object' ? address.port : 0
  })

  afterEach(async () => {
    for (const socket of sockets.all) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  const open = (options: {
    clock?: ReturnType<typeof networkClock>
    signal?: AbortSignal
  }): Promise<Channel> =>
    Channel.open(network.target(0), { host: '127.0.0.1', port }, channelDeps(options.clock), options.signal)

  const gone = (socket: Socket): Promise<void> =>
    new Promise((resolve) => socket.once('close', () => resolve()))

  it('is given up after a while', async () => {
    const clock = networkClock()
    const opened = open({ clock })
    const socket = await sockets.take()
    const closed = gone(socket)
    clock.advance(OPEN_TIMEOUT_MS)
    await expect(opened).rejects.toMatchObject({ kind: 'timeout' })
    await closed
  })

  it('keeps no connection after an abort', async () => {
    const controller = new AbortController()
    const opened = open({ signal: controller.signal })
    const socket = await sockets.take()
    const closed = gone(socket)
    controller.abort()
    await expect(opened).rejects.toMatchObject({ kind: 'aborted' })
    await closed
  })

  it('fails as a channel when it answers something else', async () => {
    const opened = open({})
    const socket = await sockets.take()
    socket.end('HTTP/1.0 400 Bad Request\r\n\r\n')
    await expect(opened).rejects.toMatchObject({ kind: 'channel-failed', retry: 'elsewhere' })
  })

  it('fails as a channel when nobody listens', async () => {
    await new Promise((resolve) => server.close(resolve))
    const opened = open({})
    await expect(opened).rejects.toMatchObject({ kind: 'channel-failed', retry: 'elsewhere' })
    await expect(opened).rejects.toSatisfy(
      (error) => error instanceof TorError && !error.message.includes('127.0.0.1'),
    )
  })

  it('is not dialled by somebody who has given up already', async () => {
    await expect(open({ signal: AbortSignal.abort() })).rejects.toMatchObject({ kind: 'aborted' })
    expect(sockets.all).toEqual([])
  })
})
