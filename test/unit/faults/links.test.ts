/**
 * Guards that do wrong while a link is opened. The client says what it is by its kind, holds no other relay to blame,
 * tries no other way than the user allows, and connects by itself as soon as the guard behaves.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorKind } from '../../../core/index.ts'
import type { LinkFault } from '../../network/faults/fault.ts'
import {
  BODY_SHA256,
  type WholeNetwork,
  fetchBody,
  startWholeNetwork,
  waitForStatus,
} from '../../support/whole-network.ts'

/** Tries at a guard that fails, while another one serves. */
const FEW = 3

let faulty: WholeNetwork

beforeAll(async () => {
  faulty = await startWholeNetwork()
})
afterEach(() => faulty.reset())
afterAll(() => faulty.stop())

const CASES: readonly (readonly [LinkFault, string, ErrorKind])[] = [
  ['stall-before-tls', 'takes the connection and never begins TLS', 'timeout'],
  ['stall-after-tls', 'says nothing after TLS', 'timeout'],
  ['stall-after-versions', 'says nothing after VERSIONS', 'timeout'],
  ['drip', 'sends a byte now and then (slow loris)', 'channel-failed'],
  ['no-common-version', 'has no link version that we have', 'protocol-violation'],
  ['certs-twice', 'sends CERTS twice (TROVE-2026-006)', 'protocol-violation'],
  ['certs-after-netinfo', 'sends CERTS behind NETINFO (TROVE-2026-006)', 'protocol-violation'],
  ['netinfo-first', 'begins with NETINFO', 'protocol-violation'],
  ['no-certs', 'sends no certificates', 'protocol-violation'],
  ['certs-expired', 'has certificates whose time is over', 'wrong-identity'],
  ['certs-of-another-relay', 'shows the certificates of another relay', 'wrong-identity'],
  ['tls-cert-of-another', 'shows certificates for another TLS certificate', 'wrong-identity'],
  ['certs-without-end', 'sends more certificates than there can be', 'protocol-violation'],
]

describe('the only guard', () => {
  it.each(CASES)('(%s) %s', async (fault, _what, kind) => {
    const committed = faulty.commit({ relay: 'guard1', does: { at: 'link', do: fault } })
    const client = await faulty.startClient()
    const others = ['guard2', 'guard3', 'middle1', 'exit1'].map((name) => faulty.relay(name).connections)
    const bootstrap = client.bootstrap()
    const { bootstrap: stuck } = await waitForStatus(
      client,
      (status) => status.bootstrap.blockage !== undefined && committed.times > 0,
    )
    expect([stuck.blockage?.kind, stuck.isConnected]).toEqual([kind, false])
    expect(['guard2', 'guard3', 'middle1', 'exit1'].map((name) => faulty.relay(name).connections)).toEqual(
      others,
    )

    faulty.network.faults.clear()
    await bootstrap
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })
})

describe('one guard of three', () => {
  it.each(CASES)('(%s) %s: the client connects by another, and does not run after it', async (fault) => {
    faulty.commit({ relay: 'guard1', does: { at: 'link', do: fault } })
    const before = faulty.relay('guard1').connections
    const client = await faulty.startClient(['ExitNodes exit1'])
    await client.bootstrap()
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    expect(faulty.relay('guard1').connections - before).toBeLessThanOrEqual(FEW)
  })
})
