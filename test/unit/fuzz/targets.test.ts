/**
 * Every target of the fuzzer for a moment: what was found before, by its name, and some mutations that are the same in
 * every run. `npm run fuzz` goes on from there, guided by what the code does.
 */
import { describe, expect, it } from 'vitest'
import { ALL_TARGETS } from '../../fuzz/all-targets.ts'
import { corpusNames, formatEntries, parseEntries, readCorpus } from '../../fuzz/engine/corpus.ts'
import { FuzzSession } from '../../fuzz/engine/session.ts'

const SEED = 20_261_126
const RUNS = 800
/** All inputs together; the repository keeps no more. */
const MOST_CORPUS_BYTES = 150_000

describe.each(ALL_TARGETS)('fuzzing $name', (target) => {
  const findings = (session: FuzzSession): string[] => [...session.findings.values()].map(({ what }) => what)
  const corpus = readCorpus(target.name)

  it('finds nothing in what has been of interest before', async () => {
    const session = new FuzzSession(target, SEED)
    for (const { name = 'an input', bytes } of corpus) {
      const outcome = await session.runOne(bytes)
      expect(outcome.kind === 'finding' ? `${name}: ${outcome.what}` : 'fine').toBe('fine')
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
  it('is small, and has nothing that no target reads', () => {
    const names = ALL_TARGETS.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
    expect(corpusNames().filter((name) => !names.includes(name))).toEqual([])
    const sizes = names.map((name) => formatEntries(readCorpus(name)).length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(MOST_CORPUS_BYTES)
  })

  it('is written as it was read', () => {
    const entries = [
      { name: 'a-finding', bytes: Buffer.from([0, 0x7f, 0xff, 0x22, 0x5c, 0x0a]) },
      { name: undefined, bytes: Buffer.from('plain text\r\n') },
    ]
    const text = formatEntries(entries)
    expect(text).toBe('a-finding "\\u0000\\u007f\\u00ff\\"\\\\\\n"\n"plain text\\r\\n"\n')
    expect(parseEntries(text)).toEqual(entries)
  })
})
