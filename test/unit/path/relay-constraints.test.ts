import { describe, expect, it } from 'vitest'
import { nodeRules } from '../../../core/path/node-rules.ts'
import { ChosenRelays, type PathConstraints } from '../../../core/path/relay-constraints.ts'
import { relayEndpoints } from '../../../core/transport/dial-constraints.ts'
import { fakeNetDir } from '../../support/fake-net-dir.ts'
import { OPEN_CONSTRAINTS } from '../../support/path-constraints.ts'

const CONSTRAINTS: PathConstraints = OPEN_CONSTRAINTS

describe('relays in one path', () => {
  const netDir = fakeNetDir([
    { id: 1, subnet: 1, family: 1 },
    { id: 2, subnet: 1 },
    { id: 3, subnet: 3, family: 1 },
    { id: 4, subnet: 4 },
  ])

  it.each([
    [true, 0, true],
    [true, 1, true],
    [true, 2, true],
    [true, 3, false],
    [false, 0, true],
    [false, 1, false],
    [false, 2, true],
    [false, 3, false],
  ])(
    'with EnforceDistinctSubnets %s the first one and relay %i conflict: %s',
    (enforce, index, conflicts) => {
      const chosen = new ChosenRelays(
        netDir,
        nodeRules(netDir, CONSTRAINTS),
        { enforceDistinctSubnets: enforce },
        0,
      )
      expect(chosen.conflictsWith(index)).toBe(conflicts)
    },
  )

  it('all count, not only the last', () => {
    const chosen = new ChosenRelays(netDir, nodeRules(netDir, CONSTRAINTS), CONSTRAINTS)
    expect(chosen.conflictsWith(0)).toBe(false)
    chosen.add(0)
    chosen.add(3)
    expect(chosen.conflictsWith(1)).toBe(true)
    expect(chosen.conflictsWith(3)).toBe(true)
  })
})

describe('where a relay can be dialled', () => {
  const relay = fakeNetDir([{ id: 1, ipv6: '2001:db8::1' }]).relay(0)
  const ipv4 = { host: '10.1.0.1', port: 9001 }
  const ipv6 = { host: '2001:db8::1', port: 9001 }

  it.each([
    [{ useIpv4: true, useIpv6: true, preferIpv6OrPort: false }, [ipv4, ipv6]],
    [{ useIpv4: true, useIpv6: true, preferIpv6OrPort: true }, [ipv6, ipv4]],
    [{ useIpv4: true, useIpv6: false, preferIpv6OrPort: true }, [ipv4]],
    [{ useIpv4: false, useIpv6: true, preferIpv6OrPort: false }, [ipv6]],
  ])('with %j', (options, endpoints) => {
    expect(relayEndpoints(relay, { ...CONSTRAINTS, ...options })).toEqual(endpoints)
  })

  it('is nowhere for a relay without IPv6 when IPv4 may not be used', () => {
    const old = fakeNetDir([{ id: 1 }]).relay(0)
    expect(relayEndpoints(old, { ...CONSTRAINTS, useIpv4: false })).toEqual([])
  })
})
