/** A bridge that one network blocks works in another: how it fared is kept and shown for each of them. */
import { describe, expect, it } from 'vitest'
import { builtInLines } from '../../../../electron/bridges/built-in.ts'
import { viewBridges, withHealth } from '../../../../electron/bridges/bridges-view.ts'
import {
  EMPTY_LIBRARY,
  type LibraryDocument,
  readLibrary,
  writeLibrary,
} from '../../../../electron/bridges/library-document.ts'
import type { HostBridgeStatus } from '../../../../electron/host/protocol.ts'

const LINE = `192.0.2.1:443 ${'A'.repeat(40)}`
const LIBRARY: LibraryDocument = { ...EMPTY_LIBRARY, added: [LINE] }
const MEANS = { transports: [], builtIn: builtInLines }
const [HOME, SCHOOL] = ['a'.repeat(32), 'b'.repeat(32)]

const works = (lastWorkedMs: number): HostBridgeStatus[] => [
  { line: LINE, health: 'works', failingSinceMs: undefined, lastWorkedMs },
]
const fails = (failingSinceMs: number): HostBridgeStatus[] => [
  { line: LINE, health: 'failing', failingSinceMs, lastWorkedMs: undefined },
]

describe('the health of a bridge', () => {
  it('is kept for each network, and survives the file', () => {
    const atHome = withHealth(LIBRARY, works(1_000), builtInLines, HOME)
    const both = withHealth(atHome, fails(2_000), builtInLines, SCHOOL)
    expect(both.health).toEqual([
      { line: LINE, network: HOME, lastWorkedMs: 1_000 },
      { line: LINE, network: SCHOOL, failingSinceMs: 2_000 },
    ])
    expect(readLibrary(writeLibrary(both))).toEqual(both)
    expect(withHealth(both, fails(2_000), builtInLines, SCHOOL)).toBe(both)
  })

  it('is shown as it was on this network, and as unknown on one where it was not used', () => {
    const atHome = withHealth(LIBRARY, works(1_000), builtInLines, HOME)
    expect(viewBridges(atHome, [], MEANS, HOME).bridges[0]).toMatchObject({ lastWorkedMs: 1_000 })
    expect(viewBridges(atHome, [], MEANS, SCHOOL).bridges[0]).toMatchObject({ lastWorkedMs: undefined })
  })

  it('has a failure that goes on from where it began on this network, not on another', () => {
    const failed = withHealth(
      withHealth(LIBRARY, fails(1_000), builtInLines, HOME),
      fails(5_000),
      builtInLines,
      SCHOOL,
    )
    expect(viewBridges(failed, fails(9_000), MEANS, HOME).bridges[0]).toMatchObject({ failingSinceMs: 1_000 })
    expect(viewBridges(failed, fails(9_000), MEANS, SCHOOL).bridges[0]).toMatchObject({
      failingSinceMs: 5_000,
    })
  })

  it('goes with the bridge, on all networks', () => {
    const both = withHealth(
      withHealth(LIBRARY, works(1_000), builtInLines, HOME),
      works(2_000),
      builtInLines,
      SCHOOL,
    )
    expect(withHealth({ ...both, added: [] }, [], builtInLines, HOME).health).toEqual([])
  })

  it('is kept for no more networks than anybody has', () => {
    let library = LIBRARY
    for (let n = 0; n < 600; n++)
      library = withHealth(library, works(n), builtInLines, n.toString(16).padStart(32, '0'))
    expect(library.health).toHaveLength(500)
    expect(library.health.at(-1)).toMatchObject({ lastWorkedMs: 599 })
  })
})
