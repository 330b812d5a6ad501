/** The one rule of who may be dialled, where sockets are made. */
import { describe, expect, test } from 'vitest'
import { parseBridgeLine } from '../../../core/linkspec/bridge-line.ts'
import { parseRsaIdentity } from '../../../core/linkspec/relay-ids.ts'
import { type DialTarget, refusalToDial } from '../../../core/transport/bridge-rule.ts'
import { createTransport } from '../../../core/transport/configured-transport.ts'
import { parseTransportPlugin } from '../../../core/transport/managed/transport-plugin.ts'
import { obfs4Transport } from '../../../core/transport/obfs4/obfs4-transport.ts'
import { checkBridges, transportOf } from '../../../core/transport/pluggable-transport.ts'
import { DIRECT } from '../../support/direct-transport.ts'

const RSA = parseRsaIdentity('A'.repeat(40))
const OTHER_RSA = parseRsaIdentity('B'.repeat(40))
const NAMED = parseBridgeLine(`192.0.2.1:443 ${RSA}`)
const NAMELESS = parseBridgeLine('[2001:db8::1]:443')
const BRIDGES = [NAMED, NAMELESS]
const ids = { rsa: RSA, ed25519: undefined }

const RELAY: DialTarget = { ids, endpoints: [{ host: '198.51.100.1', port: 443 }] }
const BRIDGE: DialTarget = { ids, endpoints: [NAMED.endpoint], bridge: NAMED }

describe('while bridges are used', () => {
  test.each<[string, DialTarget]>([
    ['a bridge', BRIDGE],
    ['a bridge from a line that says the same', { ...BRIDGE, bridge: parseBridgeLine(`192.0.2.1 ${RSA}`) }],
    [
      'a bridge whose identity is to be learned',
      { endpoints: [NAMELESS.endpoint], bridge: NAMELESS, ids: undefined },
    ],
    ['a bridge whose identity was learned', { endpoints: [NAMELESS.endpoint], bridge: NAMELESS, ids }],
  ])('%s may be dialled', (_, target) => {
    expect(refusalToDial(BRIDGES, target)).toBeUndefined()
  })

  test.each<[string, DialTarget]>([
    ['a relay', RELAY],
    ['a relay at the address of a bridge', { ...RELAY, endpoints: [NAMED.endpoint] }],
    ['a bridge at another address', { ...BRIDGE, endpoints: [{ host: '192.0.2.1', port: 444 }] }],
    ['a bridge with one more address', { ...BRIDGE, endpoints: [NAMED.endpoint, NAMELESS.endpoint] }],
    ['another identity than the fingerprint', { ...BRIDGE, ids: { rsa: OTHER_RSA, ed25519: undefined } }],
    ['a bridge that is not used', { ...BRIDGE, bridge: parseBridgeLine(`192.0.2.9:443 ${RSA}`) }],
    ['a bridge by another transport', { ...BRIDGE, bridge: parseBridgeLine(`warp 192.0.2.1:443 ${RSA}`) }],
  ])('%s may not be', (_, target) => {
    expect(refusalToDial(BRIDGES, target)).toMatchObject({ kind: 'not-allowed' })
    expect(refusalToDial([], target)).toMatchObject({ kind: 'not-allowed' })
  })

  test('with none at all, nobody may be', () => {
    expect(refusalToDial([], BRIDGE)).toMatchObject({ kind: 'not-allowed' })
  })
})

test('while none are used, relays may be dialled and bridges not', () => {
  expect(refusalToDial(undefined, RELAY)).toBeUndefined()
  expect(refusalToDial(undefined, BRIDGE)).toMatchObject({ kind: 'not-allowed' })
})

describe('the transport', () => {
  test('asks the rule for each connection, also after a reload', () => {
    let bridges: typeof DIRECT.bridges
    const transport = createTransport(() => ({ ...DIRECT, bridges }))
    const relay = { host: '198.51.100.1', port: 443 }
    expect(transport.carrierFor(relay).kind).toBe('tcp')
    bridges = BRIDGES
    expect(() => transport.carrierFor(relay)).toThrow(expect.objectContaining({ kind: 'not-allowed' }))
    expect(() => transport.carrierFor(relay, NAMED)).toThrow(expect.objectContaining({ kind: 'not-allowed' }))
    expect(transport.carrierFor(NAMED.endpoint, NAMED)).toMatchObject({ kind: 'tcp', relay: NAMED.endpoint })
    bridges = undefined
    expect(() => transport.carrierFor(NAMED.endpoint, NAMED)).toThrow(/bridges are not used/)
  })

  test('takes no plain way to a bridge that needs a transport which there is not', () => {
    const warped = parseBridgeLine(`warp 192.0.2.1:443 ${RSA}`)
    const transport = createTransport(() => ({ ...DIRECT, bridges: [warped] }))
    expect(() => transport.carrierFor(warped.endpoint, warped)).toThrow(/transport warp/)
    expect(() => checkBridges([NAMED, warped], [])).toThrow(expect.objectContaining({ kind: 'bad-config' }))
    expect(transportOf(NAMED)).toBeUndefined()
  })

  test('takes the program that is named for a transport, also for one that we speak ourselves', () => {
    const [warped, obfs4] = ['warp', 'obfs4'].map((name) => parseBridgeLine(`${name} 192.0.2.1:443 k=v`))
    if (warped === undefined || obfs4 === undefined) throw new Error('there are two')
    const other = { ...obfs4Transport, name: 'other' }
    const bridges = [warped, obfs4]
    const others = { transportFor: () => other }
    const transport = createTransport(() => ({ ...DIRECT, bridges }), undefined, others)
    for (const bridge of bridges) {
      expect(transport.carrierFor(bridge.endpoint, bridge)).toMatchObject({ transport: other })
    }
    const plugins = [parseTransportPlugin('warp,obfs4 exec x')]
    expect(() => checkBridges(bridges, plugins)).not.toThrow()
    expect(() => checkBridges([obfs4], [])).toThrow(/cert=/)
  })
})
