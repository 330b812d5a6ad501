import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ChannelManager } from '../../../core/channel/channel-manager.ts'
import type { BuildLimits } from '../../../core/circuit-manager/build-timeout.ts'
import { CircuitBuilder, networkDisabled } from '../../../core/circuit-manager/circuit-builder.ts'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import type { RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { CircuitTarget, Endpoint } from '../../../core/linkspec/relay-target.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import type { Transport } from '../../../core/transport/transport.ts'
import { type AddressPolicy, parseAddressPolicy } from '../../../core/util/address-policy.ts'
import type { Clock } from '../../../core/util/clock.ts'
import { TorError } from '../../../core/util/errors.ts'
import { channelDeps } from '../../network/client-side.ts'
import { FakeNetwork } from '../../network/fake-network.ts'
import { networkClock } from '../../network/network-clock.ts'
import { costlyClock, perTurn } from '../../support/costly-clock.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { smallConsensus, smallMicrodescriptors } from '../../support/small-network.ts'

const BUILD_TIMEOUT_MS = 5_000

let network: FakeNetwork
let clock: ReturnType<typeof networkClock>
let channels: ChannelManager
let queues: ReturnType<typeof channelDeps>['queues']
let builder: CircuitBuilder
let reports: string[]
let attempts: number
/** How long those who reported a failure had waited. */
let waits: number[]
let limits: BuildLimits
let learned: string[]
let allowPrivateRelayAddresses: boolean
let reachableAddresses: AddressPolicy | undefined
let isNetworkDisabled: boolean
/** What the system says when a connection is to be made. */
let dialFailure: TorError | undefined
let dialled: Endpoint[]

beforeEach(async () => {
  network = await FakeNetwork.start({ relays: 2 })
  clock = networkClock()
  dialFailure = undefined
  dialled = []
  const deps = channelDeps(clock)
  queues = deps.queues
  const carrierFor: Transport['carrierFor'] = (endpoint) => {
    if (dialFailure !== undefined) throw dialFailure
    dialled.push(endpoint)
    return deps.transport.carrierFor(endpoint)
  }
  channels = new ChannelManager({ ...deps, transport: { carrierFor } })
  reports = []
  attempts = 0
  waits = []
  limits = { timeoutMs: BUILD_TIMEOUT_MS, closeMs: BUILD_TIMEOUT_MS }
  learned = []
  allowPrivateRelayAddresses = false
  reachableAddresses = undefined
  isNetworkDisabled = false
  builder = createBuilder(clock)
})

function createBuilder(builderClock: Clock): CircuitBuilder {
  const say =
    (what: string) =>
    (relay: RsaIdentity): void => {
      expect(relay).toBe(network.relay(0).rsa)
      reports.push(what)
    }
  return new CircuitBuilder({
    channels,
    guards: {
      reportChannelAttempt: () => attempts++,
      reportChannelFailure: (relay, { beganMs, isWithoutRoute }) => {
        say(isWithoutRoute ? 'failure without route' : 'failure')(relay)
        waits.push(clock.monotonicMs() - beganMs)
      },
      reportChannelSuccess: say('success'),
    },
    clock: builderClock,
    random: seededRandom(1),
    queues,
    buildTimeout: {
      limits: () => limits,
      recordBuilt: (_ms, wasInTime) => learned.push(wasInTime ? 'in time' : 'late'),
      recordTimeout: ({ hasFirstHop, hasHeard }) =>
        learned.push(
          `timeout${hasFirstHop ? ' after the first hop' : ''}${hasHeard ? '' : ', nothing heard'}`,
        ),
    },
    settings: () => ({
      ...OPEN_CONSTRAINTS,
      allowPrivateRelayAddresses,
      reachableAddresses,
      isNetworkDisabled,
    }),
  })
}

afterEach(async () => {
  channels.close()
  expect(network.violations).toEqual([])
  await network.close()
})

/** The network's relays, as far as the building of a circuit looks at them. */
function fakeView(
  circuitTarget = (row: number): CircuitTarget => network.target(row),
  known: Partial<NetDir> = {},
): NetDir {
  const real = NetDir.build({ consensus: smallConsensus([{ id: 1 }]) })
  const view: Pick<NetDir, 'relay' | 'bridgeAt' | 'circuitTarget' | 'params'> = {
    params: real.params,
    relay: (row) => ({ ...real.relay(0), ids: network.target(row).ids }),
    bridgeAt: () => undefined,
    circuitTarget,
  }
  return { ...view, ...known } as NetDir
}

function build(signal?: AbortSignal): ReturnType<typeof builder.buildDirectoryCircuit> {
  return builder.buildDirectoryCircuit(network.target(0), undefined, signal)
}

describe('a circuit to a directory', () => {
  it('is built step by step, with a good word for the guard', async () => {
    const phases: string[] = []
    const circuit = await builder.buildDirectoryCircuit(network.target(0), undefined, undefined, (phase) =>
      phases.push(phase),
    )
    expect(phases).toEqual(['conn', 'conn-done', 'handshake', 'handshake-done', 'onehop-create'])
    expect(reports).toEqual(['success'])
    expect(circuit.hops.length).toBe(1)
  })

  /** What the guard sees of circuits to it: CREATE_FAST or CREATE2. */
  const created = (): number[] =>
    network.links.all.flatMap(({ cells }) =>
      cells.all.map(({ command }) => command).filter((command) => command === 5 || command === 10),
    )
  const knownAs = (known: Partial<NetDir>): NetDir =>
    fakeView(undefined, {
      indexOf: () => 0,
      isUsable: () => true,
      bridgeRowOf: () => undefined,
      hasMicrodescriptor: () => false,
      ...known,
    })

  it('is asked for with the onion key, and congestion control, where the view has them', async () => {
    const circuit = await builder.buildDirectoryCircuit(network.target(0), knownAs({}))
    expect(created()).toEqual([10])
    expect(circuit.congestion?.params.sendmeIncrement).toBe(31)
    const bridge = { ...network.target(0), bridge: parseBridgeLine('192.0.2.9:443') }
    const view = knownAs({ indexOf: () => undefined, bridgeRowOf: () => 0, hasMicrodescriptor: () => true })
    expect((await builder.buildDirectoryCircuit(bridge, view)).congestion).toBeDefined()
    expect(created()).toEqual([10, 10])
  })

  it.each<readonly [string, NetDir | undefined, boolean]>([
    ['there is no view', undefined, false],
    ['the view does not list it', knownAs({ indexOf: () => undefined }), false],
    ['its microdescriptor is missing, or no good', knownAs({ isUsable: () => false }), false],
    ['the bridge has not sent its descriptor', knownAs({ bridgeRowOf: () => 0 }), true],
    ['a bridge is a relay to others', knownAs({}), true],
  ])('is asked for without an onion key where %s', async (_, view, isBridge) => {
    const bridge = isBridge ? { bridge: parseBridgeLine('192.0.2.9:443') } : {}
    const circuit = await builder.buildDirectoryCircuit({ ...network.target(0), ...bridge }, view)
    expect(created()).toEqual([5])
    expect(circuit.congestion).toBeUndefined()
  })

  it('is shown from its first step to its end', async () => {
    const seen: string[] = []
    builder.views.watch((views) =>
      seen.push(
        views
          .map(({ purpose, circuit }) => `${purpose} ${circuit === undefined ? 'building' : 'open'}`)
          .join(),
      ),
    )
    const circuit = await build()
    expect(builder.views.value.map(({ id }) => id)).toEqual([circuit.id])
    circuit.close()
    await circuit.closed
    await Promise.resolve()
    expect(seen).toEqual(['directory building', 'directory open', ''])
  })

  it('costs the guard its name when it takes the connection and fails in the handshake (TROVE-2026-056)', async () => {
    network.script.certs = () => []
    await expect(build()).rejects.toMatchObject({ kind: 'wrong-identity' })
    expect(reports).toEqual(['failure'])
    expect(builder.views.value).toEqual([])
  })

  it('costs the guard nothing when the circuit fails on an open channel (TROVE-2026-030, 038, 041)', async () => {
    network.script.answerHandshake = (_reply, _hop, circuit) => {
      circuit.destroy(5)
      return undefined
    }
    await expect(build()).rejects.toMatchObject({ kind: 'circuit-failed' })
    expect(reports).toEqual(['success'])
    expect(builder.views.value).toEqual([])
  })

  it.each(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])(
    'costs the guard nothing when this machine has no socket to give (%s)',
    async (code) => {
      const cause = Object.assign(new Error('connect'), { code })
      dialFailure = new TorError('channel-failed', `connecting to the relay failed: ${code}`, { cause })
      await expect(build()).rejects.toMatchObject({ kind: 'channel-failed' })
      expect(reports).toEqual([])
    },
  )

  it.each([
    ['ENETUNREACH', 'failure without route'],
    ['ENETDOWN', 'failure without route'],
    ['EADDRNOTAVAIL', 'failure without route'],
    ['ECONNREFUSED', 'failure'],
    ['EHOSTUNREACH', 'failure'],
  ])('tells the guards whether it was this machine that had no way out (%s)', async (code, report) => {
    const cause = Object.assign(new Error('connect'), { code })
    dialFailure = new TorError('channel-failed', `connecting to the relay failed: ${code}`, { cause })
    await expect(build()).rejects.toMatchObject({ kind: 'channel-failed' })
    expect(reports).toEqual([report])
  })

  it('costs the guard nothing when nobody wants it any more', async () => {
    network.script.openLink = () => []
    const controller = new AbortController()
    const building = build(controller.signal)
    const link = await network.links.take()
    controller.abort()
    await expect(building).rejects.toMatchObject({ kind: 'aborted' })
    await link.closed
    expect(reports).toEqual([])
  })

  it('ends when its time is over, whichever step takes it, and destroys what there is', async () => {
    network.script.answerHandshake = () => undefined
    const building = build()
    const relays = await network.circuits.take()
    clock.advance(BUILD_TIMEOUT_MS)
    await expect(building).rejects.toMatchObject({ kind: 'timeout', retry: 'elsewhere' })
    expect(await relays.destroyed).toBe(0)
    expect(channels.find(network.relay(0).rsa)?.circuitCount).toBe(0)
  })

  it('says how long it had waited when the guard does not answer, since others may have waited for the same', async () => {
    network.script.openLink = () => []
    const building = [build()]
    await network.links.take()
    clock.advance(20_000)
    building.push(build())
    await Promise.resolve()
    clock.advance(40_000)
    for (const circuit of building) await expect(circuit).rejects.toMatchObject({ kind: 'timeout' })
    expect(waits).toEqual([60_000, 40_000])
    expect(network.connections.all.length).toBe(1)
  })

  it('leaves its channel to the next', async () => {
    const first = await build()
    first.close()
    await build()
    expect(network.connections.all.length).toBe(1)
    // The second found it open: that is no news of the network.
    expect(attempts).toBe(1)
  })

  it('fails at once when the channels are closed', async () => {
    channels.close()
    await expect(build()).rejects.toBeInstanceOf(TorError)
    expect(reports).toEqual([])
  })
})

describe('many circuits at once', () => {
  it('are begun in as many turns of the event loop as their handshakes have time in, and all of them', async () => {
    allowPrivateRelayAddresses = true
    const slow = createBuilder(costlyClock(clock, 1))
    const first = await slow.build({ netDir: fakeView(), path: [0, 1], purpose: 'exit' })
    const circuits = (): number => channels.find(network.relay(0).rsa)?.circuitCount ?? 0
    const building = Array.from({ length: 50 }, () =>
      slow.build({ netDir: fakeView(), path: [0, 1], purpose: 'exit' }),
    )
    expect(Math.max(...(await perTurn(circuits, 51)))).toBeLessThanOrEqual(4)
    const built = await Promise.all(building)
    expect(built.map(({ hops }) => hops.length)).toEqual(built.map(() => 2))
    for (const circuit of [first, ...built]) circuit.close()
  })
})

describe('a circuit while the network is disabled', () => {
  it.each([
    ['the circuit is ended', (end: AbortController) => end.abort(networkDisabled())],
    ['all channels are closed', () => channels.closeAll(networkDisabled())],
  ])('costs the guard nothing when its channel is being opened and %s', async (_, disable) => {
    network.script.openLink = () => []
    const controller = new AbortController()
    const building = build(controller.signal)
    const link = await network.links.take()
    disable(controller)
    await expect(building).rejects.toMatchObject({ kind: 'no-path' })
    await link.closed
    expect(reports).toEqual([])
  })

  it('is refused in words, and nothing is dialled', async () => {
    isNetworkDisabled = true
    await expect(build()).rejects.toMatchObject({ kind: 'no-path', retry: 'later' })
    expect(network.links.all.length).toBe(0)
    expect(channels.views.value).toEqual([])
  })
})

describe('a circuit of several hops', () => {
  const relaysAt = (...addresses: string[]): NetDir => {
    const relays = addresses.map((ipv4, at) => ({ id: at + 1, ipv4 }))
    return NetDir.build({
      consensus: smallConsensus(relays),
      microdescriptors: [smallMicrodescriptors(relays)],
    })
  }

  it.each([
    ['guard', ['10.0.0.1', '198.51.100.1', '203.0.113.1']],
    ['middle', ['192.0.2.1', '192.168.1.1', '203.0.113.1']],
    ['exit', ['192.0.2.1', '198.51.100.1', '127.0.0.1']],
  ])('is not even begun when the %s has a private address', async (_, addresses) => {
    const plan = { netDir: relaysAt(...addresses), path: [0, 1, 2], purpose: 'exit' } as const
    await expect(builder.build(plan)).rejects.toMatchObject({ kind: 'no-path', retry: 'elsewhere' })
    expect(channels.views.value).toEqual([])
    expect(builder.views.value).toEqual([])
  })

  describe('through a guard with several addresses', () => {
    const elsewhere = { host: '127.0.0.1', port: 1 }
    const view = (): NetDir => {
      const target = network.target(0)
      const guard = { ...target, endpoints: [elsewhere, ...target.endpoints] }
      return fakeView((row) => (row === 0 ? guard : network.target(row)))
    }
    beforeEach(() => {
      allowPrivateRelayAddresses = true
    })

    it('dials only such as the options permit', async () => {
      reachableAddresses = parseAddressPolicy([`accept *:${network.port}, reject *:*`], 'ReachableAddresses')
      const circuit = await builder.build({ netDir: view(), path: [0, 1], purpose: 'exit' })
      expect(dialled).toEqual(network.target(0).endpoints)
      circuit.close()
    })

    it('dials nothing, and blames nobody, when the options permit none of them', async () => {
      reachableAddresses = parseAddressPolicy(['accept *:2, reject *:*'], 'ReachableAddresses')
      const building = builder.build({ netDir: view(), path: [0, 1], purpose: 'exit' })
      await expect(building).rejects.toMatchObject({ kind: 'no-path', retry: 'elsewhere' })
      expect([dialled, attempts, reports]).toEqual([[], 0, []])
    })
  })

  it.each([
    ['closed', 'built'],
    ['limit', 'built'],
    ['circuit-failed', 'lost'],
  ] as const)(
    'that ends with %s is news of the network only when it was not our own doing',
    async (kind, outcome) => {
      allowPrivateRelayAddresses = true
      const circuit = await builder.build({ netDir: fakeView(), path: [0, 1], purpose: 'exit' })
      circuit.close(new TorError(kind, 'over'))
      await circuit.closed
      await Promise.resolve()
      expect(builder.outcomes.value?.kind).toBe(outcome)
    },
  )
})
