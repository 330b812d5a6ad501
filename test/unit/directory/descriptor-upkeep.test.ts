import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { DirectoryManager } from '../../../core/directory/directory-manager.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { fromBase64, toHex } from '../../../core/util/bytes.ts'
import { Logger, type LogRecord } from '../../../core/util/log.ts'
import { GENERATED_VALID_AFTER_MS, generateDirectory } from '../../support/generate-directory.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { signConsensus } from '../../support/test-authority.ts'
import {
  deflated,
  type FakeAnswer,
  FakeDirectory,
  type FakeRelay,
  httpReply,
  serve,
} from './support/fake-directory.ts'
import { authorityOf } from './support/live-documents.ts'
import { advanceUntil, type CountingClock, countingClock } from './support/test-clock.ts'

/** Three requests. */
const RELAYS = 1_200
const directory = generateDirectory({ relays: RELAYS, authorities: 3 })
/** The row whose microdescriptor is special. */
const ROW = 700
const HOUR_MS = 3_600_000
const GUARDS = [11, 12, 13]

function textAt(row: number): string {
  return directory.relays[row]?.microdescriptor ?? ''
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest()
}

function base64(digest: Buffer): string {
  return digest.toString('base64').replace('=', '')
}

/** A cache with this consensus that has these microdescriptors. */
function cache(consensus: Buffer, microdescs: readonly string[]): (path: string) => FakeAnswer {
  const byDigest = new Map(microdescs.map((text) => [toHex(digestOf(text)), text]))
  const others = serve({ consensus, certs: directory.certs.toString('latin1'), microdescs: '' })
  return (path) => {
    if (!path.startsWith('/tor/micro/d/')) return others(path)
    const digests = path.slice('/tor/micro/d/'.length, -'.z'.length).split('-')
    const found = digests.flatMap((digest) => byDigest.get(toHex(fromBase64(digest))) ?? [])
    return found.length === 0 ? httpReply(404) : deflated(found.join(''))
  }
}

const MOST = directory.relays.map(({ microdescriptor }) => microdescriptor).filter((_, row) => row !== ROW)

interface Rig {
  readonly manager: DirectoryManager
  readonly network: FakeDirectory
  readonly clock: CountingClock
  readonly store: MemoryStateStore
  readonly logs: LogRecord[]
  /** The ports of those who were asked for microdescriptors, since so many requests. */
  asked(since?: number): number[]
  until(condition: () => boolean, what: string): Promise<void>
  pass(ms: number): Promise<void>
}

function target(port: number): ChannelTarget {
  const rsa = parseRsaIdentity(`${port}`.padStart(40, 'C'))
  return { ids: { rsa, ed25519: undefined }, endpoints: [{ host: '10.0.0.1', port }] }
}

/** Fallbacks have the ports from 1001 on, authorities those from 2001 on; a draw begins with others each time. */
function start(relay: FakeRelay, primaryGuards: readonly number[] = []): Rig {
  const clock = countingClock(GENERATED_VALID_AFTER_MS + 60_000)
  const network = new FakeDirectory(relay)
  network.chunkBytes = 65_536
  const store = new MemoryStateStore()
  const logs: LogRecord[] = []
  let draws = 0
  const config = {
    authorities: directory.trustedV3Idents.map(authorityOf),
    pathsNeededToBuildCircuits: undefined,
  }
  const manager = new DirectoryManager(config, {
    clock,
    store,
    random: seededRandom(3),
    log: new Logger((record) => logs.push(record)),
    connector: network,
    bootstrapDirectories: () => {
      const first = 1_001 + 6 * (draws++ % 100)
      return {
        fallbacks: Array.from({ length: 6 }, (_, n) => target(first + n)),
        authorities: [target(2_001), target(2_002)],
      }
    },
    pickDirectoryRelays: () => GUARDS.map(target),
    primaryGuards: () => primaryGuards,
  })
  const asked = (since = 0): number[] =>
    network.requests
      .slice(since)
      .filter((request) => request.includes('/tor/micro/d/'))
      .map((request) => Number(request.slice('10.0.0.1:'.length).split(' ')[0]))
  const step = (): number => Math.min(HOUR_MS / 6, clock.nextTimerMs() ?? HOUR_MS)
  const isBusy = (): boolean => network.openConnections > 0
  const until = (condition: () => boolean, what: string): Promise<void> =>
    advanceUntil(clock, step, condition, what, isBusy)
  const pass = (ms: number): Promise<void> => {
    const untilMs = clock.monotonicMs() + ms
    return until(() => clock.monotonicMs() >= untilMs, 'time to pass')
  }
  return { manager, network, clock, store, logs, asked, until, pass }
}

function missing({ manager }: Rig): number | undefined {
  return manager.current.value?.missingMicrodescDigests().length
}

async function expectCleanEnd({ manager, network, clock }: Rig): Promise<void> {
  await manager.close()
  expect(network.openConnections).toBe(0)
  expect(clock.liveTimers()).toBe(0)
}

describe('a microdescriptor that the consensus lists and no client can use', () => {
  const bad = textAt(ROW).replace(/^ntor-onion-key .*$/m, `ntor-onion-key ${base64(Buffer.alloc(32))}`)
  const unsigned = directory.unsigned.replace(base64(digestOf(textAt(ROW))), base64(digestOf(bad)))
  const consensus = signConsensus(unsigned, directory.authorities)

  it('is neither missing nor the fault of who sends it', async () => {
    const rig = start(cache(consensus, [...MOST, bad]), [ROW])
    await rig.manager.start()
    await rig.until(() => missing(rig) === 0, 'the complete view')
    expect(rig.manager.current.value?.isUsable(ROW)).toBe(false)
    expect(rig.manager.progress.value.progress).toEqual({ done: RELAYS, total: RELAYS })
    expect(rig.asked()).toHaveLength(3)
    await rig.pass(HOUR_MS)
    expect(rig.asked()).toHaveLength(3)
    await expectCleanEnd(rig)
  })

  it('is asked for once when it is all that is missing', async () => {
    const rig = start(cache(consensus, MOST))
    await rig.manager.start()
    await rig.until(() => missing(rig) === 1, 'all others')
    rig.network.setDefault(cache(consensus, [bad]))
    await rig.until(() => missing(rig) === 0, 'the complete view')
    const before = rig.asked().length
    await rig.pass(HOUR_MS)
    expect(rig.asked()).toHaveLength(before)
    await expectCleanEnd(rig)
  })
})

describe('a microdescriptor that no cache has', () => {
  it('keeps no other from being used, and leads to nobody but the guards', async () => {
    const rig = start(cache(directory.consensus, MOST))
    await rig.manager.start()
    await rig.until(() => missing(rig) === 1, 'all others')
    expect(rig.clock.monotonicMs()).toBeLessThan(10_000)
    await rig.pass(1.2 * HOUR_MS)
    expect(new Set(rig.asked())).toEqual(new Set(GUARDS))
    expect(rig.asked().length).toBeLessThan(60)
    await expectCleanEnd(rig)
  })
})

describe('microdescriptors without which there are no circuits', () => {
  const asksOthers = (rig: Rig): boolean => rig.asked().some((port) => port > 1_000)

  it('are asked of others when the guards give none', async () => {
    const rig = start(
      cache(
        directory.consensus,
        directory.relays.map(({ microdescriptor }) => microdescriptor),
      ),
    )
    for (const port of GUARDS) rig.network.relays.set(`10.0.0.1:${port}`, 'refuses')
    void rig.manager.start()
    await rig.until(() => missing(rig) === 0, 'the complete view')
    expect(rig.clock.monotonicMs()).toBeLessThan(60_000)
    expect(asksOthers(rig)).toBe(true)
    await expectCleanEnd(rig)
  })

  it('are asked of others when the guards give a few each time, and of no more than one draw of them', async () => {
    const all = cache(
      directory.consensus,
      directory.relays.map(({ microdescriptor }) => microdescriptor),
    )
    const rig = start(all)
    for (const port of GUARDS) {
      // What is asked first only.
      rig.network.relays.set(`10.0.0.1:${port}`, (path) => all(path.replace(/-.*$/, '.z')))
    }
    void rig.manager.start()
    await rig.until(() => missing(rig) === 0, 'the complete view')
    expect(rig.clock.monotonicMs()).toBeLessThan(60_000)
    expect(new Set(rig.asked().filter((port) => port > 1_000)).size).toBeLessThanOrEqual(8)
    await expectCleanEnd(rig)
  })

  it('are asked of others when guards hold back that of a guard alone, and of few, and seldom, when nobody has it', async () => {
    const most = cache(directory.consensus, MOST)
    const rig = start(most, [ROW])
    await rig.manager.start()
    await rig.pass(HOUR_MS)
    const others = new Set(rig.asked().filter((port) => port > 1_000))
    expect(others.size).toBe(8)
    expect(rig.asked().length).toBeLessThan(200)
    rig.network.setDefault(cache(directory.consensus, [textAt(ROW)]))
    for (const port of GUARDS) rig.network.relays.set(`10.0.0.1:${port}`, most)
    await rig.until(() => missing(rig) === 0, 'the complete view')
    await expectCleanEnd(rig)
  })
})

describe('a guard that sends microdescriptors as slowly as it may', () => {
  const SLOW = '10.0.0.1:11'

  /** Turns the clock by seconds, which stands still while other answers than slow ones are under way. */
  function untilBySeconds(rig: Rig, condition: () => boolean, what: string): Promise<void> {
    const second = (): number => {
      rig.network.drip()
      return 1_000
    }
    const isBusy = (): boolean => rig.network.openStreams > rig.network.dripping.size
    return advanceUntil(rig.clock, second, condition, what, isBusy)
  }

  it('keeps no circuit waiting for what it was asked: another guard is asked for the same', async () => {
    const all = directory.relays.map(({ microdescriptor }) => microdescriptor)
    const rig = start(cache(directory.consensus, all), [ROW])
    rig.network.relays.set(SLOW, () => ({ head: httpReply(200) }))
    void rig.manager.start()
    await untilBySeconds(rig, () => missing(rig) === 0, 'the complete view')
    expect(rig.clock.monotonicMs()).toBeLessThan(30_000)
    expect(rig.asked().filter((port) => !GUARDS.includes(port))).toEqual([])
    expect(rig.network.openConnections).toBe(0)
    await expectCleanEnd(rig)
  })

  it('is not blamed when its answer comes after that of the other, and nothing is taken twice', async () => {
    const most = cache(directory.consensus, MOST)
    const rig = start(most, [ROW])
    let isDue = false
    rig.network.relays.set(SLOW, (path) => {
      const whole = most(path)
      const head = Buffer.from('HTTP/1.0 200 ')
      return Buffer.isBuffer(whole) ? { head, rest: () => (isDue ? whole : undefined) } : whole
    })
    void rig.manager.start()
    await untilBySeconds(rig, () => rig.manager.progress.value.progress?.done === RELAYS - 1, 'all others')
    expect(rig.network.openStreams).toBeGreaterThan(0)
    isDue = true
    await untilBySeconds(rig, () => rig.network.openStreams === 0, 'the late answer')
    expect(JSON.stringify(rig.logs)).not.toMatch(/bad-directory|sent none/)
    await expectCleanEnd(rig)
    const cached = await rig.store.read('cached-microdescs')
    expect(cached?.length).toBe(MOST.join('').length)
  })
})
