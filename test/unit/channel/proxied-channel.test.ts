import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Channel } from '../../../core/channel/channel.ts'
import { ChannelManager } from '../../../core/channel/channel-manager.ts'
import { CircuitBuilder } from '../../../core/circuit-manager/circuit-builder.ts'
import type { Endpoint } from '../../../core/linkspec/relay-target.ts'
import { createTransport } from '../../../core/transport/configured-transport.ts'
import type { TlsCarrier } from '../../../core/transport/transport.ts'
import type { UpstreamProxy } from '../../../core/transport/upstream-proxy.ts'
import { TorError } from '../../../core/util/errors.ts'
import { channelDeps, openCircuitOn, openStream } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { FakeProxy, goodSocks5, type ProxyScript } from '../../network/fake-proxy.ts'
import { networkClock } from '../../network/network-clock.ts'
import { fixedBuildTimeout } from '../../support/fixed-build-timeout.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { ampleQueues } from '../../support/ample-queues.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'
import { DIRECT } from '../../support/direct-transport.ts'

let network: FakeNetwork
let proxy: FakeProxy | undefined
let clock: ReturnType<typeof networkClock>

beforeEach(async () => {
  network = await FakeNetwork.start()
  clock = networkClock()
})

afterEach(async () => {
  await proxy?.close()
  proxy = undefined
  expect(network.violations).toEqual([])
  await network.close()
})

function depsThrough(upstreamProxy: UpstreamProxy): ReturnType<typeof channelDeps> {
  return { ...channelDeps(clock), transport: createTransport(() => ({ ...DIRECT, upstreamProxy })) }
}

async function open(
  script: ProxyScript,
  kind: UpstreamProxy['kind'] = 'socks5',
  signal?: AbortSignal,
): Promise<Channel> {
  proxy = await FakeProxy.start(network.port, script)
  const { endpoint } = proxy
  const target = network.target(0)
  const upstream: UpstreamProxy =
    kind === 'socks4' ? { kind, endpoint } : { kind, endpoint, credentials: undefined }
  const relay = { host: '127.0.0.1', port: network.port }
  return Channel.open(target, relay, depsThrough(upstream), signal)
}

async function failure(opened: Promise<unknown>): Promise<TorError> {
  const error: unknown = await opened.catch((thrown: unknown) => thrown)
  if (!(error instanceof TorError)) throw new Error('it did not fail', { cause: error })
  return error
}

const goodSocks4: ProxyScript = (_said, socket, join) => {
  socket.write(Buffer.of(0, 90, 0, 0, 0, 0, 0, 0))
  join()
}
const goodHttp: ProxyScript = (said, socket, join) => {
  if (!said.includes('\r\n\r\n')) return
  socket.write('HTTP/1.1 200 OK\r\n')
  socket.write('\r\n')
  join()
}

describe('a channel through an upstream proxy', () => {
  it.each([
    ['socks4', goodSocks4],
    ['socks5', goodSocks5],
    ['http', goodHttp],
  ] as const)('carries circuits and streams through %s', async (kind, script) => {
    const channel = await open(script, kind)
    const opened = await openCircuitOn({ channel, link: await network.links.take() }, { hops: 2 })
    const { sink, stream } = await openStream(opened)
    const text = Buffer.alloc(20_000, 'echo ')
    stream.write(text)
    await sink.waitForBytes(text.length)
    expect(sink.bytes).toEqual(text)
    channel.close()
  })

  it.each<[string, ProxyScript, string]>([
    ['closes at once', (_said, socket) => socket.end(), 'closed the connection'],
    ['resets', (_said, socket) => socket.resetAndDestroy(), 'broke the connection'],
    [
      'is a web server',
      (_said, socket) => socket.write('HTTP/1.0 400 Bad Request\r\n\r\n'),
      'does not speak',
    ],
    ['wants a password', (_said, socket) => socket.write(Buffer.of(5, 255)), 'user name and password'],
  ])('fails as the proxy’s when it %s', async (_what, script, words) => {
    const error = await failure(open(script))
    expect([error.kind, error.message]).toEqual(['proxy-failed', expect.stringContaining(words)])
    expect(network.connections.all).toEqual([])
  })

  it('fails as the proxy’s when it says more than its answer, which no relay does before TLS', async () => {
    const error = await failure(
      open((_said, socket) => socket.write(Buffer.concat([Buffer.of(0, 90), Buffer.alloc(7)])), 'socks4'),
    )
    expect([error.kind, error.message]).toEqual(['proxy-failed', expect.stringContaining('more than')])
  })

  it('does not let a proxy answer without end', async () => {
    const endless: ProxyScript = (_said, socket) =>
      socket.write(`HTTP/1.1 200 OK\r\n${'X-Filler: 1\r\n'.repeat(2000)}`)
    const error = await failure(open(endless, 'http'))
    expect([error.kind, error.message]).toEqual(['proxy-failed', expect.stringContaining('without end')])
  })

  it('is given up after a while when the proxy never answers, and leaves nothing open', async () => {
    let onSaid: () => void = () => {}
    const said = new Promise<void>((resolve) => (onSaid = resolve))
    const opened = failure(open(() => onSaid()))
    await said
    clock.advance(60_000)
    expect((await opened).kind).toBe('timeout')
  })

  it('is left at once when it is aborted', async () => {
    const controller = new AbortController()
    const opened = open(() => controller.abort(), 'socks5', controller.signal)
    await expect(opened).rejects.toMatchObject({ kind: 'aborted' })
    expect(network.connections.all).toEqual([])
  })

  it('fails as a relay’s when the proxy cannot reach the relay', async () => {
    const script: ProxyScript = (said, socket) =>
      said.length === 3 ? socket.write(Buffer.of(5, 0)) : socket.write(Buffer.of(5, 5, 0, 1))
    expect(await failure(open(script))).toMatchObject({ kind: 'channel-failed', retry: 'elsewhere' })
  })

  it('fails in words when nobody listens, never dials directly, and tries no other endpoint', async () => {
    const endpoint = { host: '127.0.0.1', port: 1 }
    const manager = new ChannelManager(depsThrough({ kind: 'socks5', endpoint, credentials: undefined }))
    const [first] = network.target(0).endpoints
    if (first === undefined) throw new Error('no endpoint')
    let dialled = 0
    const endpoints = [first, first]
    const error = await failure(
      manager.get({ ...network.target(0), endpoints }, undefined, (phase) => {
        if (phase === 'conn') dialled++
      }),
    )
    expect([error.kind, error.message]).toEqual([
      'proxy-failed',
      expect.stringContaining('cannot be reached'),
    ])
    expect(error.message).not.toContain('127.0.0.1')
    expect([dialled, network.connections.all.length]).toEqual([1, 0])
    manager.close()
  })

  it('costs no guard its name when the proxy fails', async () => {
    const endpoint = { host: '127.0.0.1', port: 1 }
    const channels = new ChannelManager(depsThrough({ kind: 'http', endpoint, credentials: undefined }))
    const reports: string[] = []
    const builder = new CircuitBuilder({
      channels,
      guards: {
        reportChannelAttempt: () => reports.push('attempt'),
        reportChannelFailure: () => reports.push('failure'),
        reportChannelSuccess: () => reports.push('success'),
      },
      clock,
      random: seededRandom(1),
      queues: ampleQueues(),
      buildTimeout: fixedBuildTimeout(5_000),
      settings: () => ({ ...OPEN_CONSTRAINTS, isNetworkDisabled: false }),
    })
    expect((await failure(builder.buildDirectoryCircuit(network.target(0), undefined))).kind).toBe(
      'proxy-failed',
    )
    expect(reports).not.toContain('failure')
    channels.close()
  })
})

describe('a connection from a bound address', () => {
  it('leaves from it, directly and to the proxy', async () => {
    const localAddress = '127.0.0.2'
    proxy = await FakeProxy.start(network.port, goodSocks5)
    const upstream: UpstreamProxy = { kind: 'socks5', endpoint: proxy.endpoint, credentials: undefined }
    const carriers = [
      (relay: Endpoint): TlsCarrier => ({ kind: 'tcp', relay, localAddress }),
      (relay: Endpoint): TlsCarrier => ({ kind: 'proxied', proxy: upstream, relay, localAddress }),
    ]
    const seen: (string | undefined)[] = []
    for (const carrierFor of carriers) {
      const deps = { ...channelDeps(clock), transport: { carrierFor } }
      const relay = { host: '127.0.0.1', port: network.port }
      const channel = await Channel.open(network.target(0), relay, deps, undefined)
      seen.push((await network.connections.take()).socket.remoteAddress)
      channel.close()
    }
    // The proxy itself is on loopback, and leaves from wherever it likes.
    expect([seen[0], proxy.clients]).toEqual([localAddress, [localAddress]])
  })
})
