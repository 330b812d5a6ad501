/** Holds docs/hostile-input.md to the truth: what it names exists, and what the tests name is in it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DOCUMENT = 'docs/hostile-input.md'

/** What a row without a test may wait for: parts that this client does not have. */
const MISSING_PARTS = ['CGO', 'PoW', 'onion services', 'padding machines', 'path bias counting', 'transports']

/** Of 2025 and 2026, by number: what concerns clients, services and, to be told from both, relays and authorities. */
const ADVISORIES: Readonly<Record<string, readonly number[]>> = {
  'TROVE-2025-': [16],
  'TROVE-2026-': [
    3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 25, 26, 30, 32, 33, 34, 35, 36, 38,
    40, 41, 42, 43, 50, 51, 52, 53, 56, 57, 58, 62, 64, 67,
  ],
}
const TICKETS = ['#41295', '#41297', '#41353', '#41412', '#41437']

/** Every word in it must be a test's, or nobody knows what the client does about it. */
const FAULT_WORDS = 'test/network/faults'
const FAULT_WORD = /^ {2}\| '([a-z0-9-]+)'$/gm
const PACKING_WORD = /^ {2}'?([a-z-]+)'?: once\(/gm

const ADVISORY = /TROVE-20[0-9]{2}-[0-9]{3}/g
const NAMED_TEST = /`(test\/[^`]+)`: "([^"]+)"/g

const text = readFileSync(join(ROOT, DOCUMENT), 'utf8')

/** The cells of each row that is neither a heading nor the line below it. */
const rows = text
  .split('\n')
  .filter((line) => line.startsWith('| ') && !line.startsWith('| Danger ') && !line.startsWith('| ---'))
  .map((line) => line.slice(2, -2).split(' | '))

function titlesIn(file: string): string {
  return existsSync(join(ROOT, file)) ? readFileSync(join(ROOT, file), 'utf8') : ''
}

describe('the list of hostile input', () => {
  it('is found, in three columns', () => {
    expect(rows.length).toBeGreaterThan(70)
    for (const cells of rows) expect(cells, cells.join(' | ')).toHaveLength(3)
  })

  it('has for each danger a test that exists, or the part that it waits for', () => {
    for (const [danger = '', , shown = ''] of rows) {
      if (shown.startsWith('concerns relays and authorities')) continue
      if (shown.startsWith('waits for ')) {
        expect(MISSING_PARTS, danger).toContain(shown.slice('waits for '.length))
        continue
      }
      const named = [...shown.matchAll(NAMED_TEST)]
      expect(named.length, danger).toBeGreaterThan(0)
      expect(shown.replace(NAMED_TEST, '').replaceAll('; ', ''), danger).toBe('')
      for (const [, file = '', title = ''] of named) {
        expect(titlesIn(file).includes(title), `${danger}: ${file}: "${title}"`).toBe(true)
      }
    }
  })

  it('says each danger once', () => {
    const dangers = rows.map(([danger]) => danger)
    expect(new Set(dangers).size).toBe(dangers.length)
  })

  it('has every advisory that a test is named after', () => {
    const files = readdirSync(join(ROOT, 'test/unit'), { recursive: true, encoding: 'utf8' })
    const mentioned = files
      .filter((file) => file.endsWith('.test.ts') && file !== 'hostile-input.test.ts')
      .flatMap((file) => titlesIn(join('test/unit', file)).match(ADVISORY) ?? [])
    expect(new Set(mentioned).size).toBeGreaterThan(20)
    for (const advisory of mentioned) expect(text).toContain(advisory)
  })

  it('has every advisory of these years that is known', () => {
    for (const [prefix, numbers] of Object.entries(ADVISORIES)) {
      for (const number of numbers) expect(text).toContain(`\`${prefix}${String(number).padStart(3, '0')}\``)
    }
    for (const ticket of TICKETS) expect(text).toContain(`\`${ticket}\``)
  })

  it('has a test for every fault that relays of the network in one process can commit', () => {
    const wordsIn = (file: string, pattern: RegExp): string[] =>
      [...titlesIn(join(FAULT_WORDS, file)).matchAll(pattern)].map(([, word = '']) => word)
    const words = [
      ...wordsIn('fault.ts', FAULT_WORD),
      ...wordsIn('descriptor-faults.ts', FAULT_WORD),
      ...wordsIn('packing-faults.ts', PACKING_WORD),
      ...titlesIn(join(FAULT_WORDS, 'fault.ts'))
        .split('\n')
        .filter((line) => line.includes('readonly do: '))
        .flatMap((line) => [...line.matchAll(/'([a-z-]+)'/g)].map(([, word = '']) => word)),
    ]
    expect(words.length).toBeGreaterThan(70)
    const tests = readdirSync(join(ROOT, 'test/unit/faults'))
      .map((file) => titlesIn(join('test/unit/faults', file)))
      .join('')
    expect(words.filter((word) => !tests.includes(`'${word}'`))).toEqual([])
  })

  it('names nothing outside the repository', () => {
    expect(text).not.toMatch(/\.\.\/|(?:^|[\s(`])\/[a-z]/m)
  })
})
