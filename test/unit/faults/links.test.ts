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
/** More than an honest start needs. */
const MEMORY_MEGABYTES = 60

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
  ['drip-before-tls', 'sends a byte of TLS now and then (slow loris)', 'timeout'],
  ['drip-after-tls', 'sends a byte of padding now and then (slow loris)', 'timeout'],
  ['close-at-once', 'takes the connection and closes it (TROVE-2026-056)', 'channel-failed'],
  ['garbage-instead-of-tls', 'speaks something else than TLS (TROVE-2026-056)', 'channel-failed'],
  ['odd-versions', 'sends half a version', 'malformed'],
  ['versions-twice', 'sends VERSIONS twice', 'protocol-violation'],
  ['versions-of-60-kilobytes', 'sends more versions than there can be', 'protocol-violation'],
  ['no-challenge', 'leaves AUTH_CHALLENGE out', 'protocol-violation'],
  ['cert-type-twice', 'sends two certificates of one type', 'wrong-identity'],
  ['cert-missing', 'leaves a certificate out', 'wrong-identity'],
  ['cert-changed', 'sends a certificate with a bit changed', 'wrong-identity'],
  ['padding-without-end', 'sends padding without end instead of certificates', 'protocol-violation'],
  ['relay-before-netinfo', 'sends a relay cell before NETINFO', 'protocol-violation'],
  ['unknown-before-netinfo', 'sends what nobody knows before NETINFO', 'protocol-violation'],
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

/** The link is open by then, and ends before a circuit can be built on it. */
const ON_OPEN_LINKS: typeof CASES = [
  ['oversize-on-open-link', 'sends a cell longer than a client keeps', 'protocol-violation'],
  ['certs-on-open-link', 'sends CERTS once more when the link is open', 'protocol-violation'],
  ['netinfo-on-open-link', 'sends NETINFO once more when the link is open', 'protocol-violation'],
]

describe('the only guard', () => {
  it.each([...CASES, ...ON_OPEN_LINKS])('(%s) %s', async (fault, _what, kind) => {
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

describe('on the open link, a guard', () => {
  const HARMLESS: readonly (readonly [LinkFault, string])[] = [
    ['padding-on-open-link', 'may pad with the longest cells, which are skipped and not kept'],
    ['unknown-on-open-link', 'may send cells of commands that nobody knows'],
    ['strangers-on-open-link', 'may send relay cells of circuits that do not exist'],
    ['create-to-client', 'may try to build a circuit through a client, and gets none'],
  ]

  it.each(HARMLESS)('(%s) %s', async (fault) => {
    const committed = faulty.commit({ relay: 'guard1', does: { at: 'link', do: fault } })
    const before = process.memoryUsage().rss
    const client = await faulty.startClient()
    await client.bootstrap()
    expect([await fetchBody(client), committed.times > 0]).toEqual([BODY_SHA256, true])
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(MEMORY_MEGABYTES)
    expect(faulty.network.complaints).toEqual([])
  })
})
