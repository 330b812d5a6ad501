/**
 * Directory caches that do wrong, all of them at once: the client says why it does not go on, takes nothing of what they
 * say, keeps its memory, and goes on by itself when they behave.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { hasZstd } from '../../../core/directory/decompress.ts'
import type { ErrorKind } from '../../../core/index.ts'
import { canPack } from '../../network/directory/reply-packing.ts'
import { prepareDirectoryFaults } from '../../network/faults/directory-faults.ts'
import type { DirectoryFault } from '../../network/faults/fault.ts'
import { SMALL_NETWORK } from '../../network/small-description.ts'
import {
  BODY_SHA256,
  type WholeNetwork,
  fetchBody,
  startWholeNetwork,
  waitForStatus,
} from '../../support/whole-network.ts'

let faulty: WholeNetwork

beforeAll(async () => {
  prepareDirectoryFaults()
  faulty = await startWholeNetwork()
})
afterEach(() => faulty.reset())
afterAll(() => faulty.stop())

/** How long hours may take on this machine's clock. */
const WAIT = { timeout: 15_000, interval: 20 }
const CONSENSUS = /consensus-microdesc/
const CERTIFICATES = /\/tor\/keys\//
const MICRODESCRIPTORS = /\/tor\/micro\//

/** Where this Node has no zstd, a body in it is what nobody asked for. */
const WHERE_ZSTD_IS_READ: ErrorKind = hasZstd ? 'limit' : 'malformed'

/** More than any honest reply needs, and far less than what the bombs unpack to. */
const MEMORY_MEGABYTES = 60
/** Three sources may be asked at a time, and both ends of the wire are in this process. */
const LONGEST_BODIES_MEGABYTES = 2 * 3 * 16 + MEMORY_MEGABYTES

const CASES: readonly (readonly [string, RegExp, DirectoryFault, ErrorKind])[] = [
  ['have no consensus', CONSENSUS, 'not-found', 'directory-refused'],
  ['are busy', CONSENSUS, 'busy', 'directory-refused'],
  ['say nothing', CONSENSUS, 'say-nothing', 'timeout'],
  ['never end the consensus', CONSENSUS, 'endless', 'timeout'],
  ['cut the consensus short', CONSENSUS, 'cut-short', 'malformed'],
  ['send a page instead of a consensus', CONSENSUS, 'garbage', 'malformed'],
  ['send a page that leads elsewhere', CONSENSUS, 'redirect', 'directory-refused'],
  ['send a byte of the consensus now and then (slow loris)', CONSENSUS, 'drip', 'timeout'],
  ['never end the head of a reply', CONSENSUS, 'head-without-end', 'limit'],
  ['never end the body of a reply', CONSENSUS, 'body-without-end', 'limit'],
  ['say that a terabyte is to come', CONSENSUS, 'claims-terabytes', 'limit'],
  ['send a bomb (TROVE-2026-022)', CONSENSUS, 'bomb', 'limit'],
  ['send a bomb that is packed as gzip', CONSENSUS, 'gzip-bomb', 'limit'],
  ['send a bomb in many parts (TROVE-2026-022)', CONSENSUS, 'bomb-in-parts', 'limit'],
  ['send a packed consensus without its end (TROVE-2026-021)', CONSENSUS, 'packed-without-end', 'malformed'],
  ['send a bomb that is packed as zstd', CONSENSUS, 'zstd-bomb', WHERE_ZSTD_IS_READ],
  ['send zstd that asks for a window of gigabytes', CONSENSUS, 'zstd-window', 'malformed'],
  ['send zstd without its end (TROVE-2026-021)', CONSENSUS, 'zstd-without-end', 'malformed'],
  ['pack as nobody asked them to', CONSENSUS, 'other-packing', 'malformed'],
  [
    'send a diff that nobody asked for, and that is a bomb (TROVE-2026-042)',
    CONSENSUS,
    'diff-bomb',
    'malformed',
  ],
  ['send a diff to a consensus of others', CONSENSUS, 'diff-to-another', 'malformed'],
  ['replay a consensus of some days ago', CONSENSUS, 'old-consensus', 'bad-directory'],
  ['show a consensus that one of three authorities has signed', CONSENSUS, 'few-signatures', 'bad-directory'],
  ['show a consensus of a time to come', CONSENSUS, 'future-consensus', 'bad-directory'],
  [
    'show one with three signatures of the same authority',
    CONSENSUS,
    'one-signature-many-times',
    'bad-directory',
  ],
  ['sign with digests that nobody knows (TROVE-2026-019)', CONSENSUS, 'unknown-digests', 'bad-directory'],
  ['change a weight after the consensus was signed', CONSENSUS, 'changed-consensus', 'bad-directory'],
  ['show a consensus that others have signed', CONSENSUS, 'forged-consensus', 'bad-directory'],
  ['have no certificates', CERTIFICATES, 'not-found', 'bad-directory'],
  ['send a page instead of certificates', CERTIFICATES, 'garbage', 'bad-directory'],
  ['send certificates of other authorities', CERTIFICATES, 'certificates-of-others', 'bad-directory'],
  ['send certificates whose time is over', CERTIFICATES, 'expired-certificates', 'bad-directory'],
  ['send a bomb for certificates', CERTIFICATES, 'bomb', 'bad-directory'],
  ['have no microdescriptors', MICRODESCRIPTORS, 'not-found', 'directory-refused'],
  ['send a bomb for microdescriptors', MICRODESCRIPTORS, 'bomb', 'limit'],
  ['send microdescriptors longer than any', MICRODESCRIPTORS, 'overlong-microdescriptors', 'bad-directory'],
  ['send a page instead of microdescriptors', MICRODESCRIPTORS, 'garbage', 'bad-directory'],
  ['never end the microdescriptors', MICRODESCRIPTORS, 'endless', 'timeout'],
]

describe('caches that', () => {
  it.each(CASES)('%s', async (_what, path, fault, kind) => {
    const committed = faulty.commit({ does: { at: 'directory', path, do: fault } })
    const client = await faulty.startClient([])
    const before = process.memoryUsage().rss
    const bootstrap = client.bootstrap()
    const { bootstrap: stuck } = await waitForStatus(
      client,
      (status) => status.bootstrap.blockage !== undefined && committed.times > 0,
    )
    const grown = (process.memoryUsage().rss - before) / 1e6
    const most = fault === 'body-without-end' ? LONGEST_BODIES_MEGABYTES : MEMORY_MEGABYTES
    expect([stuck.blockage?.kind, stuck.isConnected, grown < most]).toEqual([kind, false, true])
    faulty.network.faults.clear()
    await bootstrap
    expect(await fetchBody(client)).toBe(BODY_SHA256)
  })

  it('put a poisoned microdescriptor beside each good one take none of them away (TROVE-2026-034)', async () => {
    const committed = faulty.commit({
      does: { at: 'directory', path: MICRODESCRIPTORS, do: 'poisoned-microdescriptor' },
    })
    const client = await faulty.startClient([])
    await client.bootstrap()
    expect([await fetchBody(client), committed.times > 0]).toEqual([BODY_SHA256, true])
  })
})

describe('caches that a client refreshes its consensus from', () => {
  let hasty: WholeNetwork

  beforeAll(async () => {
    hasty = await startWholeNetwork({ ...SMALL_NETWORK, consensusIntervalMs: 600_000 })
  })
  afterEach(() => hasty.reset())
  afterAll(() => hasty.stop())

  const REFRESHES: readonly (readonly [string, DirectoryFault])[] = [
    ['answer with a diff that is a bomb (TROVE-2026-042)', 'diff-bomb'],
    ['answer with a diff to a consensus that it does not hold', 'diff-to-another'],
    ['answer with a diff whose result is not what it promises', 'diff-to-nothing-good'],
    ['show it what they show to nobody else (split view)', 'split-view'],
    ['replay a consensus of some days ago', 'old-consensus'],
    ['show a consensus that one of three authorities has signed', 'few-signatures'],
    ['send a bomb', 'bomb'],
  ]

  it.each(REFRESHES)('%s leave it the one that it has, until there is a better one', async (_what, fault) => {
    const { directory, faults } = hasty.network
    const client = await hasty.startClient(['ConnectionPadding 0', 'ExitNodes exit2'])
    await client.bootstrap()
    const committed = hasty.commit({ does: { at: 'directory', path: CONSENSUS, do: fault } })
    const before = process.memoryUsage().rss
    // At the second request the client says what it has made of the answer to the first.
    await expect.poll(() => committed.times > 1, WAIT).toBe(true)
    expect((process.memoryUsage().rss - before) / 1e6).toBeLessThan(MEMORY_MEGABYTES)
    // Only `exit2` serves, which a split view leaves out.
    expect(await fetchBody(client)).toBe(BODY_SHA256)
    expect([...directory.held].filter((sha3) => !directory.signed.has(sha3))).toEqual([])
    faults.clear()
    const { consensuses, diffs } = directory.served
    await expect
      .poll(() => directory.served.consensuses + directory.served.diffs, WAIT)
      .toBeGreaterThan(consensuses + diffs)
  })
})

describe('the packing of directory replies', () => {
  it('is zstd exactly where this Node reads and writes it, and nothing else is asked for in its place', async () => {
    const { directory } = faulty.network
    directory.packings.clear()
    directory.accepted.clear()
    const client = await faulty.startClient([])
    await client.bootstrap()
    expect(hasZstd).toBe(canPack('x-zstd'))
    expect(directory.packings.has('x-zstd')).toBe(hasZstd)
    expect([...directory.accepted]).toEqual([hasZstd ? 'x-zstd, deflate, identity' : 'deflate, identity'])
  })

  it('is deflate at a cache without zstd, whatever this Node has', async () => {
    const { directory } = faulty.network
    directory.packings.clear()
    directory.hasZstd = false
    const client = await faulty.startClient([])
    await client.bootstrap().finally(() => (directory.hasZstd = true))
    expect([...directory.packings]).toEqual(['deflate'])
  })
})
