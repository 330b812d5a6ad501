/** A channel to a bridge through obfs4: TLS, circuits and streams on top of it, and nothing around it. */
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Channel } from '../../../core/channel/channel.ts'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import type { DialTarget } from '../../../core/transport/bridge-rule.ts'
import { createTransport, type TransportSettings } from '../../../core/transport/configured-transport.ts'
import { channelDeps, openCircuitOn, openStream } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { FakeProxy, goodSocks5 } from '../../network/fake-proxy.ts'
import { networkClock } from '../../network/network-clock.ts'
import { framesOf, ListeningObfs4Server, type ServerSession } from '../../support/obfs4-server.ts'
import { DIRECT } from '../../support/direct-transport.ts'

let network: FakeNetwork
let server: ListeningObfs4Server
let clock: ReturnType<typeof networkClock>
const toRelay = new Map<Socket, Socket>()

beforeEach(async () => {
  network = await FakeNetwork.start()
  server = await ListeningObfs4Server.start()
  clock = networkClock()
  server.wallMs = clock.wallMs()
  server.script = { onPayload: passOn }
})

afterEach(async () => {
  for (const socket of toRelay.values()) socket.destroy()
  toRelay.clear()
  await server.close()
  expect(network.violations).toEqual([])
  await network.close()
})

/** What the transport carries goes to the relay, and back. */
function passOn(payload: Buffer, session: ServerSession, socket: Socket): void {
  let relay = toRelay.get(socket)
  if (relay === undefined) {
    relay = connect(network.port, '127.0.0.1')
    relay.on('data', (bytes) => socket.write(framesOf(session, bytes)))
    relay.on('error', () => {})
    relay.on('close', () => socket.destroy())
    socket.on('close', () => toRelay.get(socket)?.destroy())
    toRelay.set(socket, relay)
  }
  relay.write(payload)
}

function open(settings: Partial<TransportSettings> = {}): Promise<Channel> {
  const bridge = parseBridgeLine(server.line())
  const transport = createTransport(() => ({ ...DIRECT, bridges: [bridge], ...settings }))
  const { ids } = network.target(0)
  const target: DialTarget = { ids, endpoints: [bridge.endpoint], bridge }
  return Channel.open(target, bridge.endpoint, { ...channelDeps(clock), transport }, undefined)
}

test('circuits and streams run over it', async () => {
  const channel = await open()
  const opened = await openCircuitOn({ channel, link: await network.links.take() }, { hops: 2 })
  const { sink, stream } = await openStream(opened)
  const text = Buffer.alloc(100_000, 'echo ')
  stream.write(text)
  await sink.waitForBytes(text.length)
  expect(sink.bytes.equals(text)).toBe(true)
  channel.close()
  while (server.sockets.size > 0) await new Promise((resolve) => setImmediate(resolve))
})

test('through an upstream proxy the bridge is reached by it alone', async () => {
  const proxy = await FakeProxy.start(server.port, goodSocks5)
  const upstreamProxy = { kind: 'socks5', endpoint: proxy.endpoint, credentials: undefined } as const
  const channel = await open({ upstreamProxy })
  expect(channel.isOpen).toBe(true)
  expect(proxy.clients).toHaveLength(1)
  expect(server.sockets.size).toBe(1)
  channel.close()
  await proxy.close()
})

test('a bridge that is none of the configured ones is not dialled', async () => {
  await expect(open({ bridges: [] })).rejects.toMatchObject({ kind: 'not-allowed' })
  await expect(open({ bridges: undefined })).rejects.toMatchObject({ kind: 'not-allowed' })
  expect(server.requests).toEqual([])
})

test('a bridge that turns to noise ends the channel, with the reason, and not the process', async () => {
  const channel = await open()
  for (const socket of server.sockets) socket.write(Buffer.alloc(10_000))
  expect((await channel.closed).message).toMatch(/obfs4 sent a frame that is not genuine/)
})

test('a bridge that goes away ends the channel', async () => {
  const channel = await open()
  for (const socket of server.sockets) socket.resetAndDestroy()
  expect(await channel.closed).toMatchObject({ kind: 'channel-failed' })
})

test('who cannot prove the key of the cert is refused in words about the cert, not the fingerprint', async () => {
  server.script = {
    answer: ({ answer }, socket) => {
      answer.writeUInt8(answer.readUInt8(40) ^ 1, 40)
      socket.write(answer)
    },
  }
  await expect(open()).rejects.toThrow(/did not prove .* cert of its line/)
})
