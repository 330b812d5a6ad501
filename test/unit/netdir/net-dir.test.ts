import { describe, expect, it } from 'vitest'
import type { Position } from '../../../core/netdir/bandwidth-weights.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import { ed25519IdentityFromBytes, parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { parseConsensus } from '../../../core/netdoc/consensus.ts'
import { parseMicrodescriptors } from '../../../core/netdoc/microdescriptor.ts'
import { capturedDirectory } from '../../support/directory-vectors.ts'
import {
  type SmallNetworkOptions,
  type SmallRelay,
  smallConsensus,
  smallIdentity,
  smallMicrodescriptors,
} from '../../support/small-network.ts'

function build(relays: readonly SmallRelay[], options?: SmallNetworkOptions): NetDir {
  return NetDir.build({
    consensus: smallConsensus(relays, options),
    microdescriptors: [smallMicrodescriptors(relays)],
  })
}

const ids = (netDir: NetDir, accept: (index: number) => boolean): string[] =>
  Array.from({ length: netDir.relayCount }, (_, index) => index)
    .filter(accept)
    .map((index) => netDir.relay(index).nickname)

const GUARD = 'Fast Guard Running Stable V2Dir Valid'
const EXIT = 'Exit Fast Running Stable V2Dir Valid'
const WEB = 'p accept 80,443\n'

describe('a view of the network', () => {
  it('joins a captured consensus with its microdescriptors', () => {
    const consensus = parseConsensus(capturedDirectory.consensus)
    const batch = parseMicrodescriptors(capturedDirectory.microdescriptors)
    const netDir = NetDir.build({ consensus, microdescriptors: [batch] })
    expect(netDir.relayCount).toBe(9)
    expect(netDir.missingMicrodescDigests()).toEqual([])
    expect(netDir.usablePathFraction()).toBe(1)
    expect(ids(netDir, (index) => netDir.isUsableAs(index, 'guard'))).toHaveLength(9)
    const exits = ids(
      netDir,
      (index) => netDir.isUsableAs(index, 'exit') && netDir.allowsExitTo(index, 80, 'ipv4'),
    )
    expect(exits.length).toBeGreaterThanOrEqual(3)
    expect(netDir.validAfterMs).toBe(consensus.validAfterMs)
  })

  it('shows a relay with everything that its two documents say', () => {
    const netDir = build([
      { id: 7, nickname: 'seven', ipv6: '[2001:db8::7]:443', flags: EXIT, lines: WEB, bandwidth: 55 },
      { id: 9, protocols: 'Relay=2-3' },
    ])
    const seven = netDir.relay(0)
    expect(seven).toMatchObject({
      index: 0,
      nickname: 'seven',
      ids: {
        rsa: smallIdentity(7),
        ed25519: ed25519IdentityFromBytes(Buffer.concat([Buffer.alloc(31, 2), Buffer.of(7)])),
      },
      ipv4: { host: '10.7.0.1', port: 9001 },
      ipv6: { host: '2001:db8::7', port: 443 },
      bandwidth: 55,
      hasNtorV3: true,
      hasDirCache: true,
    })
    expect(seven.ntorKey).toEqual(Buffer.concat([Buffer.alloc(31, 1), Buffer.of(7)]))
    expect(seven.exitPolicy?.allowsPort(443)).toBe(true)
    expect(seven.exitPolicy6?.rejectsAll).toBe(true)
    expect(netDir.relay(1).hasNtorV3).toBe(false)
    expect(netDir.indexOf(parseRsaIdentity(smallIdentity(9)))).toBe(1)
    expect(netDir.indexOf(parseRsaIdentity(smallIdentity(8)))).toBeUndefined()
  })

  it('grows by batches of microdescriptors without changing the older view', () => {
    const relays = [{ id: 1 }, { id: 2 }, { id: 3 }]
    const before = NetDir.build({ consensus: smallConsensus(relays) })
    const after = before.withMicrodescriptors(smallMicrodescriptors([{ id: 2 }, { id: 88 }]))
    expect(before.missingMicrodescDigests()).toHaveLength(3)
    expect(before.relay(1).ntorKey).toBeUndefined()
    expect(before.isUsable(1)).toBe(false)
    expect(after.missingMicrodescDigests()).toHaveLength(2)
    expect(after.hasMicrodescriptor(1)).toBe(true)
    expect(after.isUsable(1)).toBe(true)
    expect(after.isUsable(0)).toBe(false)
    expect(after.relay(0).exitPolicy).toBeUndefined()
  })

  it('carries microdescriptors over to the next consensus, where they are still listed', () => {
    const family = `family $${smallIdentity(3)}\nfamily-ids ed25519:x\n${WEB}`
    const relays: SmallRelay[] = [{ id: 1 }, { id: 2, lines: family }, { id: 3 }]
    const previous = build(relays)
    const changed: SmallRelay[] = [{ id: 2, lines: family }, { id: 3, lines: WEB }, { id: 4 }]
    const next = NetDir.build({ consensus: smallConsensus(changed), previous })
    expect(ids(next, (index) => next.hasMicrodescriptor(index))).toEqual(['relay2'])
    expect(next.relay(0)).toMatchObject({ ntorKey: previous.relay(1).ntorKey, ids: previous.relay(1).ids })
    expect(next.allowsExitTo(0, 80, 'ipv4')).toBe(true)
    const whole = next.withMicrodescriptors(smallMicrodescriptors(changed))
    expect(whole.missingMicrodescDigests()).toEqual([])
  })

  it('misses no microdescriptor that is listed and of no use, and no stranger changes what is listed', () => {
    const relays: SmallRelay[] = [{ id: 1 }, { id: 2, lines: 'p accept nonsense\n' }, { id: 3 }]
    const bad = smallMicrodescriptors(relays)
    expect(bad.rejected).toHaveLength(1)
    const stranger = smallMicrodescriptors([{ id: 3, lines: 'p accept nonsense\n' }])
    const before = NetDir.build({ consensus: smallConsensus(relays) }).withMicrodescriptors(stranger)
    expect(before.missingMicrodescDigests()).toHaveLength(3)
    const view = before.withMicrodescriptors(bad)
    expect(view.missingMicrodescDigests()).toEqual([])
    expect(ids(view, (index) => view.hasMicrodescriptor(index))).toEqual(['relay1', 'relay3'])
    expect(ids(view, (index) => view.isUsable(index))).toEqual(['relay1', 'relay3'])
    const next = NetDir.build({ consensus: smallConsensus([...relays, { id: 4 }]), previous: view })
    expect(ids(next, (index) => next.isMicrodescriptorMissing(index))).toEqual(['relay4'])
  })

  it('clamps parameters, and lets overrides win', () => {
    const consensus = smallConsensus([{ id: 1 }], { params: 'cbtquantile=95' })
    expect(NetDir.build({ consensus }).params.get('cbtquantile')).toBe(95)
    const paramOverrides = new Map([['cbtquantile', 60]])
    expect(NetDir.build({ consensus, paramOverrides }).params.get('cbtquantile')).toBe(60)
  })
})

describe('a relay is usable', () => {
  it.each([
    ['when it is running and valid', 'Running Valid', true],
    ['not when it is not running', 'Fast Stable Valid', false],
    ['not when it is not valid', 'Fast Running', false],
    ['not when it is one of many by one operator', 'Running Sybil Valid', false],
    ['not when authorities disagree on its identity', 'NoEdConsensus Running Valid', false],
  ])('%s', (_, flags, isUsable) => {
    expect(build([{ id: 1, flags }]).isUsable(0)).toBe(isUsable)
  })

  it('only with an ed25519 identity', () => {
    expect(build([{ id: 1, ed25519: 'none' }]).isUsable(0)).toBe(false)
  })

  it('only when no other relay claims the same ed25519 identity: then neither is', () => {
    const relays: SmallRelay[] = [
      { id: 1 },
      { id: 2, ed25519: 77 },
      { id: 3, ed25519: 77 },
      { id: 4, ed25519: 77 },
    ]
    const netDir = build(relays)
    expect(ids(netDir, (index) => netDir.isUsable(index))).toEqual(['relay1'])
    // Also when the second one turns up later.
    const first = NetDir.build({
      consensus: smallConsensus(relays),
      microdescriptors: [smallMicrodescriptors(relays.slice(0, 2))],
    })
    expect(first.isUsable(1)).toBe(true)
    expect(first.withMicrodescriptors(smallMicrodescriptors(relays.slice(2))).isUsable(1)).toBe(false)
  })

  it('does not depend on others that list the very same microdescriptor, which then lose it too', () => {
    const consensus = parseConsensus(capturedDirectory.consensus)
    consensus.relays.microdescDigests.copy(consensus.relays.microdescDigests, 32, 0, 32)
    const batch = parseMicrodescriptors(capturedDirectory.microdescriptors)
    const netDir = NetDir.build({ consensus, microdescriptors: [batch] })
    expect([netDir.isUsable(0), netDir.isUsable(1), netDir.isUsable(2)]).toEqual([false, false, true])
  })
})

describe('a relay is usable in a position', () => {
  const cases: readonly (readonly [string, SmallRelay, readonly Position[]])[] = [
    ['a plain relay', { id: 1 }, ['middle', 'directory']],
    ['one that is no directory cache', { id: 1, flags: 'Running Valid' }, ['middle']],
    ['a guard', { id: 1, flags: GUARD }, ['guard', 'middle', 'directory']],
    ['an exit', { id: 1, flags: EXIT, lines: WEB }, ['middle', 'exit', 'directory']],
    [
      'an exit for odd ports without the flag',
      { id: 1, lines: 'p accept 12345\n' },
      ['middle', 'exit', 'directory'],
    ],
    ['an exit over IPv6 alone', { id: 1, lines: 'p6 accept 80\n' }, ['middle', 'exit', 'directory']],
    [
      'an exit that lets nothing out',
      { id: 1, flags: EXIT, lines: 'p reject 1-65535\n' },
      ['middle', 'directory'],
    ],
    [
      'a bad exit',
      { id: 1, flags: 'BadExit Exit Guard Running V2Dir Valid', lines: WEB },
      ['guard', 'middle', 'directory'],
    ],
    [
      'a relay for the middle only',
      { id: 1, flags: 'Exit Guard MiddleOnly Running V2Dir Valid', lines: WEB },
      ['middle'],
    ],
    ['a relay that is not running', { id: 1, flags: 'Exit Guard V2Dir Valid', lines: WEB }, []],
  ]
  it.each(cases)('%s', (_, relay, positions) => {
    const netDir = build([relay])
    const all: readonly Position[] = ['guard', 'middle', 'exit', 'directory']
    expect(all.filter((position) => netDir.isUsableAs(0, position))).toEqual(positions)
  })

  it('as a directory even before its microdescriptor is there, and in no other', () => {
    const netDir = NetDir.build({ consensus: smallConsensus([{ id: 1, flags: GUARD }]) })
    expect(netDir.isUsableAs(0, 'directory')).toBe(true)
    expect(netDir.isUsableAs(0, 'guard')).toBe(false)
    expect(netDir.ids(0)).toEqual({ rsa: smallIdentity(1), ed25519: undefined })
  })
})

describe('the target of a circuit', () => {
  const netDir = build([{ id: 1, ipv6: '[2001:db8::1]:443' }, { id: 2 }])
  const ipv4 = { host: '10.1.0.1', port: 9001 }
  const ipv6 = { host: '2001:db8::1', port: 443 }

  it('has every address of the relay', () => {
    expect(netDir.circuitTarget(0).endpoints).toEqual([ipv4, ipv6])
    expect(netDir.circuitTarget(1).endpoints).toHaveLength(1)
    expect(netDir.circuitTarget(0)).toMatchObject({ nickname: 'relay1', hasNtorV3: true })
  })

  it('does not exist without a key', () => {
    const bare = NetDir.build({ consensus: smallConsensus([{ id: 1 }]) })
    expect(() => bare.circuitTarget(0)).toThrow(expect.objectContaining({ kind: 'no-path' }))
  })
})

describe('relays of one operator', () => {
  const lists = (...members: readonly number[]): string =>
    `family ${members.map((id) => `$${smallIdentity(id)}`).join(' ')}\n`
  const relays: SmallRelay[] = [
    { id: 1, lines: lists(2, 3) },
    { id: 2, lines: `family $${smallIdentity(1).toLowerCase()}~relay1\n` },
    { id: 3, lines: 'family relay2\n' },
    { id: 4, lines: 'family-ids ed25519:a ed25519:b\n' },
    { id: 5, lines: 'family-ids ed25519:b\n' },
    { id: 6, lines: 'family RELAY7\n' },
    { id: 7, lines: 'family relay6\n' },
  ]
  const pairs = (netDir: NetDir): string[] => {
    const found: string[] = []
    for (let a = 0; a < relays.length; a++) {
      for (let b = a + 1; b < relays.length; b++)
        if (netDir.inSameFamily(a, b)) found.push(`${a + 1}-${b + 1}`)
    }
    return found
  }

  it('are family when both say so, or when they share a family id', () => {
    expect(pairs(build(relays))).toEqual(['1-2', '4-5', '6-7'])
  })

  it('are family in both directions, and each to itself', () => {
    const netDir = build(relays)
    expect(netDir.inSameFamily(1, 0)).toBe(true)
    expect(netDir.inSameFamily(2, 0)).toBe(false)
    expect(netDir.inSameFamily(6, 6)).toBe(true)
  })

  it('are family by the means that the consensus leaves in use', () => {
    expect(pairs(build(relays, { params: 'use-family-lists=0' }))).toEqual(['4-5'])
    expect(pairs(build(relays, { params: 'use-family-ids=0' }))).toEqual(['1-2', '6-7'])
  })

  it('may be in the same subnet: /16 of IPv4, /32 of IPv6', () => {
    const netDir = build([
      { id: 1, ipv4: '198.51.0.1', ipv6: '[2001:db8:1::1]:1' },
      { id: 2, ipv4: '198.51.255.255' },
      { id: 3, ipv4: '198.52.0.1', ipv6: '[2001:db8:ffff::1]:1' },
      { id: 4, ipv4: '10.0.0.1', ipv6: '[2001:db9::1]:1' },
      { id: 5, ipv4: '11.0.0.1' },
    ])
    expect(netDir.inSameSubnet(0, 1)).toBe(true)
    expect(netDir.inSameSubnet(0, 2)).toBe(true)
    expect(netDir.inSameSubnet(1, 2)).toBe(false)
    expect(netDir.inSameSubnet(0, 3)).toBe(false)
    // Two relays without IPv6 do not share its absence.
    expect(netDir.inSameSubnet(1, 4)).toBe(false)
  })
})

describe('weights and usable paths', () => {
  const weights =
    'Wbd=0 Wbe=0 Wbg=4000 Wbm=10000 Wed=10000 Wee=10000 Weg=10000 Wem=10000 Wgd=0 Wgg=6000 Wgm=6000 Wmd=0 Wme=0 Wmg=4000 Wmm=10000'
  const relays: SmallRelay[] = [
    { id: 1, flags: GUARD, bandwidth: 1000 },
    { id: 2, flags: GUARD, bandwidth: 3000 },
    { id: 3, bandwidth: 500 },
    { id: 4, flags: EXIT, bandwidth: 800, lines: WEB },
    { id: 5, flags: EXIT, bandwidth: 200, lines: WEB },
  ]

  it('are bandwidth times the weight of the position', () => {
    const netDir = build(relays, { weights })
    const all = (position: Position): number[] => relays.map((_, index) => netDir.weight(index, position))
    expect(all('guard')).toEqual([600, 1800, 300, 0, 0])
    expect(all('middle')).toEqual([400, 1200, 500, 0, 0])
    expect(all('exit')).toEqual([1000, 3000, 500, 800, 200])
  })

  it('multiply the weighted shares of guards, middles and exits that are ready', () => {
    const consensus = smallConsensus(relays, { weights })
    const fraction = (...known: readonly number[]): number => {
      const batch = smallMicrodescriptors(relays.filter(({ id }) => known.includes(id)))
      return NetDir.build({ consensus, microdescriptors: [batch] }).usablePathFraction()
    }
    expect(fraction()).toBe(0)
    expect(fraction(1, 2, 3, 4, 5)).toBe(1)
    // Guards 3/4, middles 1700/2100, exits 4/5.
    expect(fraction(2, 3, 4)).toBeCloseTo((3 / 4) * (1700 / 2100) * (4 / 5), 12)
    expect(fraction(1, 2, 3)).toBe(0)
  })

  it('measure a network without exits by its internal paths', () => {
    const inner = relays.slice(0, 3)
    const consensus = smallConsensus(inner, { weights })
    const netDir = NetDir.build({ consensus, microdescriptors: [smallMicrodescriptors(inner.slice(1))] })
    expect(netDir.usablePathFraction()).toBeCloseTo((3 / 4) * (1700 / 2100) ** 2, 12)
  })

  it('count relays where no bandwidth is known', () => {
    const flat = relays.map((relay) => ({ ...relay, bandwidth: 0 }))
    const netDir = build(flat, { weights })
    expect(netDir.weight(0, 'middle')).toBe(0.4)
    expect(netDir.usablePathFraction()).toBe(1)
  })
})
