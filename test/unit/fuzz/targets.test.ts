/**
 * Every target of the fuzzer for a moment: what was found before, by its name, and some mutations that are the same in
 * every run. `npm run fuzz` goes on from there, guided by what the code does.
 */
import { describe, expect, it } from 'vitest'
import { ALL_TARGETS } from '../../fuzz/all-targets.ts'
import { readCorpus } from '../../fuzz/engine/corpus.ts'
import { FuzzSession } from '../../fuzz/engine/session.ts'

const SEED = 20_261_126
const RUNS = 800
/** All inputs together; the repository keeps no more. */
const MOST_CORPUS_BYTES = 300_000

describe.each(ALL_TARGETS)('fuzzing $name', (target) => {
  const findings = (session: FuzzSession): string[] => [...session.findings.values()].map(({ what }) => what)
  const corpus = readCorpus(target.name)

  it('finds nothing in what has been of interest before', async () => {
    const session = new FuzzSession(target, SEED)
    for (const { file, bytes } of corpus) {
      const outcome = await session.runOne(bytes)
      expect({ file, outcome: outcome.kind === 'finding' ? outcome.what : 'fine' }).toEqual({
        file,
        outcome: 'fine',
      })
    }
  })

  it('finds nothing in mutations of it, and some of what it begins with is taken', async () => {
    const session = new FuzzSession(target, SEED)
    await session.begin(corpus.map(({ bytes }) => bytes))
    expect(session.accepted).toBeGreaterThan(0)
    let left = target.unitRuns ?? RUNS
    await session.fuzz(() => left-- <= 0)
    expect(findings(session)).toEqual([])
  })
})

describe('the corpus', () => {
  it('is small, and has no folder that no target reads', () => {
    const sizes = ALL_TARGETS.map(({ name }) =>
      readCorpus(name).reduce((sum, { bytes }) => sum + bytes.length, 0),
    )
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_CORPUS_BYTES)
    expect(new Set(ALL_TARGETS.map(({ name }) => name)).size).toBe(ALL_TARGETS.length)
  })
})
