/** Bridges in a view of the network: rows behind the consensus that serve as guards and as nothing else. */
import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { parseRsaIdentity, type RsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import type { BridgeRelay } from '../../../core/netdir/bridge-relay.ts'
import { NetDir } from '../../../core/netdir/net-dir.ts'
import { hasFlag, RelayFlag } from '../../../core/netdoc/relay-flags.ts'
import { parseServerDescriptor } from '../../../core/netdoc/server-descriptor.ts'
import { writeDescriptor } from '../../network/descriptor-writer.ts'
import { createRelayIdentity } from '../../network/relay-identity.ts'
import { smallConsensus, smallIdentity, smallMicrodescriptors } from '../../support/small-network.ts'

const NOW_MS = 1_790_000_000_000
const RELAYS = [
  { id: 1, ipv4: '10.1.0.1' },
  { id: 2, ipv4: '10.2.0.1', ipv6: '[2001:db8::2]:443' },
]
const PLAIN = NetDir.build({
  consensus: smallConsensus(RELAYS),
  microdescriptors: [smallMicrodescriptors(RELAYS)],
})
const IDENTITY = createRelayIdentity(NOW_MS)
const BRIDGE_ROW = RELAYS.length

function bridge(
  line: string,
  more: { rsa?: RsaIdentity; family?: string; address?: string } = {},
): BridgeRelay {
  const { rsa = IDENTITY.rsa, ...fields } = more
  const descriptor = parseServerDescriptor(writeDescriptor(IDENTITY, NOW_MS, fields))
  return { line: parseBridgeLine(line), ids: { rsa, ed25519: IDENTITY.ed25519 }, descriptor }
}

describe('a view with bridges', () => {
  const view = PLAIN.withBridges([bridge('192.0.2.7:444'), { ...bridge('192.0.2.8'), descriptor: undefined }])

  test('leaves the relays of the consensus as they are', () => {
    expect(PLAIN.bridges).toBeUndefined()
    expect(view.relayCount).toBe(2)
    expect(view.relay(1)).toEqual(PLAIN.relay(1))
    expect(view.withBridges(undefined).bridges).toBeUndefined()
  })

  test('dials a bridge where its line says, with the keys of its descriptor', () => {
    expect(view.circuitTarget(BRIDGE_ROW)).toEqual({
      ids: { rsa: IDENTITY.rsa, ed25519: IDENTITY.ed25519 },
      endpoints: [{ host: '192.0.2.7', port: 444 }],
      bridge: parseBridgeLine('192.0.2.7:444'),
      ntorKey: IDENTITY.ntorKey.publicKey,
      hasNtorV3: true,
      hasCongestionControl: false,
      nickname: 'bridge',
    })
    expect(view.relay(BRIDGE_ROW)).toMatchObject({
      nickname: 'bridge',
      ipv4: { host: '192.0.2.7', port: 444 },
    })
    expect(view.bridgeRowOf(IDENTITY.rsa)).toBe(BRIDGE_ROW)
  })

  test('has a bridge for a guard, and for no other position', () => {
    const positions = ['guard', 'middle', 'exit', 'directory'] as const
    expect(positions.filter((position) => view.isUsableAs(BRIDGE_ROW, position))).toEqual(['guard'])
    expect(hasFlag(view.flags(BRIDGE_ROW), RelayFlag.Stable)).toBe(true)
    expect(view.allowsExitTo(BRIDGE_ROW, 443, 'ipv4')).toBe(false)
  })

  test('has no use for a bridge whose descriptor is missing', () => {
    expect(view.isUsableAs(BRIDGE_ROW + 1, 'guard')).toBe(false)
    expect(view.hasMicrodescriptor(BRIDGE_ROW + 1)).toBe(false)
    expect(() => view.circuitTarget(BRIDGE_ROW + 1)).toThrow('descriptor is missing')
  })

  test('keeps its bridges when microdescriptors are added to the view that it came from', () => {
    expect(view.withBridges([]).bridges).toEqual([])
    expect(view.isUsableAs(BRIDGE_ROW + 2, 'guard')).toBe(false)
    expect(view.flags(BRIDGE_ROW + 2)).toBe(0)
  })
})

describe('who is kept off a path with a bridge', () => {
  test('the same relay, where the consensus lists it', () => {
    const rsa = parseRsaIdentity(smallIdentity(1))
    const view = PLAIN.withBridges([bridge('192.0.2.7:444', { rsa })])
    expect(view.inSameFamily(BRIDGE_ROW, 0)).toBe(true)
    expect(view.inSameFamily(0, BRIDGE_ROW)).toBe(true)
    expect(view.inSameFamily(BRIDGE_ROW, 1)).toBe(false)
  })

  test('a relay of its subnet, by the address where it is dialled', () => {
    const near = PLAIN.withBridges([bridge('10.2.99.1')])
    expect([0, 1].map((row) => near.inSameSubnet(BRIDGE_ROW, row))).toEqual([false, true])
    const near6 = PLAIN.withBridges([bridge('[2001:db8::7]')])
    expect([0, 1].map((row) => near6.inSameSubnet(BRIDGE_ROW, row))).toEqual([false, true])
  })

  test('behind a transport by the address that its descriptor has', () => {
    const view = PLAIN.withBridges([bridge('obfs4 10.2.99.1:1', { address: '10.1.5.5' })])
    expect([0, 1].map((row) => view.inSameSubnet(row, BRIDGE_ROW))).toEqual([true, false])
  })

  test('a relay of its family, when both say so', () => {
    const relays = [{ id: 1, lines: `family $${IDENTITY.rsa}\n` }, { id: 2 }]
    const plain = NetDir.build({
      consensus: smallConsensus(relays),
      microdescriptors: [smallMicrodescriptors(relays)],
    })
    const family = `$${smallIdentity(1)} $${smallIdentity(2)}`
    const view = plain.withBridges([bridge('192.0.2.7', { family })])
    expect([0, 1].map((row) => view.inSameFamily(BRIDGE_ROW, row))).toEqual([true, false])
  })
})
