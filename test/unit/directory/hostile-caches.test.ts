import { deflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { signConsensus } from '../../support/test-authority.ts'
import { deflated, type FakeAnswer, httpReply } from './support/fake-directory.ts'
import { LIVE_MICRODESCS } from './support/live-documents.ts'
import { BEGIN_MS, createLife, HOUR_MS, type Life } from './support/living-network.ts'
import { settle } from './support/test-clock.ts'

const CONSENSUS = '/tor/status-vote/'
const MICRODESCS = '/tor/micro/d/'
const GUARDS = ['10.0.0.1:11', '10.0.0.1:12', '10.0.0.1:13']
/** A reply that never ends, without a word on its length. */
const ENDLESS: FakeAnswer = { head: httpReply(200) }

function validAfter(life: Life): number {
  return life.manager.current.value?.validAfterMs ?? 0
}

function isComplete(life: Life): boolean {
  return life.manager.current.value?.missingMicrodescDigests().length === 0
}

function bandwidths(life: Life): string {
  return life.manager.current.value?.consensus.relays.bandwidths.join() ?? ''
}

/** The caches at these addresses answer so to what begins like this, and well otherwise. */
function answer(life: Life, addresses: readonly string[], prefix: string, how: () => FakeAnswer): void {
  const good = life.living.cache(() => life.clock.wallMs())
  for (const address of addresses) {
    life.network.relays.set(address, (path, headers) =>
      path.startsWith(prefix) ? how() : good(path, headers),
    )
  }
}

/** Another consensus of the same time, signed by the same authorities: so many of them are in league. */
function twin(life: Life, wallMs: number): Buffer {
  const [body = ''] = life.living
    .consensusAt(wallMs)
    .toString()
    .split(/^(?=directory-signature )/m)
  return signConsensus(body.replace(/^w Bandwidth=\d+/gm, 'w Bandwidth=77'), life.living.authorities)
}

async function expectCleanEnd(life: Life): Promise<void> {
  await life.manager.close()
  expect(life.network.openConnections).toBe(0)
  expect(life.clock.liveTimers()).toBe(0)
}

describe('caches that show us another consensus than they show others (a split view)', () => {
  it('cannot replace ours by one of the same time, though it is signed as well', async () => {
    const life = createLife()
    await life.manager.start()
    const ours = bandwidths(life)
    answer(life, GUARDS, CONSENSUS, () => httpReply(200, twin(life, BEGIN_MS)))
    life.network.setDefault('refuses')
    await life.pass(6 * HOUR_MS)
    expect(life.network.requests.filter((request) => request.includes(CONSENSUS)).length).toBeGreaterThan(3)
    expect([validAfter(life), bandwidths(life)]).toEqual([BEGIN_MS, ours])
    await expectCleanEnd(life)
  })

  it('lose to the one cache that has a newer one, and cannot take us back', async () => {
    const life = createLife()
    await life.manager.start()
    answer(life, GUARDS.slice(0, 2), CONSENSUS, () => httpReply(200, twin(life, BEGIN_MS)))
    await life.until(() => validAfter(life) > BEGIN_MS, 'the newer consensus')
    const [newer, ours] = [validAfter(life), bandwidths(life)]
    expect(ours).not.toContain('77')
    for (const old of [() => twin(life, newer), () => twin(life, BEGIN_MS)]) {
      answer(life, GUARDS, CONSENSUS, () => httpReply(200, old()))
      life.network.setDefault('refuses')
      await life.pass(2 * HOUR_MS)
      expect([validAfter(life), bandwidths(life)]).toEqual([newer, ours])
    }
    await expectCleanEnd(life)
  })

  it('are left behind by the next newer one when it was they who came first', async () => {
    const life = createLife()
    life.network.setDefault((path, headers) =>
      path.startsWith(CONSENSUS)
        ? httpReply(200, twin(life, BEGIN_MS))
        : life.living.cache(() => life.clock.wallMs())(path, headers),
    )
    await life.manager.start()
    expect(bandwidths(life)).toContain('77')
    life.network.setDefault(life.living.cache(() => life.clock.wallMs()))
    await life.until(() => validAfter(life) > BEGIN_MS, 'the newer consensus')
    expect(bandwidths(life)).not.toContain('77')
    await expectCleanEnd(life)
  })
})

describe('caches that answer endlessly, a byte every ten seconds', () => {
  /** So slow that no reply ever stalls. */
  async function dripUntil(life: Life, condition: () => boolean, limitMs: number): Promise<void> {
    const endMs = life.clock.monotonicMs() + limitMs
    while (!condition() && life.clock.monotonicMs() < endMs) {
      life.clock.advance(10_000)
      life.network.drip()
      await settle()
    }
  }

  it.each([
    ['the consensus', CONSENSUS],
    ['the microdescriptors', MICRODESCS],
    ['the certificates', '/tor/keys/'],
  ])('cannot keep us from %s of another', async (_, prefix) => {
    const life = createLife()
    const slow = ['10.0.0.1:21', '10.0.0.1:22', ...GUARDS.slice(0, 2)]
    answer(life, slow, prefix, () => ENDLESS)
    void life.manager.start()
    await dripUntil(life, () => isComplete(life), HOUR_MS)
    expect(isComplete(life)).toBe(true)
    await dripUntil(life, () => life.network.openStreams === 0, HOUR_MS)
    expect(life.network.openStreams).toBe(0)
    await expectCleanEnd(life)
  })

  it('all of them, are let go one after the other, asked at a pace, and heal', async () => {
    const life = createLife()
    await life.manager.start()
    const all = [...GUARDS, '10.0.0.1:21', '10.0.0.1:22', '10.0.0.1:23']
    answer(life, all, CONSENSUS, () => ENDLESS)
    const before = life.network.requests.length
    let mostStreams = 0
    await dripUntil(
      life,
      () => {
        mostStreams = Math.max(mostStreams, life.network.openStreams)
        return false
      },
      12 * HOUR_MS,
    )
    const asked = life.network.requests.length - before
    expect(asked).toBeGreaterThan(6)
    expect(asked).toBeLessThan(12 * 30)
    expect(mostStreams).toBeLessThanOrEqual(all.length)
    life.network.relays.clear()
    await dripUntil(life, () => validAfter(life) > BEGIN_MS, 3 * HOUR_MS)
    expect(validAfter(life)).toBeGreaterThan(BEGIN_MS)
    await expectCleanEnd(life)
  })
})

describe('a bomb in a reply with microdescriptors', () => {
  const bomb = deflateSync(Buffer.alloc(30_000_000, 'a'))
  const bombs: readonly (readonly [string, () => FakeAnswer])[] = [
    ['alone', () => httpReply(200, bomb, ['Content-Encoding: deflate'])],
    [
      'behind good ones in a part of its own',
      () =>
        httpReply(200, Buffer.concat([deflateSync(LIVE_MICRODESCS), bomb]), ['Content-Encoding: deflate']),
    ],
    [
      'behind good ones',
      () => deflated(Buffer.concat([Buffer.from(LIVE_MICRODESCS), Buffer.alloc(30_000_000)])),
    ],
    [
      'of one microdescriptor without an end',
      () => deflated(`${LIVE_MICRODESCS}p accept ${'1,'.repeat(2_000_000)}`),
    ],
  ]

  it.each(bombs)('%s, is dropped whole, and others serve', async (_, how) => {
    const life = createLife()
    life.network.chunkBytes = 65_536
    answer(life, ['10.0.0.1:21', ...GUARDS.slice(0, 2)], MICRODESCS, how)
    void life.manager.start()
    await life.until(() => isComplete(life), 'the complete view', 1_000)
    await expectCleanEnd(life)
    const kept = Buffer.from((await life.store.read('cached-microdescs')) ?? [])
    expect(kept.length).toBeLessThanOrEqual(LIVE_MICRODESCS.length)
    expect(kept.includes('aaaaaaaa')).toBe(false)
  })

  it('from every cache costs few requests, and is no reason to give up on one that is good later', async () => {
    const life = createLife()
    life.network.chunkBytes = 65_536
    const all = [...GUARDS, '10.0.0.1:21', '10.0.0.1:22', '10.0.0.1:23']
    answer(life, all, MICRODESCS, () => httpReply(200, bomb, ['Content-Encoding: deflate']))
    void life.manager.start()
    await life.pass(2 * HOUR_MS)
    expect(life.manager.current.value).toBeUndefined()
    expect(life.network.requests.length).toBeLessThan(2 * 60 * all.length)
    life.network.relays.clear()
    // Each rests for an hour at most.
    await life.until(() => isComplete(life), 'the view', 10_000)
    await expectCleanEnd(life)
  })
})
