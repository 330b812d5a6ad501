import { describe, expect, it } from 'vitest'
import {
  DirectoryManager,
  type DirectoryManagerConfig,
  type DirectoryManagerDeps,
} from '../../../core/directory/directory-manager.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import type { StateStore } from '../../../core/persist/state-store.ts'
import { Logger, type LogRecord } from '../../../core/util/log.ts'
import { isTorError, TorError } from '../../../core/util/errors.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { signConsensus, TestAuthority } from '../../support/test-authority.ts'
import { deflated, FakeDirectory, httpReply, type ServedDocuments, serve } from './support/fake-directory.ts'
import {
  authorityOf,
  LIVE_AUTHORITIES,
  LIVE_CERTS,
  LIVE_CONSENSUS_1,
  LIVE_CONSENSUS_2,
  LIVE_MICRODESCS,
  LIVE_NOW_MS,
  splitCerts,
  splitMicrodescs,
} from './support/live-documents.ts'
import { advanceUntil, type CountingClock, countingClock, settle, until } from './support/test-clock.ts'

const LIVE: ServedDocuments = { consensus: LIVE_CONSENSUS_2, certs: LIVE_CERTS, microdescs: LIVE_MICRODESCS }
const HOUR_MS = 3_600_000

/** A consensus signed by this authority alone, instead of the ones that signed it. */
function signedBy(authority: TestAuthority, consensus: string): Buffer {
  return signConsensus(consensus.slice(0, consensus.indexOf('directory-signature ')), [authority])
}

interface Bench {
  readonly manager: DirectoryManager
  readonly network: FakeDirectory
  readonly clock: CountingClock
  readonly store: StateStore
  readonly logs: LogRecord[]
}

interface BenchOptions {
  readonly network?: FakeDirectory
  readonly nowMs?: number
  readonly store?: StateStore
  readonly fallbacks?: readonly ChannelTarget[]
  readonly guards?: readonly ChannelTarget[]
  readonly config?: Partial<DirectoryManagerConfig>
  readonly authorities?: readonly ChannelTarget[]
}

function target(n: number): ChannelTarget {
  return {
    ids: { rsa: parseRsaIdentity(`${n}`.padStart(40, 'B')), ed25519: undefined },
    endpoints: [{ host: '10.0.0.1', port: n }],
  }
}

function bench(options: BenchOptions = {}): Bench {
  const network = options.network ?? new FakeDirectory(serve(LIVE))
  const clock = countingClock(options.nowMs ?? LIVE_NOW_MS)
  const store = options.store ?? new MemoryStateStore()
  const logs: LogRecord[] = []
  const deps: DirectoryManagerDeps = {
    clock,
    store,
    random: seededRandom(7),
    log: new Logger((record) => logs.push(record)),
    connector: network,
    bootstrapDirectories: () => ({
      fallbacks: options.fallbacks ?? [],
      authorities:
        options.authorities ??
        LIVE_AUTHORITIES.map(({ rsaIdentity, endpoints }) => ({
          ids: { rsa: rsaIdentity, ed25519: undefined },
          endpoints,
        })),
    }),
    pickDirectoryRelays: () => {
      if (options.guards === undefined) throw new TorError('no-path', 'no guard')
      return options.guards
    },
    primaryGuards: () => [],
  }
  const config = { authorities: LIVE_AUTHORITIES, pathsNeededToBuildCircuits: undefined, ...options.config }
  return { manager: new DirectoryManager(config, deps), network, clock, store, logs }
}

function expectNothingLeft({ network, clock }: Bench): void {
  expect(network.openConnections).toBe(0)
  expect(network.openStreams).toBe(0)
  expect(clock.liveTimers()).toBe(0)
}

/** The clock stands still while a request is under way, so it must not be one that hangs. */
function turnClock(b: Bench, stepMs: number, condition: () => boolean, what: string): Promise<void> {
  return advanceUntil(b.clock, stepMs, condition, what, () => b.network.openStreams > 0)
}

async function expectBlockage(b: Bench, kind: string): Promise<void> {
  const starting = b.manager.start()
  starting.catch(() => {})
  await until(() => b.manager.progress.value.blockage !== undefined, `a blockage of kind ${kind}`)
  expect(b.manager.progress.value.blockage?.kind).toBe(kind)
  expect(b.manager.current.value).toBeUndefined()
  await b.manager.close()
  expectNothingLeft(b)
}

function flipByte(bytes: Buffer, offset: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[offset] = (copy[offset] ?? 0) ^ 1
  return copy
}

describe('a cold start', () => {
  it('takes one connection and three requests when the source has everything', async () => {
    const b = bench()
    const phases: string[] = []
    b.manager.progress.watch(({ phase }) => phases.push(phase))
    const view = await b.manager.start()
    expect(view.relayCount).toBe(9)
    expect(view.missingMicrodescDigests()).toEqual([])
    expect(b.manager.current.value).toBe(view)
    expect(b.network.connects).toHaveLength(1)
    expect(
      b.network.requests.map((request) => request.split(' ')[1]?.split('/').slice(0, 4).join('/')),
    ).toEqual(['/tor/keys/fp', '/tor/status-vote/current', '/tor/micro/d'])
    expect([...new Set(phases)]).toEqual([
      'conn',
      'conn-done',
      'requesting-status',
      'loading-status',
      'loading-keys',
      'requesting-descriptors',
      'loading-descriptors',
      'enough-dirinfo',
    ])
    expect(b.manager.progress.value).toMatchObject({ progress: { done: 9, total: 9 }, freshness: 'fresh' })
    expect(b.manager.progress.value.blockage).toBeUndefined()
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('sets no timer that delays the start', async () => {
    const b = bench()
    await b.manager.start()
    // The clock has not moved: everything came from events.
    expect(b.clock.monotonicMs()).toBe(0)
    await b.manager.close()
  })

  it('asks authorities only from six seconds on while fallbacks hang', async () => {
    const network = new FakeDirectory(serve(LIVE))
    for (const port of [1, 2, 3]) network.relays.set(`10.0.0.1:${port}`, 'hangs')
    const b = bench({ network, fallbacks: [1, 2, 3].map(target) })
    const starting = b.manager.start()
    await turnClock(b, 500, () => b.manager.current.value !== undefined, 'a view')
    await starting
    expect(b.clock.monotonicMs()).toBeGreaterThanOrEqual(6_000)
    expect(b.clock.monotonicMs()).toBeLessThan(7_000)
    expect(network.connects.slice(0, 2)).toEqual(['10.0.0.1:1', '10.0.0.1:2'])
    expect(network.connects[2]).toMatch(/^127\.0\.0\.1:/)
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('goes on at once when a fallback refuses', async () => {
    const network = new FakeDirectory(serve(LIVE))
    network.relays.set('10.0.0.1:1', 'refuses')
    const b = bench({ network, fallbacks: [target(1), target(2)] })
    await b.manager.start()
    expect(network.connects).toEqual(['10.0.0.1:1', '10.0.0.1:2'])
    expect(b.clock.monotonicMs()).toBe(0)
    await b.manager.close()
  })

  it('turns to another source after a 404, a 503 and a reset', async () => {
    const network = new FakeDirectory(serve(LIVE))
    network.relays.set('10.0.0.1:1', () => httpReply(404))
    network.relays.set('10.0.0.1:2', () => httpReply(503))
    network.relays.set('10.0.0.1:3', () => 'reset')
    const b = bench({ network, fallbacks: [1, 2, 3, 4].map(target) })
    const starting = b.manager.start()
    await turnClock(b, 250, () => b.manager.current.value !== undefined, 'a view')
    await starting
    expect(network.connects.slice(0, 4)).toEqual([1, 2, 3, 4].map((port) => `10.0.0.1:${port}`))
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('fetches certificates by signing key when the first answer lacks them', async () => {
    const good = serve(LIVE)
    const network = new FakeDirectory((path) =>
      path.startsWith('/tor/keys/fp/') ? httpReply(404) : good(path),
    )
    const b = bench({ network })
    await b.manager.start()
    expect(network.requests.some((request) => request.includes('/tor/keys/fp-sk/'))).toBe(true)
    await b.manager.close()
  })

  it('asks another relay for the microdescriptors that the first does not have', async () => {
    const some = serve({ ...LIVE, microdescs: splitMicrodescs(LIVE_MICRODESCS).slice(0, 2).join('') })
    const network = new FakeDirectory(serve(LIVE))
    network.relays.set('10.0.0.1:1', some)
    const b = bench({ network, fallbacks: [target(1), target(2)] })
    const starting = b.manager.start()
    await turnClock(b, 250, () => b.manager.progress.value.progress?.done === 9, 'all microdescriptors')
    await starting
    expect(b.manager.progress.value.progress).toEqual({ done: 9, total: 9 })
    await until(() => b.manager.current.value?.missingMicrodescDigests().length === 0, 'the complete view')
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('drops a microdescriptor with a flipped byte and keeps its neighbours (TROVE-2026-034)', async () => {
    const good = serve(LIVE)
    const bad = Buffer.from(LIVE_MICRODESCS.replace(/ntor-onion-key ./, 'ntor-onion-key z'))
    const network = new FakeDirectory(good)
    network.relays.set('10.0.0.1:1', (path) => (path.startsWith('/tor/micro/') ? deflated(bad) : good(path)))
    const b = bench({ network, fallbacks: [target(1), target(2)] })
    const starting = b.manager.start()
    await turnClock(b, 250, () => b.manager.progress.value.progress?.done === 9, 'all microdescriptors')
    await starting
    const asked = network.requests.filter((request) => request.includes('/tor/micro/'))
    expect(asked[1]?.split('-')).toHaveLength(1)
    await b.manager.close()
  })
})

describe('a document that is not to be trusted', () => {
  const tampered = (consensus: Buffer): FakeDirectory => new FakeDirectory(serve({ ...LIVE, consensus }))

  it('is refused when a byte of the signed part was flipped', async () => {
    const offset = LIVE_CONSENSUS_2.indexOf('Bandwidth=') + 'Bandwidth='.length
    await expectBlockage(bench({ network: tampered(flipByte(LIVE_CONSENSUS_2, offset)) }), 'bad-directory')
  })

  it('is refused with the signatures of one authority of three', async () => {
    const parts = LIVE_CONSENSUS_2.toString().split(/^(?=directory-signature )/m)
    const network = tampered(Buffer.from(parts.slice(0, 2).join('')))
    await expectBlockage(bench({ network }), 'bad-directory')
  })

  it('is refused with one signature counted several times', async () => {
    const [body = '', first = ''] = LIVE_CONSENSUS_2.toString().split(/^(?=directory-signature )/m)
    const network = tampered(Buffer.from(body + first + first + first))
    const b = bench({ network })
    const starting = b.manager.start()
    starting.catch(() => {})
    await until(() => b.manager.progress.value.blockage !== undefined, 'a blockage')
    expect(['bad-directory', 'malformed']).toContain(b.manager.progress.value.blockage?.kind)
    expect(b.manager.current.value).toBeUndefined()
    await b.manager.close()
  })

  it('is refused when its certificates are of strangers', async () => {
    const stranger = new TestAuthority('own')
    const network = new FakeDirectory(
      serve({
        ...LIVE,
        consensus: signedBy(stranger, LIVE_CONSENSUS_2.toString()),
        certs: stranger.certificate(LIVE_NOW_MS),
      }),
    )
    await expectBlockage(bench({ network }), 'bad-directory')
  })

  it('is refused when only a minority of the certificates can be had', async () => {
    const [cert = ''] = splitCerts(LIVE_CERTS)
    await expectBlockage(
      bench({ network: new FakeDirectory(serve({ ...LIVE, certs: cert })) }),
      'bad-directory',
    )
  })

  it('is refused when it is a decompression bomb', async () => {
    const bomb = deflated(Buffer.alloc(30_000_000, 'a'))
    await expectBlockage(bench({ network: new FakeDirectory(() => bomb) }), 'limit')
  })

  it('is refused when it is cut short', async () => {
    const whole = deflated(LIVE_CONSENSUS_2)
    const network = new FakeDirectory(() => whole.subarray(0, whole.length - 40))
    await expectBlockage(bench({ network }), 'malformed')
  })

  it('is refused when its head is too long', async () => {
    const network = new FakeDirectory(() => httpReply(200, 'x', [`X-Long: ${'y'.repeat(60_000)}`]))
    await expectBlockage(bench({ network }), 'limit')
  })

  it('is refused when it expired more than a day ago, and says that the clock may be wrong', async () => {
    const b = bench({ nowMs: LIVE_NOW_MS + 26 * HOUR_MS })
    await expectBlockage(b, 'bad-directory')
    expect(b.manager.progress.value.blockage?.reason).toMatch(/expired 25 hours ago.*clock/)
  })

  it('is refused when it lies more than a day ahead', async () => {
    const b = bench({ nowMs: LIVE_NOW_MS - 26 * HOUR_MS })
    await expectBlockage(b, 'bad-directory')
    expect(b.manager.progress.value.blockage?.reason).toMatch(/starts in 25 hours.*clock/)
  })

  it('is used, and called stale, when it expired less than a day ago', async () => {
    const b = bench({ nowMs: LIVE_NOW_MS + 20 * HOUR_MS })
    await b.manager.start()
    expect(b.manager.progress.value.freshness).toBe('stale')
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('sends us to another source, with a pause that the source does not choose', async () => {
    const bad = serve({ ...LIVE, consensus: flipByte(LIVE_CONSENSUS_2, 300) })
    const network = new FakeDirectory(serve(LIVE))
    network.relays.set('10.0.0.1:1', bad)
    const b = bench({ network, fallbacks: [target(1), target(2)] })
    const starting = b.manager.start()
    await until(() => b.manager.progress.value.blockage !== undefined, 'the blockage')
    await settle()
    expect(network.connects).toHaveLength(1)
    await turnClock(b, 250, () => b.manager.current.value !== undefined, 'a view')
    await starting
    expect(network.connects).toEqual(['10.0.0.1:1', '10.0.0.1:2'])
    expect(b.manager.progress.value.blockage).toBeUndefined()
    await b.manager.close()
  })
})

describe('a network that asks for more than we speak', () => {
  const authority = new TestAuthority('own')
  const demanding = LIVE_CONSENSUS_2.toString().replace(/^required-client-protocols .*$/m, '$&,60')
  const config = { authorities: [authorityOf(authority.identity, 0)] }
  const networkOf = (consensus: string): FakeDirectory =>
    new FakeDirectory(
      serve({
        ...LIVE,
        consensus: signedBy(authority, consensus),
        certs: authority.certificate(LIVE_NOW_MS - 48 * HOUR_MS),
      }),
    )

  it('stops the client with an error that names the protocol', async () => {
    const b = bench({ network: networkOf(demanding), config })
    const error: unknown = await b.manager.start().catch((thrown: unknown) => thrown)
    expect(isTorError(error, 'obsolete-client')).toBe(true)
    expect(String(error)).toContain('Relay=60')
    expect(b.manager.progress.value.blockage?.kind).toBe('obsolete-client')
    expectNothingLeft(b)
  })

  it('is not heard when its consensus is older than this release', async () => {
    const old = demanding
      .replace(/^valid-after .*$/m, 'valid-after 2026-11-21 15:10:00')
      .replace(/^fresh-until .*$/m, 'fresh-until 2026-11-21 15:15:00')
      .replace(/^valid-until .*$/m, 'valid-until 2026-11-21 18:25:00')
    const b = bench({ network: networkOf(old), config, nowMs: Date.UTC(2026, 10, 21, 15, 12) })
    await b.manager.start()
    await b.manager.close()
  })

  it('cannot be invented by a relay without signatures', async () => {
    await expectBlockage(
      bench({ network: new FakeDirectory(serve({ ...LIVE, consensus: Buffer.from(demanding) })) }),
      'bad-directory',
    )
  })
})

describe('a warm start', () => {
  async function filledStore(): Promise<MemoryStateStore> {
    const store = new MemoryStateStore()
    const first = bench({ store })
    await first.manager.start()
    await first.manager.close()
    return store
  }

  const refusing = (): FakeDirectory => new FakeDirectory('refuses')

  it('needs no network', async () => {
    const b = bench({ store: await filledStore(), network: refusing() })
    const view = await b.manager.start()
    expect(view.missingMicrodescDigests()).toEqual([])
    expect(b.network.connects).toEqual([])
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('refuses a cached consensus that was tampered with, keeps it aside and says so', async () => {
    const store = await filledStore()
    const offset = LIVE_CONSENSUS_2.indexOf('Bandwidth=') + 'Bandwidth='.length
    await store.write('cached-microdesc-consensus', flipByte(LIVE_CONSENSUS_2, offset))
    const b = bench({ store })
    await b.manager.start()
    expect(b.network.requests.some((request) => request.includes('/status-vote/'))).toBe(true)
    await b.manager.close()
    expect(store.names()).toContain('cached-microdesc-consensus.bad-1')
    expect(await store.read('cached-microdesc-consensus')).toEqual(LIVE_CONSENSUS_2)
    expect(b.logs.some(({ level, parts }) => level === 'warn' && parts.join('').includes('.bad-1'))).toBe(
      true,
    )
  })

  it('refuses a cached consensus of other authorities', async () => {
    const store = await filledStore()
    const stranger = new TestAuthority('own')
    await store.write('cached-microdesc-consensus', signedBy(stranger, LIVE_CONSENSUS_2.toString()))
    await store.write('cached-certs', Buffer.from(stranger.certificate(LIVE_NOW_MS)))
    const b = bench({ store, network: refusing() })
    const starting = b.manager.start()
    starting.catch(() => {})
    await until(() => b.manager.progress.value.blockage !== undefined, 'a blockage')
    expect(b.manager.current.value).toBeUndefined()
    await b.manager.close()
  })

  it('refuses a cached consensus that expired more than a day ago', async () => {
    const b = bench({ store: await filledStore(), network: refusing(), nowMs: LIVE_NOW_MS + 26 * HOUR_MS })
    const starting = b.manager.start()
    starting.catch(() => {})
    await until(() => b.manager.progress.value.blockage !== undefined, 'a blockage')
    expect(b.manager.current.value).toBeUndefined()
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('drops garbage in the middle of the microdescriptor journal and fetches what it cost', async () => {
    const store = await filledStore()
    const documents = splitMicrodescs(LIVE_MICRODESCS)
    const damaged = [...documents.slice(0, 4), 'onion-key\nntor-onion-key \0\xff\n', ...documents.slice(5)]
    await store.write('cached-microdescs', Buffer.from(damaged.join(''), 'latin1'))
    const b = bench({ store, guards: [target(5)] })
    await b.manager.start()
    await until(() => b.manager.current.value?.missingMicrodescDigests().length === 0, 'the complete view')
    const asked = b.network.requests.filter((request) => request.includes('/tor/micro/'))
    expect(asked).toHaveLength(1)
    expect(asked[0]?.startsWith('10.0.0.1:5 ')).toBe(true)
    await b.manager.close()
    expect(store.names()).toContain('cached-microdescs.bad-1')
    const again = bench({ store, network: refusing() })
    expect((await again.manager.start()).missingMicrodescDigests()).toEqual([])
    await again.manager.close()
  })

  it('survives a journal whose last append was cut short', async () => {
    const store = await filledStore()
    const journal = Buffer.from((await store.read('cached-microdescs')) ?? [])
    await store.write('cached-microdescs', journal.subarray(0, journal.length - 30))
    const b = bench({ store })
    await b.manager.start()
    await until(() => b.manager.current.value?.missingMicrodescDigests().length === 0, 'the complete view')
    await b.manager.close()
    const again = bench({ store, network: refusing() })
    expect((await again.manager.start()).missingMicrodescDigests()).toEqual([])
    await again.manager.close()
  })
})

describe('keeping fresh', () => {
  const older: ServedDocuments = { ...LIVE, consensus: LIVE_CONSENSUS_1 }
  const AT_FIRST_MS = Date.UTC(2026, 10, 22, 15, 7)

  it('fetches the next consensus from a directory guard within its window', async () => {
    const network = new FakeDirectory(serve(older))
    const b = bench({ network, nowMs: AT_FIRST_MS, guards: [target(9)] })
    const first = await b.manager.start()
    await settle()
    network.setDefault(serve(LIVE))
    await turnClock(b, 5_000, () => b.manager.current.value !== first, 'the next view')
    // 15:10 + 3/4 of 5 minutes, then 7/8 of the way to 15:20.
    expect(b.clock.wallMs()).toBeGreaterThanOrEqual(Date.UTC(2026, 10, 22, 15, 13, 45))
    expect(b.clock.wallMs()).toBeLessThanOrEqual(Date.UTC(2026, 10, 22, 15, 19, 20))
    expect(network.connects.at(-1)).toBe('10.0.0.1:9')
    expect(b.manager.current.value?.missingMicrodescDigests()).toEqual([])
    await b.manager.close()
    expectNothingLeft(b)
    expect(await b.store.read('cached-microdesc-consensus')).toEqual(LIVE_CONSENSUS_2)
  })

  it('asks the bootstrap sources when no guard can be picked', async () => {
    const b = bench({ network: new FakeDirectory(serve(older)), nowMs: AT_FIRST_MS })
    const first = await b.manager.start()
    await settle()
    b.network.setDefault(serve(LIVE))
    await turnClock(b, 5_000, () => b.manager.current.value !== first, 'the next view')
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('keeps what it has when it is offered something older, and the time comes to call it expired', async () => {
    const b = bench({ nowMs: LIVE_NOW_MS, guards: [target(9)] })
    const first = await b.manager.start()
    await settle()
    b.network.setDefault(serve(older))
    await turnClock(b, 5_000, () => b.manager.progress.value.freshness === 'stale', 'staleness')
    expect(b.manager.current.value).toBe(first)
    b.clock.jump(24 * HOUR_MS)
    await turnClock(b, 5_000, () => b.manager.progress.value.freshness === 'expired', 'expiry')
    expect(b.manager.current.value).toBeUndefined()
    expect(b.manager.progress.value.blockage?.kind).toBe('bad-directory')
    await b.manager.close()
    expectNothingLeft(b)
  })
})

describe('giving up', () => {
  it.each([
    ['connecting', 'hangs' as const],
    ['waiting for the consensus', () => 'hang' as const],
    [
      'waiting for microdescriptors',
      (path: string) => (path.includes('/micro/') ? 'hang' : serve(LIVE)(path)),
    ],
    ['waiting for certificates', (path: string) => (path.includes('/keys/') ? 'hang' : serve(LIVE)(path))],
  ])('leaves nothing running when aborted while %s', async (_, relay) => {
    const b = bench({ network: new FakeDirectory(relay) })
    const controller = new AbortController()
    const starting = b.manager.start(controller.signal).catch((error: unknown) => error)
    await settle()
    await settle()
    controller.abort()
    expect(isTorError(await starting, 'aborted')).toBe(true)
    expectNothingLeft(b)
  })

  it('leaves nothing running when aborted during the back-off', async () => {
    const b = bench({ network: new FakeDirectory('refuses') })
    const controller = new AbortController()
    const starting = b.manager.start(controller.signal).catch((error: unknown) => error)
    await settle()
    expect(b.clock.liveTimers()).toBeGreaterThan(0)
    controller.abort()
    expect(isTorError(await starting, 'aborted')).toBe(true)
    expectNothingLeft(b)
  })

  it('asks another source beside one that hangs, and drops the slow one', async () => {
    const network = new FakeDirectory(serve(LIVE))
    network.relays.set('10.0.0.1:1', () => 'hang')
    const b = bench({ network, fallbacks: [target(1), target(2)] })
    const starting = b.manager.start()
    await advanceUntil(b.clock, 500, () => network.connects.length === 2, 'another source')
    expect(b.clock.monotonicMs()).toBe(3_000)
    await starting
    expect(network.connects).toEqual(['10.0.0.1:1', '10.0.0.1:2'])
    await b.manager.close()
    expectNothingLeft(b)
  })

  it('is for the caller: while there is nobody to ask, the start says so and waits for somebody', async () => {
    const authorities: ChannelTarget[] = []
    const b = bench({ authorities })
    const starting = b.manager.start()
    await until(() => b.manager.progress.value.blockage?.kind === 'no-path', 'the blockage')
    authorities.push(target(1))
    await turnClock(b, 5_000, () => b.manager.current.value !== undefined, 'a view')
    await starting
    expect(b.manager.progress.value.blockage).toBeUndefined()
    await b.manager.close()
    expectNothingLeft(b)
  })
})
