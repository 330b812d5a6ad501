import { describe, expect, it } from 'vitest'
import { DirectoryManager } from '../../../core/directory/directory-manager.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { ChannelTarget } from '../../../core/linkspec/relay-target.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { Logger } from '../../../core/util/log.ts'
import { GENERATED_VALID_AFTER_MS, generateDirectory } from '../../support/generate-directory.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { FakeDirectory, serve } from './support/fake-directory.ts'
import { authorityOf } from './support/live-documents.ts'
import { countingClock, until } from './support/test-clock.ts'

/** Nine requests: the last but one already gives enough for circuits. */
const RELAYS = 4_200
const directory = generateDirectory({ relays: RELAYS, authorities: 3 })
const documents = {
  consensus: directory.consensus,
  certs: directory.certs.toString('latin1'),
  microdescs: directory.microdescriptors.toString('latin1'),
}

function target(port: number, identity = parseRsaIdentity(`${port}`.padStart(40, 'C'))): ChannelTarget {
  return { ids: { rsa: identity, ed25519: undefined }, endpoints: [{ host: '10.0.0.1', port }] }
}

function start(
  network: FakeDirectory,
  store = new MemoryStateStore(),
  guards: readonly ChannelTarget[] = [],
  primaryGuards: readonly number[] = [],
) {
  const clock = countingClock(GENERATED_VALID_AFTER_MS + 60_000)
  const config = {
    authorities: directory.trustedV3Idents.map(authorityOf),
    pathsNeededToBuildCircuits: undefined,
  }
  const manager = new DirectoryManager(config, {
    clock,
    store,
    random: seededRandom(3),
    log: new Logger(() => {}),
    connector: network,
    bootstrapDirectories: () => ({ fallbacks: [target(1)], authorities: [target(2)] }),
    pickDirectoryRelays: () => guards,
    primaryGuards: () => primaryGuards,
  })
  return { manager, clock, store }
}

describe('a directory of thousands of relays', () => {
  const guards = [target(11), target(12), target(13)]

  it('is fetched from three guards, the descriptors of those that circuits begin with first, at most 500 at once', async () => {
    const network = new FakeDirectory(serve(documents))
    network.chunkBytes = 65_536
    // Rows of the middle of the consensus, so that their place in the requests says something.
    const { manager, clock } = start(network, undefined, guards, [3_100, 1_600])
    const seen: number[] = []
    manager.current.watch((view) => {
      if (view !== undefined) seen.push(RELAYS - view.missingMicrodescDigests().length)
    })
    await manager.start()
    await until(() => manager.current.value?.missingMicrodescDigests().length === 0, 'the complete view')
    const asked = network.requests.filter((request) => request.includes('/tor/micro/d/'))
    const sizes = asked.map((request) => request.split('-').length)
    expect(Math.max(...sizes)).toBe(500)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(RELAYS)
    expect(new Set(asked.map((request) => request.split(' ')[0]))).toEqual(
      new Set(['10.0.0.1:11', '10.0.0.1:12', '10.0.0.1:13']),
    )
    const { consensus } = manager.current.value ?? {}
    const digestOf = (row: number): string | undefined =>
      consensus?.relays.microdescDigests.toString('base64', row * 32, row * 32 + 32).replace('=', '')
    // Each in its place among the others: who is asked must not see which of them are our guards.
    for (const [request, row] of [1_600, 3_100].entries()) {
      expect(asked[request]).toContain(`-${digestOf(row - 1)}-${digestOf(row)}-${digestOf(row + 1)}-`)
    }
    // Shown when there was enough, before all had come, and once more when it was complete.
    expect(seen).toHaveLength(2)
    expect(seen[0]).toBeLessThan(RELAYS)
    expect(seen[1]).toBe(RELAYS)
    await manager.close()
    expect(network.openConnections).toBe(0)
    expect(clock.liveTimers()).toBe(0)
  })

  it('goes on with the others when two guards fail in the middle', async () => {
    const network = new FakeDirectory(serve(documents))
    network.chunkBytes = 65_536
    for (const port of [12, 13]) {
      let answered = 0
      network.relays.set(`10.0.0.1:${port}`, (path) => (answered++ === 0 ? serve(documents)(path) : 'reset'))
    }
    const { manager } = start(network, undefined, guards)
    await manager.start()
    await until(() => manager.current.value?.missingMicrodescDigests().length === 0, 'the complete view')
    await manager.close()
    expect(network.openConnections).toBe(0)
  })

  it('comes back from the cache as it was', async () => {
    const network = new FakeDirectory(serve(documents))
    network.chunkBytes = 65_536
    const { manager, store } = start(network, undefined, guards)
    await manager.start()
    await until(() => manager.current.value?.missingMicrodescDigests().length === 0, 'the complete view')
    await manager.close()
    const warm = start(new FakeDirectory('refuses'), store)
    const view = await warm.manager.start()
    expect(view.missingMicrodescDigests()).toEqual([])
    expect(warm.manager.progress.value.phase).toBe('enough-dirinfo')
    await warm.manager.close()
  })
})
