/** Paths of who uses bridges: a bridge first, then relays that have nothing to do with it. */
import { describe, expect, test } from 'vitest'
import { GuardManager } from '../../../core/guard/guard-manager.ts'
import type { BridgeRelay } from '../../../core/netdir/bridge-relay.ts'
import { parseNodeSet } from '../../../core/netdir/node-set.ts'
import { MemoryStateStore } from '../../../core/persist/memory-state-store.ts'
import { type Path, pickExitPath } from '../../../core/path/exit-path.ts'
import { guardFilter, whyNotBridge } from '../../../core/path/guard-choice.ts'
import type { PathConstraints } from '../../../core/path/relay-constraints.ts'
import { parseAddressPolicy } from '../../../core/util/address-policy.ts'
import { silentLogger } from '../../../core/util/log.ts'
import { bridgeLine, bridgeRelay, DIRECT_VIEW, FIRST_BRIDGE_ROW } from '../../support/bridged-view.ts'
import { manualClock } from '../../support/manual-clock.ts'
import { OPEN_CONSTRAINTS, parseChoices } from '../../support/path-constraints.ts'
import { seededRandom } from '../../support/seeded-random.ts'

function pick(bridge: BridgeRelay, constraints: Partial<PathConstraints> = {}, seed = 1): Path {
  const random = seededRandom(seed)
  const all = { ...OPEN_CONSTRAINTS, bridges: [bridge.line], ...constraints }
  const parts = { store: new MemoryStateStore(), clock: manualClock(), random, log: silentLogger }
  const guards = new GuardManager({ ...parts, filter: guardFilter(all) })
  return pickExitPath(DIRECT_VIEW.withBridges([bridge]), guards, { hostKind: 'name', port: 443 }, all, random)
}

const seeds = Array.from({ length: 100 }, (_, seed) => seed)

describe('a path through a bridge', () => {
  test('begins with the bridge, and goes on and out by relays of the consensus', () => {
    for (const seed of seeds) {
      const { guard, middle, exit } = pick(bridgeRelay(11), {}, seed)
      expect(guard).toBe(FIRST_BRIDGE_ROW)
      expect(middle).toBeLessThan(FIRST_BRIDGE_ROW)
      expect(exit).toBeLessThan(FIRST_BRIDGE_ROW)
    }
  })

  test('has the bridge nowhere else, even where the consensus lists it', () => {
    for (const seed of seeds) {
      const asExit = pick(bridgeRelay(5, bridgeLine(5, '192.0.2.1:443')), {}, seed)
      expect([asExit.middle, asExit.exit]).not.toContain(4)
      const asMiddle = pick(bridgeRelay(2, bridgeLine(2, '192.0.2.1:443')), {}, seed)
      expect([asMiddle.middle, asMiddle.exit]).not.toContain(1)
    }
  })

  test.each([
    ['fingerprint', `${bridgeRelay(11).ids.rsa}`],
    ['nickname', 'bridge11'],
    ['the address where it is dialled', '192.0.11.1'],
    ['the address that it tells', '192.0.2.1'],
  ])("keeps out of the bridge's NodeFamily, when the user names it by %s", (_, bridge) => {
    const exits = [4, 5, 6].map((row) => DIRECT_VIEW.ids(row).rsa)
    const nodes = parseChoices({ families: [[bridge, ...exits].join(',')] })
    for (const seed of seeds) expect(pick(bridgeRelay(11), { nodes }, seed).exit).toBe(7)
  })

  test("keeps out of the bridge's network of addresses", () => {
    for (const seed of seeds) {
      const { middle, exit } = pick(bridgeRelay(11, bridgeLine(11, '10.6.200.1:443')), {}, seed)
      expect([middle, exit]).not.toContain(5)
    }
  })

  test('does not mind that the bridge has a private address, and that others may not', () => {
    const line = bridgeLine(11, '192.168.1.1:443')
    const all = { bridges: [line], allowPrivateRelayAddresses: false }
    // The relays of this network have such addresses themselves: they are what is refused.
    expect(() => pick(bridgeRelay(11, line), all)).toThrow(/exit/)
  })
})

describe('a bridge that the options forbid', () => {
  test.each<[string, Partial<PathConstraints>]>([
    [
      'by ExcludeNodes with its fingerprint',
      { nodes: parseChoices({ excludeNodes: `$${bridgeRelay(11).ids.rsa}` }) },
    ],
    ['by ExcludeNodes with its address', { nodes: parseChoices({ excludeNodes: '192.0.11.0/24' }) }],
    ['by ClientUseIPv4', { useIpv4: false }],
    ['by ReachableAddresses', { reachableAddresses: parseAddressPolicy(['accept *:80', 'reject *:*'], 'x') }],
    ['because it is not among them any more', { bridges: [bridgeLine(12)] }],
    ['because there are none', { bridges: [] }],
  ])('%s is not used, and no relay is used for it', (_, constraints) => {
    expect(() => pick(bridgeRelay(11), constraints)).toThrow(/permits none of the bridges|can be used/)
  })

  test('is told apart in words', () => {
    const { rsa } = bridgeRelay(11).ids
    const nodes = parseChoices({ excludeNodes: `$${rsa}` })
    expect(whyNotBridge(bridgeLine(11), rsa, { ...OPEN_CONSTRAINTS, nodes })).toMatch(/ExcludeNodes/)
    expect(whyNotBridge(bridgeLine(11), undefined, { ...OPEN_CONSTRAINTS, nodes })).toBeUndefined()
    expect(whyNotBridge(bridgeLine(11), rsa, { ...OPEN_CONSTRAINTS, useIpv4: false })).toMatch(
      /address families/,
    )
    expect(whyNotBridge(bridgeLine(11), rsa, OPEN_CONSTRAINTS)).toBeUndefined()
  })

  test('is one behind a transport for no reason of its address', () => {
    const line = { ...bridgeLine(11), transport: 'warp' }
    expect(pick(bridgeRelay(11, line), { bridges: [line], useIpv4: false }).guard).toBe(FIRST_BRIDGE_ROW)
  })

  test('is not what EntryNodes choose: they count for relays', () => {
    expect(parseNodeSet('{de}', 'EntryNodes').isEmpty).toBe(false)
    expect(pick(bridgeRelay(11), { nodes: parseChoices({ entryNodes: 'relay1' }) }).guard).toBe(
      FIRST_BRIDGE_ROW,
    )
  })
})

test('a view from before bridges were turned on gives nobody a guard', () => {
  const random = seededRandom(1)
  const all = { ...OPEN_CONSTRAINTS, bridges: [bridgeLine(11)] }
  const parts = { store: new MemoryStateStore(), clock: manualClock(), random, log: silentLogger }
  const guards = new GuardManager({ ...parts, filter: guardFilter(all) })
  const request = { hostKind: 'name', port: 443 } as const
  expect(() => pickExitPath(DIRECT_VIEW, guards, request, all, random)).toThrow(/none has been reached yet/)
})
