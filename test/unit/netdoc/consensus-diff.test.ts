import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  applyConsensusDiffInSlices,
  isConsensusDiff,
  signedSha3,
} from '../../../core/netdoc/consensus-diff.ts'
import { applyEdScript, parseEdScript } from '../../../core/netdoc/ed-script.ts'
import { finishSlices } from '../../../core/netdoc/slices.ts'
import { isTorError } from '../../../core/util/errors.ts'
import vectors from '../../vectors/consensus_diff.json' with { type: 'json' }
import live from '../../vectors/live_directory_tor_0_4_9_11.json' with { type: 'json' }

const LIMITS = { maxScriptLines: 1_000, maxResultBytes: 100_000 }
const sha3 = (bytes: Buffer): string => createHash('sha3-256').update(bytes).digest('hex')

function ed(base: string, script: string): string {
  const bytes = Buffer.from(script)
  const parsed = finishSlices(parseEdScript(bytes, 0, LIMITS))
  return finishSlices(applyEdScript(Buffer.from(base), bytes, parsed, LIMITS)).toString()
}

function apply(base: Buffer, diff: Buffer): Buffer {
  return finishSlices(applyConsensusDiffInSlices(base, signedSha3(base), diff))
}

function kindOf(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    return isTorError(error) ? error.kind : String(error)
  }
  return 'no error'
}

const numbered = (count: number): string =>
  Array.from({ length: count }, (_, n) => `line ${n + 1}\n`).join('')

describe('the ed commands of a diff', () => {
  it('delete, change, append and insert, counted in lines of the base', () => {
    expect(ed(numbered(5), '4,$d\n2d\n')).toBe('line 1\nline 3\n')
    expect(ed(numbered(3), '2,3c\nnew\n.\n0a\nfirst\n.\n')).toBe('first\nline 1\nnew\n')
    expect(ed(numbered(2), '2a\nlast\n.\n')).toBe('line 1\nline 2\nlast\n')
    expect(ed(numbered(2), '')).toBe(numbered(2))
  })

  it.each(vectors.command_error)('refuse %j', (text) => {
    const script = text.replaceAll('\\n', '\n')
    expect(kindOf(() => ed(numbered(20), script.endsWith('\n') ? script : `${script}\n`))).toBe('malformed')
  })

  it.each(Object.keys(vectors.command_ok))('take %j', (text) => {
    expect(() => ed(numbered(1_200), text.replaceAll('\\n', '\n'))).not.toThrow()
  })

  it.each([
    ['commands that ascend', '2d\n4d\n'],
    ['two commands on one line of the base', '4d\n4d\n'],
    ['an append and a change at one line', '4a\nx\n.\n4d\n'],
    ['ranges that overlap', '4,6d\n2,4d\n'],
    ['a "$" that is not first', '2d\n1,$d\n'],
    ['a line that the base does not have', '21d\n'],
    ['an append behind the end', '21a\nx\n.\n'],
    ['a range beyond the end', '19,21d\n'],
    ['a "$" behind the end', '21,$d\n'],
    ['a change of line 0', '0c\nx\n.\n'],
    ['an empty text', '3a\n.\n'],
    ['a text without end', '3a\nx\n'],
    ['a command without line end', '3d'],
    ['an append to a range', '3,4a\nx\n.\n'],
  ])('refuse %s', (_, script) => {
    expect(kindOf(() => ed(numbered(20), script))).toBe('malformed')
  })

  it('take a script of few lines and refuse one at the limit (TROVE-2026-042)', () => {
    const script = (lines: number): string => `0a\n${'x\n'.repeat(lines)}.\n`
    expect(() => ed('', script(LIMITS.maxScriptLines - 2))).not.toThrow()
    expect(kindOf(() => ed('', script(LIMITS.maxScriptLines - 1)))).toBe('limit')
    const deletions = Array.from({ length: 1_000 }, (_, n) => `${1_000 - n}d\n`).join('')
    expect(kindOf(() => ed(numbered(1_000), deletions))).toBe('limit')
  })

  it('refuse a result at the limit of bytes before it is put together (TROVE-2026-042)', () => {
    const base = 'x'.repeat(LIMITS.maxResultBytes - 10) + '\n'
    expect(kindOf(() => ed(base, '1a\n123456789\n.\n'))).toBe('limit')
  })

  it('make any document out of any other, and never more than both together', () => {
    const line = fc.constantFrom('a', 'b', 'c', 'd')
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(line, { maxLength: 20 }), (from, to) => {
        // A poor man's diff: the common start and end stay.
        let head = 0
        while (head < Math.min(from.length, to.length) && from[head] === to[head]) head++
        let tail = 0
        while (tail < Math.min(from.length, to.length) - head && from.at(-1 - tail) === to.at(-1 - tail))
          tail++
        const added = to.slice(head, to.length - tail)
        const lastGone = from.length - tail
        const text = added.map((word) => `${word}\n`).join('')
        const script =
          lastGone > head
            ? added.length > 0
              ? `${head + 1},${lastGone}c\n${text}.\n`
              : `${head + 1},${lastGone}d\n`
            : added.length > 0
              ? `${head}a\n${text}.\n`
              : ''
        expect(ed(from.map((word) => `${word}\n`).join(''), script)).toBe(
          to.map((word) => `${word}\n`).join(''),
        )
      }),
    )
  })
})

describe('a consensus diff', () => {
  const base = Buffer.from(live.consensus_microdesc_1)
  const target = Buffer.from(live.consensus_microdesc_2)
  const diff = Buffer.from(live.diff_1_to_2)

  it('of C tor 0.4.9.11 makes the next consensus, to the byte', () => {
    expect(isConsensusDiff(diff)).toBe(true)
    expect(isConsensusDiff(target)).toBe(false)
    expect(apply(base, diff).equals(target)).toBe(true)
  })

  it.each(vectors.apply)('of the vectors makes the result (%#)', (vector) => {
    expect(apply(Buffer.from(vector.base), Buffer.from(vector.diff)).toString()).toBe(vector.result)
  })

  it('names its base by the digest as signed, whatever the signatures are', () => {
    const otherSignatures = Buffer.from(`${base.toString().trimEnd()}x\n`)
    expect(signedSha3(otherSignatures).equals(signedSha3(base))).toBe(true)
  })

  it('for a consensus that we do not hold is refused', () => {
    expect(kindOf(() => apply(target, diff))).toBe('bad-directory')
  })

  it('whose result is not what it promises is refused', () => {
    const text = diff.toString()
    expect(kindOf(() => apply(base, Buffer.from(text.replace('valid-after 2026', 'valid-after 2027'))))).toBe(
      'bad-directory',
    )
  })

  it('that promises a digest over the signed part only is refused', () => {
    const to = /^hash \S+ (\S+)$/m.exec(diff.toString())?.[1] ?? '?'
    const wrong = diff.toString().replace(to, signedSha3(target).toString('hex').toUpperCase())
    expect(kindOf(() => apply(base, Buffer.from(wrong)))).toBe('bad-directory')
    expect(to.toLowerCase()).toBe(sha3(target))
  })

  it.each([
    ['another version', (text: string) => text.replace('version 1', 'version 2')],
    ['no hash line', (text: string) => text.replace(/^hash .*\n/m, '')],
    ['a short digest', (text: string) => text.replace(/^hash ../m, 'hash ')],
    ['a third digest', (text: string) => text.replace(/^(hash .*)$/m, '$1 00')],
    ['a script cut short', (text: string) => text.slice(0, -3)],
  ])('with %s is refused', (_, change) => {
    expect(kindOf(() => apply(base, Buffer.from(change(diff.toString()))))).toBe('malformed')
  })

  it('of megabytes is refused unread (TROVE-2026-042)', () => {
    const bomb = Buffer.concat([diff, Buffer.alloc(4 * 1024 * 1024, 'x\n')])
    expect(kindOf(() => apply(base, bomb))).toBe('limit')
  })
})
