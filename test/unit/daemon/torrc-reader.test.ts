import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseTorrc } from '../../../core/daemon/torrc-reader.ts'
import { TorError, isTorError } from '../../../core/util/errors.ts'

const noInclude = (): string => {
  throw new TorError('bad-config', 'no such file')
}
const read = (text: string, include: (path: string) => string = noInclude) =>
  parseTorrc(text, 'torrc', (path) => [{ path, text: include(path) }])
const pairs = (text: string) => read(text).map(({ name, value }) => [name, value])

describe('a torrc is read as C tor reads it', () => {
  test.each<[string, string, string[][]]>([
    ['a setting', 'SocksPort 9050\n', [['SocksPort', '9050']]],
    ['the last line without an end', 'SocksPort 9050', [['SocksPort', '9050']]],
    ['spaces and tabs around', ' \tSocksPort \t 9050 \t\n', [['SocksPort', '9050']]],
    [
      'Windows line ends',
      'A 1\r\nB 2\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['comments and empty lines', '# x\n\n  # y\nA 1 # z\n', [['A', '1']]],
    ['a comment right behind a value', 'A 1#z\n', [['A', '1']]],
    [
      'a setting without a value',
      'A\nB\n',
      [
        ['A', ''],
        ['B', ''],
      ],
    ],
    ['a quoted value', 'A "b # c"  # d\n', [['A', 'b # c']]],
    ['C escapes', String.raw`A "\t\n\r\"\'\\\101\x42"`, [['A', '\t\n\r"\'\\AB']]],
    ['a quote inside a value', 'A b "c"\n', [['A', 'b "c"']]],
    [
      'a continued line',
      'A b \\\n  c\nD e\n',
      [
        ['A', 'b   c'],
        ['D', 'e'],
      ],
    ],
    [
      'comments inside a continued line',
      'A b \\\n# c\nd\nE f\n',
      [
        ['A', 'b d'],
        ['E', 'f'],
      ],
    ],
    ['a backslash that continues nothing', 'A b\\c\n', [['A', 'b\\c']]],
  ])('%s', (_what, text, expected) => {
    expect(pairs(text)).toEqual(expected)
  })

  test('marks say whether a line sets, adds or clears', () => {
    expect(read('A 1\n+A 2\n/A\n').map(({ mark, name }) => [mark, name])).toEqual([
      ['set', 'A'],
      ['append', 'A'],
      ['clear', 'A'],
    ])
  })

  test('each setting knows its file and line, also behind continued lines and quotes', () => {
    expect(read('#\nA b \\\n c\nD "e"\n\nF\n').map(({ origin }) => origin)).toEqual([
      'torrc:2',
      'torrc:4',
      'torrc:6',
    ])
  })

  test('an included file stands where it is named', () => {
    const lines = read('A 1\n%include /x\nB 2\n', (path) => (path === '/x' ? 'C 3\n' : ''))
    expect(lines.map(({ name, origin }) => [name, origin])).toEqual([
      ['A', 'torrc:1'],
      ['C', '/x:1'],
      ['B', 'torrc:3'],
    ])
  })
})

describe('a torrc that is not understood is one error with its place', () => {
  test.each([
    ['an open quote', 'A 1\nB "c\n', 'torrc:2: expected a closing quote'],
    ['something behind a quote', 'A "b" c\n', 'torrc:1: expected nothing behind the closing quote, got "c"'],
    ['an unknown escape', 'A "\\q"\n', 'torrc:1: expected a character behind the backslash'],
    ['an escape for zero', 'A "\\0"\n', 'torrc:1: expected a character behind the backslash'],
    ['an unknown directive', '%exclude x\n', 'torrc:1: unknown directive "%exclude"'],
    ['an include that is not there', '%include /x\n', 'torrc:1: %include: no such file'],
    ['a backslash without an option', '\\\n', 'torrc:1: expected an option, got "\\\\"'],
  ])('%s', (_what, text, message) => {
    expect(() => read(text)).toThrow(new TorError('bad-config', message))
  })

  test('a file that includes itself ends', () => {
    expect(() => read('%include /x\n', () => '%include /x\n')).toThrow(
      '/x:1: %include: expected at most 31 levels of files',
    )
  })
})

test('arbitrary text is read or is the typed error', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.constantFrom('A', ' ', '\n', '"', '\\', '#', '%include', '+', '\t', '\0', 'é', 'x41', '7'),
        {
          maxLength: 60,
        },
      ),
      (parts) => {
        try {
          for (const { name } of read(parts.join(''))) expect(name).not.toMatch(/\s/)
        } catch (error) {
          expect(isTorError(error, 'bad-config')).toBe(true)
        }
      },
    ),
  )
})
