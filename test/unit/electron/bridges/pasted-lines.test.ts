/** What people paste and QR codes hold, taken apart into bridge lines. */
import { describe, expect, it } from 'vitest'
import { pastedLines } from '../../../../electron/bridges/pasted-lines.ts'

const texts = (pasted: string): string[] => pastedLines(pasted).map(({ text }) => text)

describe('a pasted text', () => {
  it.each<[string, string, string[]]>([
    ['one line', 'obfs4 192.0.2.1:1 cert=a', ['obfs4 192.0.2.1:1 cert=a']],
    ['blanks around it', '  \t192.0.2.1:1  \n', ['192.0.2.1:1']],
    ['several lines, of any system', 'a 1\r\nb 2\rc 3\n\nd 4', ['a 1', 'b 2', 'c 3', 'd 4']],
    ['comments', '# my bridges\n192.0.2.1:1\n  # more\n', ['192.0.2.1:1']],
    [
      'lines of a torrc',
      'Bridge 192.0.2.1:1\nbridge\tobfs4 192.0.2.2:2',
      ['192.0.2.1:1', 'obfs4 192.0.2.2:2'],
    ],
    [
      'an IPv6 address, which begins with a bracket',
      '[2001:db8::1]:443\n[2001:db8::2]',
      ['[2001:db8::1]:443', '[2001:db8::2]'],
    ],
    [
      'a list in JSON',
      '["obfs4 192.0.2.1:1 cert=a", "192.0.2.2:2"]',
      ['obfs4 192.0.2.1:1 cert=a', '192.0.2.2:2'],
    ],
    [
      'a list as Python writes it',
      "['obfs4 192.0.2.1:1 cert=a', 'bridge 192.0.2.2:2']",
      ['obfs4 192.0.2.1:1 cert=a', '192.0.2.2:2'],
    ],
    ['a list over several lines', '[\n  "192.0.2.1:1",\n  "192.0.2.2:2"\n]', ['192.0.2.1:1', '192.0.2.2:2']],
    ['two lists, from two codes', "['192.0.2.1:1']\n['192.0.2.2:2']", ['192.0.2.1:1', '192.0.2.2:2']],
    ['marks within marks', String.raw`['a \'b\' c', "d \"e\""]`, ["a 'b' c", 'd "e"']],
    ['an empty list', '[]', ['[]']],
    ['a list without an end', "['192.0.2.1:1'", ["['192.0.2.1:1'"]],
    [
      'what mail programs hide in it',
      '\ufeff192.0.2.1:1\u200b\nobfs4\u00a0192.0.2.2:2',
      ['192.0.2.1:1', 'obfs4 192.0.2.2:2'],
    ],
    ['nothing', ' \n\n# nothing\n', []],
  ])('with %s', (_, pasted, lines) => {
    expect(texts(pasted)).toEqual(lines)
  })

  it('gives each line the number that it has for who pasted it', () => {
    expect(pastedLines('\n# x\n192.0.2.1:1\n["a", "b"]\nlast').map(({ lineNumber }) => lineNumber)).toEqual([
      3, 4, 4, 5,
    ])
  })

  it('of the greatest length, made to be slow, is read at once', () => {
    const started = performance.now()
    for (const evil of [
      "['".repeat(50_000),
      `['${'\\'.repeat(99_990)}`,
      '[\n'.repeat(50_000),
      `["${' '.repeat(99_000)}`,
    ]) {
      pastedLines(evil)
    }
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
