/**
 * Directory caches that do wrong, all of them at once: the client says why it does not go on, takes nothing of what they
 * say, keeps its memory, and goes on by itself when they behave.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ErrorKind } from '../../../core/index.ts'
import { prepareDirectoryFaults } from '../../network/faults/directory-faults.ts'
import type { DirectoryFault } from '../../network/faults/fault.ts'
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

const CONSENSUS = /consensus-microdesc/
const CERTIFICATES = /\/tor\/keys\//
const MICRODESCRIPTORS = /\/tor\/micro\//

/** More than any honest reply needs, and far less than what the bombs unpack to. */
const MEMORY_MEGABYTES = 60

const CASES: readonly (readonly [string, RegExp, DirectoryFault, ErrorKind])[] = [
  ['have no consensus', CONSENSUS, 'not-found', 'directory-refused'],
  ['are busy', CONSENSUS, 'busy', 'directory-refused'],
  ['say nothing', CONSENSUS, 'say-nothing', 'timeout'],
  ['never end the consensus', CONSENSUS, 'endless', 'timeout'],
  ['cut the consensus short', CONSENSUS, 'cut-short', 'malformed'],
  ['send a page instead of a consensus', CONSENSUS, 'garbage', 'malformed'],
  ['send a bomb (TROVE-2026-022)', CONSENSUS, 'bomb', 'limit'],
  [
    'send a diff that nobody asked for, and that is a bomb (TROVE-2026-042)',
    CONSENSUS,
    'diff-bomb',
    'malformed',
  ],
  ['replay a consensus of some days ago', CONSENSUS, 'old-consensus', 'bad-directory'],
  ['show a consensus that one of three authorities has signed', CONSENSUS, 'few-signatures', 'bad-directory'],
  ['show a consensus that others have signed', CONSENSUS, 'forged-consensus', 'bad-directory'],
  ['have no certificates', CERTIFICATES, 'not-found', 'bad-directory'],
  ['send a page instead of certificates', CERTIFICATES, 'garbage', 'bad-directory'],
  ['have no microdescriptors', MICRODESCRIPTORS, 'not-found', 'directory-refused'],
  ['send a bomb for microdescriptors', MICRODESCRIPTORS, 'bomb', 'limit'],
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
    expect([stuck.blockage?.kind, stuck.isConnected, grown < MEMORY_MEGABYTES]).toEqual([kind, false, true])
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
