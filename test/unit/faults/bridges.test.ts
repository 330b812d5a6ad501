/**
 * A client that uses bridges, on a network with both: it reaches the network through them alone, whatever they do, and
 * every connection that this process makes is looked at.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ErrorKind, TorClient } from '../../../core/index.ts'
import type { DirectoryFault, LinkFault } from '../../network/faults/fault.ts'
import type { Relay } from '../../network/relays/relay.ts'
import { BRIDGED_NETWORK } from '../../network/small-description.ts'
import { type DialLog, logDials } from '../../support/dial-log.ts'
import { startObfs4Front } from '../../support/obfs4-front.ts'
import {
  BODY_SHA256,
  fetchBody,
  outcomeOf,
  startWholeNetwork,
  waitForStatus,
  type WholeNetwork,
} from '../../support/whole-network.ts'

const DESCRIPTOR = /\/tor\/server\//
const CONSENSUS = /consensus-microdesc/
const MICRODESCRIPTORS = /\/tor\/micro\//
const POLL = { timeout: 15_000, interval: 20 }

let faulty: WholeNetwork
let bridge: Relay
let other: Relay
let dials: DialLog

beforeAll(async () => {
  faulty = await startWholeNetwork(BRIDGED_NETWORK)
  bridge = faulty.relay('bridge1')
  other = faulty.relay('bridge2')
})
beforeEach(() => {
  dials = logDials()
})
afterEach(async () => {
  await faulty.reset()
  dials.stop()
})
afterAll(() => faulty.stop())

const addressOf = ({ description: { address, orPort } }: Relay): string => `${address}:${orPort}`

const startWith = (...lines: readonly string[]): Promise<TorClient> =>
  faulty.startClient(['UseBridges 1', ...lines.map((line) => `Bridge ${line}`)])

/** The relays, and what else was connected to; exits connect to the site. */
function expectDialled(...addresses: readonly string[]): void {
  const seen = new Set(dials.dialled.filter((address) => address !== faulty.siteAddress))
  expect([...seen].sort()).toEqual([...addresses].sort())
}

async function stuck(client: TorClient): Promise<ErrorKind | undefined> {
  client.bootstrap().catch(() => {})
  const { bootstrap } = await waitForStatus(client, (status) => status.bootstrap.blockage !== undefined)
  expect(bootstrap.isConnected).toBe(false)
  return bootstrap.blockage?.kind
}

async function expectTransfer(client: TorClient): Promise<void> {
  await expect.poll(() => outcomeOf(fetchBody(client)), POLL).toBe(BODY_SHA256)
}

describe('a client that uses bridges', () => {
  it('starts from nothing through one of them, and connects to nothing else', async () => {
    const { served } = faulty.network.directory
    const before = { ...served }
    const client = await startWith(bridge.bridgeLine)
    await client.bootstrap()
    await expectTransfer(client)
    expectDialled(addressOf(bridge))
    expect(served.descriptors - before.descriptors).toBe(1)
    expect(served.consensuses - before.consensuses).toBe(1)
    const { circuits, bridges } = client.status.value
    expect(new Set(circuits.map(({ hops }) => hops[0]?.fingerprint))).toEqual(new Set([bridge.rsa]))
    expect(bridges).toMatchObject([{ fingerprint: bridge.rsa, state: 'in-use' }])
  })

  it('takes a bridge without a fingerprint for whoever it proves to be', async () => {
    const client = await startWith(addressOf(bridge))
    await client.bootstrap()
    await expectTransfer(client)
    expect(client.status.value.bridges).toMatchObject([{ fingerprint: bridge.rsa }])
    expectDialled(addressOf(bridge))
  })

  it('goes through obfs4 where the bridge has it, and does not speak to the bridge beside it', async () => {
    const { address, orPort } = bridge.description
    const front = await startObfs4Front(address, orPort, faulty.clock.wallMs())
    const client = await startWith(front.line(bridge.rsa))
    await client.bootstrap()
    await expectTransfer(client)
    const frontAddress = `127.0.0.1:${front.port}`
    expectDialled(frontAddress, addressOf(bridge))
    // The obfs4 server goes on to the relay behind it, once for each connection to itself.
    const times = (address: string): number => dials.dialled.filter((dialled) => dialled === address).length
    expect(times(addressOf(bridge))).toBe(times(frontAddress))
    await client.close()
    await front.close()
  })

  it('refuses whoever is not the one that the fingerprint names, and asks nobody else', async () => {
    const client = await startWith(`${addressOf(bridge)} ${other.rsa}`)
    expect(await stuck(client)).toBe('wrong-identity')
    expectDialled(addressOf(bridge))
  })

  it('goes on by the second while the first is gone, and by the first alone when it is back', async () => {
    const client = await startWith(bridge.bridgeLine)
    await client.bootstrap()
    await expectTransfer(client)
    faulty.commit({ relay: 'bridge1', does: { at: 'link', do: 'close-at-once' } })
    faulty.network.cutLinks(bridge)
    await waitForStatus(client, ({ bridges }) => bridges[0]?.state === 'failing')
    await expect(fetchBody(client)).rejects.toBeDefined()
    faulty.network.faults.clear()
    await expectTransfer(client)
    expectDialled(addressOf(bridge))
    await client.close()

    const both = await startWith(bridge.bridgeLine, other.bridgeLine)
    await both.bootstrap()
    faulty.commit({ relay: 'bridge1', does: { at: 'link', do: 'close-at-once' } })
    faulty.network.cutLinks(bridge)
    await expectTransfer(both)
    expectDialled(addressOf(bridge), addressOf(other))
  })
})

const LYING: readonly (readonly [DirectoryFault, string, ErrorKind])[] = [
  ['descriptor-of-another', 'sends the descriptor of another relay', 'wrong-identity'],
  ['descriptor-with-another-key', 'sends the onion key of another relay', 'bad-directory'],
  ['descriptor-signed-by-another', 'has its descriptor signed by another', 'bad-directory'],
  ['descriptor-signed-by-another-key', 'has its descriptor signed with another ed25519 key', 'bad-directory'],
  ['descriptor-changed', 'changes its descriptor after it was signed', 'bad-directory'],
  ['descriptor-of-last-month', 'sends the descriptor of last month', 'bad-directory'],
  ['descriptor-of-next-month', 'sends a descriptor of a time to come', 'bad-directory'],
  ['descriptor-with-old-certificate', 'has a certificate whose time is over', 'bad-directory'],
  ['not-found', 'has no descriptor', 'directory-refused'],
  ['garbage', 'sends a page instead of its descriptor', 'malformed'],
  ['bomb', 'sends a bomb instead of its descriptor', 'limit'],
  ['body-without-end', 'sends a descriptor without end', 'limit'],
  ['drip', 'sends a byte of its descriptor now and then (slow loris)', 'timeout'],
]

describe('a bridge that', () => {
  it.each(LYING)(
    '(%s) %s is not used, and nothing is connected to in its place',
    async (fault, _what, kind) => {
      const committed = faulty.commit({
        relay: 'bridge1',
        does: { at: 'directory', path: DESCRIPTOR, do: fault },
      })
      const client = await startWith(bridge.bridgeLine)
      expect([await stuck(client), committed.times > 0]).toEqual([kind, true])
      expect(client.status.value.bridges).toMatchObject([{ state: 'failing' }])
      expectDialled(addressOf(bridge))
      faulty.network.faults.clear()
      await expectTransfer(client)
      expectDialled(addressOf(bridge))
    },
  )

  it('hands out everything but its own descriptor is told of as what it is, for as long as that lasts', async () => {
    faulty.commit({ relay: 'bridge1', does: { at: 'directory', path: DESCRIPTOR, do: 'drip' } })
    const client = await startWith(bridge.bridgeLine)
    client.bootstrap().catch(() => {})
    const { bootstrap } = await waitForStatus(
      client,
      ({ bootstrap: { phase, blockage } }) => phase === 'enough-dirinfo' && (blockage?.failures ?? 0) > 1,
    )
    expect([bootstrap.blockage?.kind, bootstrap.isConnected]).toEqual(['timeout', false])
    faulty.network.faults.clear()
    await expectTransfer(client)
    expect(client.status.value.bootstrap).toMatchObject({ isConnected: true, blockage: undefined })
  })

  it('lies about itself leaves all to one that does not', async () => {
    faulty.commit({
      relay: 'bridge1',
      does: { at: 'directory', path: DESCRIPTOR, do: 'descriptor-of-another' },
    })
    const client = await startWith(bridge.bridgeLine, other.bridgeLine)
    await client.bootstrap()
    await expectTransfer(client)
    const states = client.status.value.bridges.map(({ state }) => state)
    expect(states).toEqual(['failing', 'in-use'])
    expectDialled(addressOf(bridge), addressOf(other))
  })

  const LINKS: readonly (readonly [LinkFault, string, ErrorKind])[] = [
    ['close-at-once', 'closes every connection', 'channel-failed'],
    ['stall-before-tls', 'takes connections and says nothing', 'timeout'],
    ['drip-after-tls', 'says a byte now and then (slow loris)', 'timeout'],
    ['certs-of-another-relay', 'shows the certificates of another relay', 'wrong-identity'],
    ['certs-expired', 'shows certificates whose time is over', 'wrong-identity'],
    ['certs-on-open-link', 'ends each link as soon as it is open', 'protocol-violation'],
  ]

  it.each(LINKS)('(%s) %s has nothing connected to in its place', async (fault, _what, kind) => {
    faulty.commit({ relay: 'bridge1', does: { at: 'link', do: fault } })
    const client = await startWith(bridge.bridgeLine)
    expect(await stuck(client)).toBe(kind)
    expectDialled(addressOf(bridge))
    faulty.network.faults.clear()
    await expectTransfer(client)
    expectDialled(addressOf(bridge))
  })

  it.each([
    ['consensus', CONSENSUS, 'forged-consensus', 'bad-directory'],
    ['consensus', CONSENSUS, 'not-found', 'directory-refused'],
    ['microdescriptors', MICRODESCRIPTORS, 'not-found', 'directory-refused'],
  ] as const)(
    'holds back or forges the %s has it asked of nobody beside it (%s, %s)',
    async (_what, path, fault, kind) => {
      faulty.commit({ relay: 'bridge1', does: { at: 'directory', path, do: fault } })
      const client = await startWith(bridge.bridgeLine)
      expect(await stuck(client)).toBe(kind)
      expectDialled(addressOf(bridge))
      faulty.network.faults.clear()
      await expectTransfer(client)
      expectDialled(addressOf(bridge))
    },
  )
})
